"""Face swap: pictures and videos in which a provider changes the face."""
