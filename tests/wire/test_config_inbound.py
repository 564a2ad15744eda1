"""Inbound trunks and dispatch rules from YAML to the domain's values."""

from gateway.domain.inbound.declared import (
    DispatchRule,
    InboundTrunk,
    RoomForm,
    RuleAgent,
    RuleRoom,
)
from gateway.wire.config.document import check, from_yaml

DECLARED = """
tenants:
  - tenant_id: acme
    agents: [front-desk]
    inbound:
      trunks:
        - trunk_id: main
          numbers: [+493023125001]
          allowed_addresses: [203.0.113.0/24]
          auth_username: carrier
          auth_password_from: env:CARRIER
      dispatch_rules:
        - rule_id: desk
          trunk_ids: [main]
          individual: {room_prefix: acme-in, no_randomness: true}
          pin_from: env:PIN
          agents: [{agent_name: front-desk, metadata: m}]
          hide_phone_number: true
        - {rule_id: own, individual: {room_prefix: acme-own}, pin_from: env:OWN}
        - {rule_id: team, callee: {room_prefix: acme-team, randomize: true}, pin_from: env:TEAM}
        - {rule_id: hall, direct: {room_name: acme-hall}}
"""


def test_everything_declared_arrives_as_written() -> None:
    """Each field has its value, and each form of a room is itself."""
    inbound = check(from_yaml(DECLARED)).tenants[0].inbound
    assert inbound.trunks == (
        InboundTrunk(
            trunk_id="main",
            numbers=("+493023125001",),
            allowed_addresses=("203.0.113.0/24",),
            auth_username="carrier",
            auth_password_from="env:CARRIER",
        ),
    )
    desk, *others = inbound.dispatch_rules
    assert desk == DispatchRule(
        rule_id="desk",
        trunk_ids=("main",),
        rooms=(RuleRoom(RoomForm.INDIVIDUAL, "acme-in"),),
        pin_from="env:PIN",
        agents=(RuleAgent("front-desk", "m"),),
        hide_phone_number=True,
    )
    assert [one.rooms for one in others] == [
        (RuleRoom(RoomForm.INDIVIDUAL, "acme-own", randomize=True),),
        (RuleRoom(RoomForm.CALLEE, "acme-team", randomize=True),),
        (RuleRoom(RoomForm.DIRECT, "acme-hall"),),
    ]
    assert inbound.every_number == ("+493023125001",)
