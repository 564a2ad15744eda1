"""Carriers that are told to LiveKit with each call: passwords are read late and told to no one."""

import io
from collections.abc import Iterator

import pytest
import structlog
from livekit.protocol.sip import CreateSIPParticipantRequest, SIPParticipantInfo

from gateway import settings
from gateway.domain.calls.leg import Refused
from gateway.domain.outcome import EndReason, end_reason, worth_dialing_again
from gateway.domain.tenant import InlineTrunk
from tests.platform.fake_livekit import FakeLiveKit
from tests.stands.livekit.answers import message, twirp_error
from tests.stands.phones import ANSWERS

PASSWORD = "open sesame"
INLINE = InlineTrunk(
    hostname="sip.carrier.example", username="acme", password_from="env:CARRIER_PASSWORD"
)
PICKED_UP = message(SIPParticipantInfo(participant_id="PA_1", sip_call_id="SCL_1"))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged."""
    lines = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(lines))
    yield lines
    structlog.reset_defaults()


async def test_the_password_is_read_with_each_dial(monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed secret is in the next request, without a restart."""
    fake = FakeLiveKit(PICKED_UP, secret=settings.Secrets(()))
    async with fake.serve() as stand:
        for password in ("first", PASSWORD):
            monkeypatch.setenv("CARRIER_PASSWORD", password)
            await stand.platform.dial(stand.call(ANSWERS, livekit_trunk_id="", inline=INLINE))
    sent = [CreateSIPParticipantRequest.FromString(seen.body) for seen in fake.seen]
    assert [one.trunk.auth_password for one in sent] == ["first", PASSWORD]


async def test_without_the_secret_nothing_is_dialed(log: io.StringIO) -> None:
    """A secret that cannot be read is the trunk's failure: it is not tried again, nothing left."""
    fake = FakeLiveKit(PICKED_UP, secret=settings.Secrets(()))
    async with fake.serve() as stand:
        reply = await stand.platform.dial(stand.call(ANSWERS, livekit_trunk_id="", inline=INLINE))
    assert fake.seen == []
    assert isinstance(reply, Refused)
    assert "env:CARRIER_PASSWORD" in reply.failure.detail
    assert not worth_dialing_again(reply.failure)
    assert end_reason(reply.failure, rang=False)[0] is EndReason.TRUNK_FAILURE
    assert "secret_not_read" in log.getvalue()


async def test_the_password_is_told_to_nobody_else(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the log, nor in what a dial or a refusal shows of itself."""
    monkeypatch.setenv("CARRIER_PASSWORD", PASSWORD)
    fake = FakeLiveKit(twirp_error(500, "internal", "no"), secret=settings.Secrets(()))
    async with fake.serve() as stand:
        dial = stand.call(ANSWERS, livekit_trunk_id="", inline=INLINE)
        reply = await stand.platform.dial(dial)
        shown = f"{dial!r} {reply!r} {stand.platform!r} {vars(stand.platform)}"
    assert PASSWORD.encode() in fake.seen[0].body
    assert PASSWORD not in shown + log.getvalue()


async def test_a_trunk_without_username_reads_no_secret() -> None:
    """A carrier that knows callers by their address needs no password."""
    fake = FakeLiveKit(PICKED_UP)
    async with fake.serve() as stand:
        plain = InlineTrunk(hostname="sip.carrier.example")
        await stand.platform.dial(stand.call(ANSWERS, livekit_trunk_id="", inline=plain))
    (sent,) = [CreateSIPParticipantRequest.FromString(seen.body) for seen in fake.seen]
    assert sent.trunk.hostname == "sip.carrier.example"
    assert (sent.trunk.auth_username, sent.trunk.auth_password) == ("", "")
