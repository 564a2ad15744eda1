"""Bytes and messages on one side, domain values on the other; no decisions.

Engines know a protocol and no messages; vocabularies know messages and no protocol; an
`Endpoint` joins the two. Lost here: unknown fields, and whether a sub-message was absent or
empty if both mean the same.
"""
