"""A provider of face swaps, with the wire of Replicate."""
