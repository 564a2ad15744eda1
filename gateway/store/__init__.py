"""The database: what the gateway must still know after a crash.

Tables, their migrations, the one writer that shares commits, and the reads live here;
decisions do not: a row is whatever the domain made of it, and whose row may be seen is the
caller's question. What is lost at this door: time zones (all times come back as UTC),
everything finer than a microsecond, and the order of a mapping's keys in audit records.
"""
