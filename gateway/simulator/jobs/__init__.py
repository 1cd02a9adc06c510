"""Jobs of the bot: their life, messages, results."""
