"""Pictures: inputs of requests and results of tasks."""
