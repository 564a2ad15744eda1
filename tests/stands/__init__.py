"""What the suites share: a gateway with its phones, wires, clocks, processes, values.

A suite imports from here, from `tests/stack` and from `tests/postgres`, never from another suite.
"""
