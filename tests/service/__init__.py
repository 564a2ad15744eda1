"""The small parts of the services, each on its own."""
