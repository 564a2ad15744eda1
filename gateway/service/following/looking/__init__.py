"""When followers look at their legs: how they wait, what notices spare them, and whose turn it is.

Nothing here asks the platform or the database, or knows what a look finds.
"""
