"""ApplyConfig and GetConfig of inbound trunks and dispatch rules, on every wire."""

from typing import Any

from gateway.telephony.v1 import admin_pb2 as api
from tests.stands.administering import apply, get_config, message, records_of
from tests.stands.stand import Stand, configuration, refusal

NUMBER = "+15005550143"
TRUNK, RULE = "tenants[acme].inbound.trunks[main]", "tenants[acme].inbound.dispatch_rules[desk]"
MADE, WOULD_BE = api.INBOUND_STATE_IN_PLACE, api.INBOUND_STATE_PENDING
CREATE, CHANGE, DELETE = (
    api.INBOUND_ACTION_CREATE,
    api.INBOUND_ACTION_CHANGE,
    api.INBOUND_ACTION_DELETE,
)


def declaring(stand: Stand, trunk_id: str = "main", room: str = "acme-in") -> api.Config:
    """Acme has a trunk and a rule."""
    inbound: dict[str, Any] = {
        "trunks": [{"trunk_id": trunk_id, "numbers": [NUMBER]}],
        "dispatch_rules": [{"rule_id": "desk", "callee": {"room_prefix": room}}],
    }
    return message(configuration(stand.trunk, inbound=inbound))


def told(objects: Any) -> list[tuple[str, int, int]]:
    """Path, action and state of each."""
    return [(one.path, one.action, one.state) for one in objects]


async def test_inbound_is_declared_once(stand: Stand) -> None:
    """What is rehearsed is done, told, seen in GetConfig and recorded; and undone when it goes."""
    operator = await stand.client("")
    rehearsed = await apply(operator, declaring(stand), dry_run=True)
    assert told(rehearsed.inbound) == [(TRUNK, CREATE, WOULD_BE), (RULE, CREATE, WOULD_BE)]
    applied = await apply(operator, declaring(stand))
    assert told(applied.inbound) == [(TRUNK, CREATE, MADE), (RULE, CREATE, MADE)]
    assert applied.inbound_error == ""
    assert [one.field for one in applied.warnings] == ["tenants[0].inbound.trunks[0]"]
    got = await get_config(operator)
    assert told(got.inbound) == [(RULE, 0, MADE), (TRUNK, 0, MADE)]
    assert {one.tenant_id for one in got.inbound} == {"acme"}
    assert [one.livekit_id[:3] for one in got.inbound] == ["SDR", "ST_"]
    assert got.HasField("inbound_look_time")

    changed = await apply(operator, declaring(stand, room="acme-to"))
    assert told(changed.inbound) == [(RULE, CHANGE, MADE)]
    assert [(one.path, one.before, one.after) for one in changed.inbound[0].changes] == [
        ("callee.room_prefix", '"acme-in"', '"acme-to"')
    ]
    recorded = await records_of(stand, "inbound change")
    assert {one["kind"] for one in recorded} == {"INTENT", "OUTCOME"}
    assert {one["tenant_id"] for one in recorded} == {"acme"}
    assert {one["request"]["path"] for one in recorded} == {RULE}
    assert {one["request"]["livekit_id"] for one in recorded} == {got.inbound[0].livekit_id}
    refused = await refusal(apply(operator, declaring(stand, room="globex")))
    assert (refused.reason, *refused.fields) == (
        "CONFIG_INVALID",
        "tenants[0].inbound.dispatch_rules[0].callee.room_prefix",
    )
    gone = await apply(operator, message(configuration(stand.trunk)))
    assert told(gone.inbound) == [(TRUNK, DELETE, MADE), (RULE, DELETE, MADE)]
    assert list((await get_config(operator)).inbound) == []
