"""Bytes and messages on one side, domain values on the other; no decisions.

Engines know a protocol and no message; vocabularies know messages and no protocol; an
`Endpoint` joins the two. What is lost at this door: fields the proto does not name, and
whether a sub-message was absent or empty where the two mean the same.
"""
