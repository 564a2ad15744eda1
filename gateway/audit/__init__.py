"""The audit log: who asked for what, what was decided, the result, and the proof.

Records are redacted, written and chained here, and passed to the store; what a call may do is
decided elsewhere, and no table is known here. Lost here: keys without a value, redacted digits
and numbers, and types that JSON does not have: times, durations and enums become strings.
"""
