"""Making a platform as the configuration declares it: what differs, and in which order to act.

Pure: the caller lists what the platform has, and does what is decided here.
"""
