"""One module per RPC. Whatever an RPC leaves under way is handled by `following`."""
