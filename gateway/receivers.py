"""What follows a change of a task outside of it. Imported by GatewayConfig.ready()."""
