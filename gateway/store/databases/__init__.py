"""The databases themselves: how each is opened, migrated and read."""
