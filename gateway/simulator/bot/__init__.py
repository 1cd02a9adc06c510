"""The Midjourney bot: commands, presses, windows, panels."""
