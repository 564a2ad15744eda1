"""The tree of all audit records: how it is hashed, kept, signed and proved (RFC 6962, C2SP).

Pure functions over hashes and texts, as anybody can recompute them. What is stored where, and
who signs when, is decided elsewhere. Lost here: what a record says; a leaf is its bytes' hash.
"""
