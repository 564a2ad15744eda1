"""What is made unreadable or removed of the audit log, and how no copy of it stays behind.

What is to be forgotten, and when, is decided elsewhere.
"""
