"""Parts that every process needs: threads, event loop, signs of life, files, pauses."""
