"""A LiveKit that is not the real one: its answers, its webhooks, its mistakes."""
