"""The agent of a call: what was asked for, and where it is.

No call, no time but what is handed in, and nothing of how a platform dispatches agents.
"""
