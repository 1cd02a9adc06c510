"""Prompts: text, parameters, links, banned words, translation."""
