"""Pure decisions about calls: values in, values out.

No I/O, no clock, no network and nothing of any wire lives here; the time is always an
argument. Every value that leaves is frozen.
"""
