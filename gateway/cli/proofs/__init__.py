"""`gateway audit export|verify|receipt|prove-consistency|forget`: what an auditor works with.

Exports and receipts are verified without a database. Nothing is signed here.
"""

from gateway.cli.audit import app as audit_commands
from gateway.cli.proofs import exporting, forgetting, receipts, verifying

__all__ = ["audit_commands", "exporting", "forgetting", "receipts", "verifying"]
