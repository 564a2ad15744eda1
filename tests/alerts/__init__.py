"""The dashboard and the alert rules: what they name is what a gateway tells."""
