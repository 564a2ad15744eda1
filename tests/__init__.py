"""One folder per room of the gateway, plus behaviour, clients and the real stack."""

import os

# Servers are started and stopped while gRPC clients are in use. gRPC's fork handlers, run in the
# child before it becomes the server, crash some of them.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
