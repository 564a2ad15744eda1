"""Warm transfers: the stories of their RPCs, and the task that leads one to its end.

Nothing about a transfer lives here alone: whoever finds it in the store goes on with it.
"""
