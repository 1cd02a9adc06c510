"""Pages: drawing, and pictures under permanent links."""
