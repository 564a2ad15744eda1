"""A collector of traces, and a LiveKit whose phones are picked up at once."""
