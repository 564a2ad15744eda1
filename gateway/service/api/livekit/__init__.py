"""LiveKit's own methods, where they differ from ours: its grants, its ids, its rooms.

Calls and transfers are those of `service.api`; nothing here dials by itself.
"""
