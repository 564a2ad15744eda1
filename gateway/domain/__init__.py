"""Pure decisions about calls: values in, values out.

No I/O, no clock, no network and no word of any wire lives here; the time is always an
argument. What is lost at this door: nothing; every value that leaves is frozen.
"""
