"""The command line: what people and scripts type.

`calls` talks to a running gateway over its public gRPC API and knows nothing of its inside;
the other groups work on the database through `build`. What is printed, and how errors are
explained, is decided only in `output.py` and `views.py`. Lost here: every error's traceback.
"""
