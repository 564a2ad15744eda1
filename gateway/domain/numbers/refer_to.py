"""A transfer's target as a trunk's carrier takes it, and what to enable at the carrier."""

from gateway.domain.numbers import hosts, sip_uris
from gateway.domain.tenant import TransferSupport, Trunk

_TWILIO = (
    "Twilio: enable Call Transfer (SIP REFER) in the general settings of the Elastic SIP trunk, and"
    " PSTN transfer for numbers; the trunk's transfer_mode SIP writes sip:+…@<host> with its"
    " transfer_host, <name>.pstn.twilio.com"
)
_TELNYX = (
    "Telnyx: have SIP REFER enabled for the connection; the trunk's transfer_mode SIP writes"
    " sip:+…@sip.telnyx.com with the transfer_host sip.telnyx.com"
)
_OTHERS = (
    "have transfers by SIP REFER enabled at the carrier, to telephone numbers too; the trunk's"
    " transfer_mode TEL writes tel:+…, and SIP writes sip:+…@<transfer_host>, as Twilio"
    " (<name>.pstn.twilio.com) and Telnyx (sip.telnyx.com) take it"
)
_CARRIERS = {"twilio.com": _TWILIO, "telnyx.com": _TELNYX}
"""By the domain of their hosts."""


def refer_to(to: str, trunk: Trunk) -> str:
    """The Refer-To URI of a target in canonical form."""
    if sip_uris.is_uri(to):
        return to
    if trunk.transfer_mode is TransferSupport.SIP:
        return f"sip:{to}@{hosts.canonical(host_of(trunk))}"
    return f"tel:{to}"


def host_of(trunk: Trunk) -> str:
    """Where the carrier takes transfers: what is configured, else where it takes calls.

    Empty where neither is known: the trunk is one of LiveKit's.
    """
    return trunk.transfer_host or (trunk.inline.hostname if trunk.inline else "")


def hint(trunk: Trunk | None) -> str:
    """What a person may enable so that the carrier takes transfers."""
    host = hosts.canonical(host_of(trunk)) if trunk else ""
    for domain, said in _CARRIERS.items():
        if host == domain or host.endswith(f".{domain}"):
            return said
    return _OTHERS
