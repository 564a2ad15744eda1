"""The configuration under which a plan runs: its tenants, and carriers that differ."""

import json
from collections.abc import Collection
from random import Random
from typing import Any

from tests.simulation.engine.chance import Chance
from tests.simulation.plan import numbers
from tests.simulation.plan.doings import Plan

CARRIERS = ("carrier-1", "carrier-2", "carrier-3", "carrier-4", "carrier-5")
"""Trunks by their ids; `CONFIG_CHANGED` means one by its place in here. The last is bert's own."""
TENANTS = ("anna", "bert", "cora", "dora")
"""All there are; a plan has the first of them. cora has small limits, bert and dora have routes."""
LONGEST_CALL = "45s"
"""Of a call that asks for nothing else: a caller who never hangs up is ended by it."""

Fields = dict[str, Any]


def livekit_trunk(carrier: str) -> str:
    """LiveKit's id of an outbound trunk."""
    return f"ST_{carrier}"


def inbound_trunk(tenant: str) -> str:
    """LiveKit's id of the inbound trunk of a tenant."""
    return f"ST_in-{tenant}"


def inbound_number(tenant: str) -> str:
    """The number at which a tenant can be called."""
    return numbers.fictional(numbers.TENANT_AREA, TENANTS.index(tenant))


def inbound_room(tenant: str, number: int) -> str:
    """The room into which LiveKit lets a caller; it is the tenant's."""
    return f"{tenant}-in-{number}"


def configuration(plan: Plan, disabled: Collection[str] = ()) -> str:
    """A YAML document (in JSON's style). `disabled`: carriers that take no calls."""
    chance = Chance(plan.seed)
    fields = {
        "tenants": [
            _tenant(tenant, chance.stream("configuration", tenant)) for tenant in plan.tenants
        ],
        "trunks": [
            {**trunk, "enabled": trunk["trunk_id"] not in disabled}
            for trunk in _trunks(plan, chance)
        ],
    }
    return json.dumps(fields, indent=1)


def _tenant(tenant: str, random: Random) -> Fields:
    webhooks = ("crm", "log") if tenant == "bert" else ("crm",)
    return {
        "tenant_id": tenant,
        "timeouts": {
            "ringing_timeout": "20s",
            "max_ringing_timeout": "60s",
            "max_duration": LONGEST_CALL,
        },
        "limits": _limits(tenant, random),
        "sip_hosts": ["pbx.example.com"],
        "agents": ["*"],
        "inbound": {
            "livekit_trunk_ids": [inbound_trunk(tenant)],
            "numbers": [inbound_number(tenant)],
            "number_country": "US",
            "end_room_on_hangup": random.random() < 0.3,
        },
        "webhooks": [_webhook(tenant, webhook) for webhook in webhooks],
        **_routes(tenant, random),
    }


def _limits(tenant: str, random: Random) -> Fields:
    if tenant != "cora":
        return {"max_concurrent_calls": 200, "max_calls_per_second": 50}
    return {
        "max_concurrent_calls": random.choice((2, 4, 8)),
        "max_calls_per_second": random.choice((1, 2, 5)),
        "max_concurrent_inbound_calls": random.choice((1, 2)),
        "max_calls_per_day": random.choice((0, 30)),
    }


def _webhook(tenant: str, webhook: str) -> Fields:
    return {
        "webhook_id": webhook,
        "url": f"https://{webhook}.{tenant}.example.com/calls",
        "secret_from": f"env:SIMULATED_{tenant.upper()}_SECRET",
    }


def _routes(tenant: str, random: Random) -> Fields:
    """Those of bert and dora; for the others all trunks fit, in their order."""
    if tenant not in {"bert", "dora"}:
        return {}
    carriers = [each for each in CARRIERS if tenant == "bert" or each != CARRIERS[-1]]
    return {
        "routes": [
            {
                "route_id": "everywhere",
                "targets": [
                    {
                        "trunk_id": carrier,
                        "priority": random.choice((0, 0, 1, 2)),
                        "weight": random.choice((1, 3)),
                    }
                    for carrier in random.sample(carriers, random.randint(2, len(carriers)))
                ],
                "max_attempts": random.choice((1, 2, 3, 5)),
            }
        ]
    }


def _trunks(plan: Plan, chance: Chance) -> list[Fields]:
    own = {"tenant_ids": ["bert"]} if "bert" in plan.tenants else {}
    differ: tuple[Fields, ...] = (
        {"transfer_mode": "TRUNK_TRANSFER_MODE_TEL"},
        {
            "transfer_mode": "TRUNK_TRANSFER_MODE_SIP",
            "transfer_host": "sip.carrier-2.example.com",
            "number_format": {"plus": False},
            "failover_sip_codes": [408, 480, 500, 502, 503, 504],
        },
        {"transfer_mode": "TRUNK_TRANSFER_MODE_NONE", "failover_on_silence": False},
        {
            "transfer_mode": "TRUNK_TRANSFER_MODE_TEL",
            "number_format": {"strip": 1, "plus": False, "country": "US"},
            "failover_sip_codes": [503],
            "max_concurrent_calls": 5,
            "max_calls_per_second": 3,
        },
        {**own, "transfer_mode": "TRUNK_TRANSFER_MODE_TEL", "outcomes": _outcomes()},
    )
    return [
        _trunk(at, fields, chance.stream("configuration", CARRIERS[at]))
        for at, fields in enumerate(differ)
    ]


def _trunk(at: int, fields: Fields, random: Random) -> Fields:
    return {
        "trunk_id": CARRIERS[at],
        "livekit_trunk_id": livekit_trunk(CARRIERS[at]),
        "numbers": [
            {"number": numbers.fictional(numbers.CARRIER_AREA, 10 * at + each), "country": "US"}
            for each in range(2)
        ],
        "health": {"disabled": random.random() < 0.5, "quarantine": "5s"},
        **fields,
    }


def _outcomes() -> list[Fields]:
    """What carrier-5 means by some statuses."""
    return [
        {"sip_status_code": 500, "reason": "CARRIER_REASON_TRUNK_LIMIT", "failover": True},
        {"sip_status_code": 480, "reason": "CARRIER_REASON_BUSY", "failover": False},
    ]
