"""The configuration as people write it, and as the store keeps it."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.tenant import Config, Route, RouteTarget, TransferSupport, TrunkNumber
from gateway.domain.timeouts import TimeoutPolicy
from gateway.errors import GatewayError, Reason
from gateway.ports import StoredConfig
from gateway.telephony.v1 import admin_pb2
from gateway.wire.config.document import (
    check,
    config_of,
    from_document,
    from_yaml,
    text_of,
    to_document,
)

WHOLE = """
tenants:
  - tenant_id: acme
    rooms: ["acme-*", lobby]
    routes:
      - route_id: germany
        match: {prefixes: [+49, "+43"]}
        targets: [{trunk_id: berlin, priority: 10}]
        ringing_timeout: 12.5s
      - {route_id: rest, block: true}
    timeouts: {ringing_timeout: 20s, max_ringing_timeout: 60s, max_duration: 3600s}
    sip_hosts: [sip.acme.com]
    allowed_headers: [P-Charging-Vector]
    sandbox: true
  - tenant_id: 4711
trunks:
  - trunk_id: berlin
    tenant_ids: [acme]
    livekit_trunk_id: ST_berlin
    headers: {X-Carrier: 007}
    numbers:
      - {number: +493012345678, country: DE, tenant_id: acme}
      - {number: +4712345678, country: NO}
    transfer_mode: TRUNK_TRANSFER_MODE_SIP
    transfer_host: carrier.example.com
    enabled: false
"""

TEN_MISTAKES = """
tenants:
  - tenant_id: Acme                                 # 1
    rooms: ["a*b"]                                  # 2
    timeouts: {max_ringing_timeout: 0s}             # 3
    routes:
      - {route_id: "", block: true}                 # 4
      - route_id: germany
        match: {prefixes: [49]}                     # 5
        targets: [{trunk_id: gone}]                 # 6
trunks:
  - trunk_id: berlin
    numbers: [{number: 030}]                        # 7 and, for want of an id at LiveKit, 8
    headers: {Via: x}                               # 9
    tenant_ids: [nobody]                            # 10
"""


def refusal(text: str) -> GatewayError:
    with pytest.raises(GatewayError) as refused:
        from_yaml(text)
    assert refused.value.reason is Reason.CONFIG_INVALID
    return refused.value


def domain(text: str) -> Config:
    return check(from_yaml(text))


def test_a_whole_configuration() -> None:
    """Every field of the YAML document is in the domain's configuration."""
    config = domain(WHOLE)
    acme, trunk = config.tenants[0], config.trunks[0]
    assert acme.rooms == ("acme-*", "lobby")
    assert acme.routes == (
        Route(
            route_id="germany",
            prefixes=("+49", "+43"),
            targets=(RouteTarget("berlin", 10),),
            ringing_timeout=timedelta(seconds=12.5),
        ),
        Route(route_id="rest", block=True),
    )
    assert acme.timeouts == TimeoutPolicy(
        ringing_timeout=timedelta(seconds=20),
        max_ringing_timeout=timedelta(seconds=60),
        max_duration=timedelta(hours=1),
    )
    assert (acme.sip_hosts, acme.allowed_headers) == (("sip.acme.com",), ("P-Charging-Vector",))
    assert acme.sandbox
    assert (trunk.tenant_ids, trunk.livekit_trunk_id) == (("acme",), "ST_berlin")
    assert (trunk.transfer_mode, trunk.transfer_host) == (
        TransferSupport.SIP,
        "carrier.example.com",
    )
    assert not trunk.enabled


def test_unquoted_texts_are_kept_as_written() -> None:
    """Numbers keep their +, ids their digits and Norway its name, without quotes."""
    config = domain(WHOLE)
    assert config.trunks[0].numbers == (
        TrunkNumber("+493012345678", "DE", "acme"),
        TrunkNumber("+4712345678", "NO"),
    )
    assert config.trunks[0].headers == {"X-Carrier": "007"}
    assert config.tenants[1].tenant_id == "4711"


def test_what_is_unset() -> None:
    """Unset fields have the defaults that the proto promises."""
    config = domain(
        "trunks: [{trunk_id: a, livekit_trunk_id: ST_a, numbers: [{number: +15005550100}]}]\n"
        "tenants: [{tenant_id: acme}]"
    )
    trunk, tenant = config.trunks[0], config.tenants[0]
    assert trunk.enabled
    assert trunk.transfer_mode is TransferSupport.TEL
    assert tenant.timeouts == TimeoutPolicy(max_ringing_timeout=timedelta(seconds=80))
    assert tenant.may_use_room("acme-1")


