"""Control of the simulator by tests and the demo."""
