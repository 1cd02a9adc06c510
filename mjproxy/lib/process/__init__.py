"""What every process needs: threads, event loop, signs of life, files, pauses."""
