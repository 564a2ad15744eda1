"""What both platforms promise, and what each does on its own."""
