"""Audit: what operators change is told to a log, with the values before and after."""