def test_ten_mistakes_are_ten_violations() -> None:
    """Every mistake of a document is told at once, with path, line and column, top to bottom."""
    error = refusal(TEN_MISTAKES)
    assert [violation.field for violation in error.violations] == [
        "tenants[0].tenant_id (line 3, column 16)",
        "tenants[0].rooms[0] (line 4, column 13)",
        "tenants[0].timeouts.max_ringing_timeout (line 5, column 37)",
        "tenants[0].routes[0].route_id (line 7, column 20)",
        "tenants[0].routes[1].match.prefixes[0] (line 9, column 28)",
        "tenants[0].routes[1].targets[0].trunk_id (line 10, column 30)",
        "trunks[0].livekit_trunk_id (line 12, column 5)",
        "trunks[0].numbers[0].number (line 13, column 24)",
        "trunks[0].headers[Via] (line 14, column 20)",
        "trunks[0].tenant_ids[0] (line 15, column 18)",
    ]
    assert error.metadata["mistakes"] == "10"
    assert all(violation.field in error.message for violation in error.violations)


UNREADABLE = [
    ("tenants: [\n", "(line 2, column 1): is not YAML"),
    ("tenants:\n  - a: 1\n b: 2", "(line 3, column 2): is not YAML"),
    ("tenants: 1\n---\ntenants: 2", "expected a single document"),
    ("tenants: *gone", "found undefined alias"),
    ("tenants: !!python/name:os.system x", "tenants (line 1, column 10): must be a list"),
    ("", "must be a mapping with tenants and trunks"),
    ("- tenants", "must be a mapping"),
    ("just text", "must be a mapping"),
    ("tenant: []", "tenant (line 1, column 1): there is no such field; perhaps tenants"),
    ("tenants: [{tenant_id: a, room: x}]", "tenants[0].room (line 1, column 26): there is no"),
    ("tenants: {acme: {}}", "tenants (line 1, column 10): must be a list, not a mapping"),
    ("tenants: [null]", "tenants[0] (line 1, column 11): must be a mapping"),
    ("tenants: [{tenant_id: [a]}]", "tenants[0].tenant_id (line 1, column 23): must be a single"),
    ("tenants: [{tenant_id: !!binary YQ==}]", "has a tag that is not understood"),
    ("tenants: [{timeouts: {ringing_timeout: 30}}]", "must be seconds such as 30s or 1.5s, not 30"),
    ("tenants: [{timeouts: {ringing_timeout: 1h}}]", "tenants[0].timeouts.ringing_timeout"),
    ("tenants: [{timeouts: {ringing_timeout: 1e9s}}]", "ringing_timeout"),
    ("tenants: [{sandbox: yes}]", "tenants[0].sandbox (line 1, column 21): must be true or false"),
    ("tenants: [{routes: [{targets: [{priority: high}]}]}]", "must be a whole number, not high"),
    ("tenants: [{routes: [{targets: [{priority: 4294967296}]}]}]", "must be a whole number"),
    ("trunks: [{transfer_mode: PIGEON}]", "must be one of TRUNK_TRANSFER_MODE_NONE, "),
    ("trunks: [{transfer_mode: 7}]", "trunks[0].transfer_mode (line 1, column 26)"),
    ("trunks: [{headers: [X-Carrier]}]", "trunks[0].headers (line 1, column 20)"),
    ("true: x", "true (line 1, column 1): there is no such field"),
    ("? [a, b]\n: x", "must have single values as keys"),
    (r'{"\uD800": x}', "is not YAML"),
    (r'tenants: [{tenant_id: "\uD800"}]', "is not YAML"),
]


def test_what_is_no_text() -> None:
    """A file in another encoding is CONFIG_INVALID, with the place of the first such byte."""
    assert text_of("tenants: [] # Zoë".encode()) == "tenants: [] # Zoë"
    with pytest.raises(GatewayError) as refused:
        text_of(b"tenants:\n  - tenant_id: caf\xe9\n")
    assert refused.value.reason is Reason.CONFIG_INVALID
    assert refused.value.message == "(line 2, column 19): is not UTF-8 text"


@pytest.mark.parametrize(
    ("text", "told"), UNREADABLE, ids=[text or "empty" for text, _ in UNREADABLE]
)
def test_what_is_no_configuration(text: str, told: str) -> None:
    """What cannot be read at all is CONFIG_INVALID too, and says where."""
    assert told in refusal(text).message


def test_a_document_comes_back() -> None:
    """What the store keeps is read as it was, and written the same way every time."""
    message = from_yaml(WHOLE)
    document = to_document(message)
    assert from_document(document) == message
    assert to_document(from_document(document)) == document
    assert '"tenant_id": "acme"' in document


def test_a_stored_configuration_has_its_version() -> None:
    """The domain's configuration of a stored document knows its version; none is empty."""
    stored = StoredConfig(
        version=7,
        document=to_document(from_yaml(WHOLE)),
        source_digest="",
        create_time=datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert config_of(stored).version == 7
    assert config_of(stored).tenants == domain(WHOLE).tenants
    assert config_of(None) == Config()


def test_a_later_versions_document_is_read() -> None:
    """Fields that this gateway does not know yet are passed over in the store."""
    document = '{"tenants": [{"tenant_id": "acme", "of_later": ["x"]}], "later": 1}'
    assert from_document(document) == admin_pb2.Config(tenants=[admin_pb2.Tenant(tenant_id="acme")])
