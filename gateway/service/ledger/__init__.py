"""How a change becomes durable and known.

Counted against limits, written with its event and its audit record, told to those who wait.
"""
