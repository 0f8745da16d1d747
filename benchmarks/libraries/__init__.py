"""Readers of ordinary things, barloom's own beside those of libraries."""
