"""What tenants are told: events on their way to tenants' webhooks, a lane for each receiver."""
