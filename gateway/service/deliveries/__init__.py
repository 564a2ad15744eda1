"""Webhooks: delivers call events to tenants' receivers, with a lane for each."""
