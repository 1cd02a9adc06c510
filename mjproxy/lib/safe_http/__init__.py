"""HTTP calls to addresses that users give."""
