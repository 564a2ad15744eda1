"""The gRPC protocol: statuses, metadata and deadlines, but no messages."""
