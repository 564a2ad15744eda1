"""The process around the services: its ports, its limits, and how it sees itself."""
