"""Certificates that tests issue themselves, and who gives them out."""
