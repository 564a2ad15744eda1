"""Personal values of audit records, encrypted beside them, so that destroying a key forgets them.

The leaf of a record is over its sealed text: the tree does not notice what was forgotten. Which
key is whose and where keys are kept is the store's; what wraps them is handed in.
"""
