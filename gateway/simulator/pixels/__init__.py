"""Pictures and videos that the simulator draws."""
