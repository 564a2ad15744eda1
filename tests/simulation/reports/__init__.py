"""`make simulate`: many runs over many processes, what they add up to, and what a person is shown.

A failed run is made smaller until little is left that still breaks the same promise; what is left
is shown as a timeline. Here is the only real time and the only real environment of the simulation.
"""
