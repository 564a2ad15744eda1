"""What the audit log proves."""
