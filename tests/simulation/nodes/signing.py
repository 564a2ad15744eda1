"""The key by which simulated gateways sign their audit log."""

from gateway.audit.tree.notes import new_signer

SIGNING_KEY = new_signer("simulated.example/audit", bytes(range(32)))
