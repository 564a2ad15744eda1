"""Rooms of the platform and who is in them, as tenants see them at the LiveKit door."""
