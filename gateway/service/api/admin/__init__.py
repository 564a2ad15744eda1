"""What operators and tenants' administrators do."""
