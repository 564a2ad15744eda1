"""How the audit log is signed and told to the outside: a command, a file, receivers, witnesses.

What may be signed is decided in `service`; here is only how it gets to its place. What is lost
at this door: why a receiver refused, but for its status.
"""
