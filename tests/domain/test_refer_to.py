"""What carriers get as a transfer's target, and what a person is told to enable at them."""

import pytest

from gateway.domain.numbers.refer_to import hint, refer_to
from gateway.domain.tenant import InlineTrunk, TransferSupport, Trunk
from tests.stands.phones import ANSWERS, tel

TWILIO, TELNYX = "acme.pstn.twilio.com", "sip.telnyx.com"


def trunk(
    host: str = "", *, inline: str = "", mode: TransferSupport = TransferSupport.SIP
) -> Trunk:
    carrier = InlineTrunk(hostname=inline) if inline else None
    return Trunk(trunk_id="berlin", inline=carrier, transfer_mode=mode, transfer_host=host)


@pytest.mark.parametrize(
    ("on", "sent"),
    [
        (trunk(TWILIO), f"sip:{ANSWERS}@{TWILIO}"),
        (trunk(TELNYX), f"sip:{ANSWERS}@{TELNYX}"),
        (trunk(inline=TWILIO), f"sip:{ANSWERS}@{TWILIO}"),
        (trunk("a.example.com", inline=TWILIO), f"sip:{ANSWERS}@a.example.com"),
        (trunk("[2001:DB8:0::1]"), f"sip:{ANSWERS}@[2001:db8::1]"),
        (trunk(inline=TWILIO, mode=TransferSupport.TEL), tel(ANSWERS)),
    ],
    ids=["twilio", "telnyx", "inline", "another host", "an address", "tel"],
)
def test_a_number_is_written_as_the_carrier_takes_it(on: Trunk, sent: str) -> None:
    """The host is the configured one, else where an inline trunk's carrier takes calls."""
    assert refer_to(ANSWERS, on) == sent
    assert refer_to("sip:alice@pbx.example.com", on) == "sip:alice@pbx.example.com"


@pytest.mark.parametrize(
    ("on", "carrier"),
    [
        (trunk(TWILIO), "Twilio: "),
        (trunk(inline="ACME.pstn.twilio.com."), "Twilio: "),
        (trunk(TELNYX), "Telnyx: "),
        (trunk("telnyx.com.evil.example"), "have "),
        (trunk("sip.carrier.example"), "have "),
        (trunk(mode=TransferSupport.NONE), "have "),
        (None, "have "),
    ],
)
def test_the_hint_is_the_carriers(on: Trunk | None, carrier: str) -> None:
    """Its host says which carrier it is; for the others the hint names what all have."""
    said = hint(on)
    assert said.startswith(carrier)
    assert "REFER" in said
