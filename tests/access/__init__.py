"""Who may call which address: every route, verb and caller."""
