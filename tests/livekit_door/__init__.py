"""The LiveKit door, used through LiveKit's own unmodified Python library."""
