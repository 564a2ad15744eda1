"""The audit log: who asked for what, what was decided, what came of it, and the proof.

How a record is redacted, written down and chained lives here, and how it gets to the store;
what a call may do is decided elsewhere, and no table is known here. What is lost at this
door: keys without a value, the digits and numbers that redaction takes, and the types of
values that JSON has no word for: times, spans and names become strings.
"""
