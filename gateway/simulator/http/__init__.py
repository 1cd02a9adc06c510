"""HTTP of the simulator: bodies, answers, faults on order."""
