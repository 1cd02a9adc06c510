"""HTTP of the simulator: bodies, answers, faults that rules ask for."""
