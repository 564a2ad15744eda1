"""How checkpoints get to their places."""
