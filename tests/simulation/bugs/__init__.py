"""Bugs that are planted into a copy of the gateway, one at a time, to prove that the judge can fail.

`python -m tests.simulation.bugs` plants each, searches the seeds for the first run in which a rule
finds it, and prints a table. The gateway of this checkout is never touched.
"""
