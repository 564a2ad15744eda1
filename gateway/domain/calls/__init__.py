"""What a call is, what is asked of it and seen of it, and the one place where it changes."""
