"""Whether a number is on a do-not-call list, and how it stands there."""

import hashlib
import hmac
from collections.abc import Callable

from gateway.domain.route_decision import RuleCheck
from gateway.errors import GatewayError, Reason
from gateway.ports import Reading
from gateway.ports.do_not_call import EVERY_TENANT

HASHED = "hmac:"
_ON_NO_LIST = RuleCheck(Reason.DO_NOT_CALL, "on no list")


class DoNotCall:
    """Judges numbers in their canonical form, by the lists as they are in the transaction.

    `opened`: the key of hashed numbers, from its sealed form; raises ValueError if no master key
    opens it. Then no call is accepted, since its number may be listed.
    """

    def __init__(self, opened: Callable[[bytes], str]) -> None:
        self._opened = opened
        self._sealed = b""
        self._key = b""

    def check(self, reading: Reading, tenant_id: str, number: str) -> RuleCheck:
        """Raises DO_NOT_CALL if the number is on the tenant's list, or on every tenant's."""
        state = reading.do_not_call_state()
        if state.is_empty:
            return _ON_NO_LIST
        hashed = self.hashed(state.sealed_key, tenant_id, number) if state.sealed_key else ""
        found = reading.listed_for(tenant_id, number, hashed)
        if not found:
            return _ON_NO_LIST
        whose = "operator" if found[0].tenant_id == EVERY_TENANT else "tenant"
        raise GatewayError(
            Reason.DO_NOT_CALL,
            f"{number} is on the do-not-call list of the {whose}",
            {"to": number, "list": whose},
        )

    def hashed(self, sealed_key: bytes, tenant_id: str, number: str) -> str:
        """The form in which a tenant's list holds the number without revealing it."""
        if sealed_key != self._sealed:
            self._key = bytes.fromhex(self._opened(sealed_key))
            self._sealed = sealed_key
        text = f"{tenant_id}\0{number}".encode()
        return f"{HASHED}{hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]}"
