"""The gRPC protocol: statuses, metadata and deadlines, and no message."""
