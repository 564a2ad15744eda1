"""Suites, one folder each, whose docstring says what it promises.

What they share is in `stands`, and the real servers are in `stack` and `postgres`.
"""

import os

# Servers are started and stopped while gRPC clients are in use. gRPC's fork handlers, run in the
# child before it becomes the server, crash some of them.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
