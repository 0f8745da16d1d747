"""Live feeds of venues."""
