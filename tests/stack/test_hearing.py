"""Legs speak and listen as those of LiveKit SIP do, and tell whom they have heard."""

from collections.abc import Iterator

import pytest
from livekit import api
from livekit.protocol.models import ParticipantPermission

from tests.stack.caller import Caller, seconds
from tests.stands.phones import REFUSES_TRANSFERS, RINGS_FOR_EVER
from tests.stands.waiting import eventually

pytestmark = pytest.mark.livekit

PICKS_UP = REFUSES_TRANSFERS


@pytest.fixture(autouse=True)
def real_pace(caller: Caller) -> Iterator[None]:
    """Voices without pauses, as phones send them."""
    caller.stack.speak_every(0.02)
    yield
    caller.stack.speak_every(0.1)


async def hears(caller: Caller, **expected: str) -> None:
    """Wait until everybody in the room hears whom is said, in alphabetical order."""
    named = {identity: names.split() for identity, names in expected.items()}

    async def so() -> bool:
        now = {name: ears["hears"] for name, ears in caller.stack.hearing(caller.room).items()}
        return now == named

    await eventually(so)


def heard(caller: Caller, identity: str) -> list[str]:
    """Whom one has heard since the beginning; again after each pause, the machine's own too."""
    return [span["identity"] for span in caller.stack.hearing(caller.room)[identity]["heard"]]


async def permit(caller: Caller, identity: str, **changes: bool) -> None:
    """Change some of a participant's permissions and keep the others."""
    info = await caller.participant(identity)
    assert info is not None
    allowed = ParticipantPermission()
    allowed.CopyFrom(info.permission)
    for name, value in changes.items():
        setattr(allowed, name, value)
    await caller.client.room.update_participant(
        api.UpdateParticipantRequest(room=caller.room, identity=identity, permission=allowed)
    )


async def test_a_phone_hears_nobody_before_its_answer(caller: Caller) -> None:
    """Everybody speaks from the answer on, a guest from its joining on; and so all are heard."""
    caller.stack.invite(caller.room, "agent")
    long = seconds(60)
    await caller.dial(
        RINGS_FOR_EVER, identity="ringing", wait_until_answered=False, ringing_timeout=long
    )
    await caller.dial(PICKS_UP, identity="one")
    await caller.dial(PICKS_UP, identity="two")
    await hears(caller, agent="one two", one="agent two", two="agent one", ringing="")
    assert heard(caller, "ringing") == []


async def test_who_may_not_subscribe_hears_nobody(caller: Caller) -> None:
    """Neither those who are there nor those who come; and is heard all the while."""
    await caller.dial(PICKS_UP, identity="one")
    caller.stack.invite(caller.room, "agent")
    await hears(caller, agent="one", one="agent")
    await permit(caller, "one", can_subscribe=False)
    await hears(caller, agent="one", one="")
    await caller.dial(PICKS_UP, identity="two")
    await hears(caller, agent="one two", one="", two="agent one")
    before = heard(caller, "one")
    assert set(before) == {"agent"}
    await permit(caller, "one", can_subscribe=True)
    await hears(caller, agent="one two", one="agent two", two="agent one")
    assert heard(caller, "one").count("agent") > len(before)


async def test_a_hidden_phone_is_not_heard_by_who_comes(caller: Caller) -> None:
    """From the first frame on, and only by those who were there before; until it is shown."""
    await caller.dial(PICKS_UP, identity="one")
    caller.stack.invite(caller.room, "agent")
    await hears(caller, agent="one", one="agent")
    await permit(caller, "one", can_subscribe=False, hidden=True)
    await caller.dial(PICKS_UP, identity="two")
    await hears(caller, agent="one two", one="", two="agent")
    assert set(heard(caller, "two")) == {"agent"}
    await permit(caller, "one", can_subscribe=True, hidden=False)
    await hears(caller, agent="one two", one="agent two", two="agent one")


async def test_everything_again_after_a_restart(caller: Caller) -> None:
    """Legs come back when LiveKit does, and what a leg may not hear stays so."""
    await caller.dial(PICKS_UP, identity="one")
    await caller.dial(PICKS_UP, identity="two")
    await hears(caller, one="two", two="one")
    await permit(caller, "two", can_subscribe=False)
    await hears(caller, one="two", two="")
    before = {identity: heard(caller, identity) for identity in ("one", "two")}
    assert (set(before["one"]), set(before["two"])) == ({"two"}, {"one"})
    caller.stack.restart_livekit()

    async def heard_again() -> bool:
        return len(heard(caller, "one")) > len(before["one"])

    await eventually(heard_again)
    assert set(heard(caller, "one")) == {"two"}
    (two,) = (one for one in caller.stack.participants(caller.room) if one.identity == "two")
    assert not two.permission.can_subscribe
    assert heard(caller, "two") == before["two"]
    await permit(caller, "two", can_subscribe=True)
    await hears(caller, one="two", two="one")
