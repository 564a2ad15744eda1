"""Bugs that are planted into a copy of the gateway, one at a time: the judge can fail.

`python -m tests.simulation.bugs` plants each, searches the seeds for the first run in which a rule
finds it, and tells which. The gateway of this checkout is never touched.
"""
