"""How the tables came to be as they are: one step a file, run by Alembic in order.

A step that was released is never changed; a test proves that all of them together lead to
`store.schema`. What is lost at this door: nothing; a step that loses data says so.
"""
