"""The tree of all audit records in tables: tiles, the place of each record, and checkpoints.

What a hash is and what may be signed is decided in `audit` and `service`. What is lost at this
door: nothing.
"""
