"""How much every field of every request may hold: one table, enforced by `gateway.rpc.sizes`.

The domain's rules for a field are often stricter; these limits bound what is processed at all. A
field that is not listed here fails a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.domain import fields
from gateway.domain.admin.key_rules import MAX_ADDRESSES
from gateway.domain.calls import checks as request_checks
from gateway.domain.config import spiffe
from gateway.domain.config.rules import MAX_URL
from gateway.service.api.webhooks import MAX_SEQUENCES


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Limits of one field: entries of a list or map, UTF-8 bytes of each text and map key."""

    entries: int = 1
    key_bytes: int = 0
    bytes: int = 0


MAX_ENTRIES_IN_ALL = 1_000_000
"""Of all lists and maps of one message together; a configuration is the only big one."""
MAX_ID_BYTES = 512
"""Of a text that names something: nothing here has a longer name."""
MAX_TOKEN_BYTES = 1024
MAX_VALUES_OF_ENUM = 32
MAX_COUNTRIES = 300
"""There are some 250."""
MAX_LISTED = 1000
"""Of the names that a request may list, and of a tenant's things of each kind except routes."""

MAX_TENANTS = 1000
MAX_TRUNKS = 10_000
MAX_ROUTES = 10_000
MAX_PREFIXES = 500_000
MAX_NUMBERS = 100_000
MAX_HOURS = 100
MAX_WEBHOOKS = 100
MAX_INBOUND = 100
"""A tenant's inbound trunks, its dispatch rules, and the addresses of a trunk."""
MAX_RULE_AGENTS = 4
MAX_SIP_CODES = 400
MAX_ISSUERS = 100
MAX_CLAIMS = 32
MAX_CHECKPOINTS = 16
MAX_CHECKPOINT_BYTES = 3 * 1024
"""One with a dozen signatures has less."""
MAX_OUTCOMES = 100
"""There are 400 from 300 to 699."""


def _text(limit: int = MAX_ID_BYTES) -> Limit:
    return Limit(bytes=limit)


def _texts(entries: int, limit: int = MAX_ID_BYTES) -> Limit:
    return Limit(entries=entries, bytes=limit)


def _of(entries: int) -> Limit:
    """So many messages or numbers."""
    return Limit(entries=entries)


_ID, _IDS = _text(), _texts(MAX_LISTED)
_NAME = _text(fields.MAX_IDENTITY_BYTES)
_CONFIG = _text(MAX_URL)
_ENUMS = _of(MAX_VALUES_OF_ENUM)
_COUNTRIES = _texts(MAX_COUNTRIES)
_HEADERS = Limit(
    entries=fields.MAX_ENTRIES,
    key_bytes=MAX_ID_BYTES,
    # They are counted in characters, of up to four bytes.
    bytes=4 * fields.MAX_HEADER_VALUE,
)
_LABELS = Limit(
    entries=fields.MAX_ENTRIES, key_bytes=fields.MAX_LABEL_KEY, bytes=fields.MAX_LABEL_VALUE
)
_ATTRIBUTES = Limit(
    entries=request_checks.MAX_ATTRIBUTES,
    key_bytes=request_checks.MAX_ATTRIBUTES_BYTES,
    bytes=request_checks.MAX_ATTRIBUTES_BYTES,
)
_METADATA = _text(request_checks.MAX_METADATA_BYTES)
_LEG = {"room": _NAME, "participant_identity": _NAME}

Limits = Mapping[str, Mapping[str, Limit]]

_CALLS: Limits = {
    "PlaceCallRequest": {
        "request_id": _ID,
        "to": _ID,
        "caller_id": _ID,
        "room": _NAME,
        "digits": _ID,
        "headers": _HEADERS,
        "display_name": _ID,
        "labels": _LABELS,
        "trunk_id": _ID,
        "override": _ENUMS,
    },
    "AgentRequest": {"agent_name": _NAME, "metadata": _METADATA, "attributes": _ATTRIBUTES},
    "Participant": {
        "identity": _NAME,
        "name": _NAME,
        "metadata": _METADATA,
        "attributes": _ATTRIBUTES,
    },
    "MediaOptions": {"codecs": _of(request_checks.MAX_CODECS)},
    "Codec": {"name": _ID},
    "GetCallRequest": {"call_id": _ID},
    "ListCallsRequest": {
        "page_token": _text(MAX_TOKEN_BYTES),
        "states": _ENUMS,
        "labels": _LABELS,
        "room": _NAME,
        "answered_by": _ENUMS,
    },
    "ExportCallsRequest": {
        "page_token": _text(MAX_TOKEN_BYTES),
        "states": _ENUMS,
        "labels": _LABELS,
        "room": _NAME,
        "answered_by": _ENUMS,
    },
    "UpdateCallRequest": {
        "call_id": _ID,
        **_LEG,
        "set_labels": _LABELS,
        "remove_labels": _texts(fields.MAX_ENTRIES, fields.MAX_LABEL_KEY),
    },
    "WatchCallsRequest": {"call_id": _ID},
    "ListCallEventsRequest": {"call_id": _ID},
    "HangUpCallRequest": {"call_id": _ID, **_LEG},
    "HoldCallRequest": {"call_id": _ID, **_LEG},
    "ResumeCallRequest": {"call_id": _ID, **_LEG},
    "TransferCallRequest": {
        "request_id": _ID,
        "call_id": _ID,
        **_LEG,
        "to": _ID,
        "headers": _HEADERS,
    },
    "StartWarmTransferRequest": {
        "request_id": _ID,
        "call_id": _ID,
        **_LEG,
        "to": _ID,
        "caller_id": _ID,
        "trunk_id": _ID,
        "leaves": _NAME,
    },
    "CompleteWarmTransferRequest": {"transfer_id": _ID},
    "CancelWarmTransferRequest": {"transfer_id": _ID},
    "GetTransferRequest": {"transfer_id": _ID},
    "ListTransfersRequest": {"call_id": _ID},
}

_TENANTS: Limits = {
    "Config": {
        "tenants": _of(MAX_TENANTS),
        "trunks": _of(MAX_TRUNKS),
        "operator_spiffe_ids": _texts(MAX_LISTED, spiffe.MAX_BYTES),
        "token_issuers": _of(MAX_ISSUERS),
    },
    "TokenIssuer": {
        "issuer": _CONFIG,
        "audiences": _IDS,
        "jwks_url": _CONFIG,
        "grants": _of(MAX_LISTED),
    },
    "TokenGrant": {
        "claims": Limit(entries=MAX_CLAIMS, key_bytes=MAX_ID_BYTES, bytes=MAX_ID_BYTES),
        "tenant_id": _CONFIG,
        "rights": _ENUMS,
    },
    "Tenant": {
        "tenant_id": _CONFIG,
        "rooms": _IDS,
        "routes": _of(MAX_ROUTES),
        "sip_hosts": _IDS,
        "allowed_headers": _IDS,
        "allowed_countries": _COUNTRIES,
        "blocked_number_kinds": _ENUMS,
        "default_country": _CONFIG,
        "webhooks": _of(MAX_WEBHOOKS),
        "emergency_numbers": _IDS,
        "agents": _IDS,
        "spiffe_ids": _texts(MAX_LISTED, spiffe.MAX_BYTES),
        "admin_spiffe_ids": _texts(MAX_LISTED, spiffe.MAX_BYTES),
        "calling_hours": _of(MAX_LISTED),
    },
    "CallingHours": {
        "hours_id": _CONFIG,
        "prefixes": _texts(MAX_PREFIXES),
        "countries": _COUNTRIES,
        "periods": _of(MAX_HOURS),
    },
    "TenantInbound": {
        "livekit_trunk_ids": _IDS,
        "numbers": _texts(MAX_NUMBERS),
        "number_country": _CONFIG,
        "trunks": _of(MAX_INBOUND),
        "dispatch_rules": _of(MAX_INBOUND),
    },
    "InboundTrunk": {
        "trunk_id": _CONFIG,
        "numbers": _texts(MAX_LISTED),
        "allowed_addresses": _texts(MAX_INBOUND),
        "auth_username": _CONFIG,
        "auth_password_from": _CONFIG,
    },
    "DispatchRule": {
        "rule_id": _CONFIG,
        "trunk_ids": _texts(MAX_INBOUND),
        "pin_from": _CONFIG,
        "agents": _of(MAX_RULE_AGENTS),
    },
    "IndividualRoom": {"room_prefix": _CONFIG},
    "DirectRoom": {"room_name": _CONFIG},
    "CalleeRoom": {"room_prefix": _CONFIG},
    "RuleAgent": {"agent_name": _NAME, "metadata": _CONFIG},
    "TenantWebhook": {"webhook_id": _CONFIG, "url": _CONFIG, "secret_from": _CONFIG},
    "TenantLimits": {"destinations": _of(MAX_LISTED)},
    "DestinationLimit": {
        "limit_id": _CONFIG,
        "prefixes": _texts(MAX_PREFIXES),
        "countries": _COUNTRIES,
    },
    "Route": {"route_id": _CONFIG, "targets": _of(MAX_LISTED)},
    "RouteMatch": {
        "prefixes": _texts(MAX_PREFIXES),
        "countries": _COUNTRIES,
        "caller_ids": _texts(MAX_NUMBERS),
        "labels": _LABELS,
        "hours": _of(MAX_HOURS),
    },
    "RouteHours": {"time_zone": _CONFIG, "days": _ENUMS, "from": _CONFIG, "until": _CONFIG},
    "RouteTarget": {"trunk_id": _CONFIG},
}

_TRUNKS: Limits = {
    "Trunk": {
        "trunk_id": _CONFIG,
        "tenant_ids": _texts(MAX_TENANTS),
        "livekit_trunk_id": _CONFIG,
        "headers": _HEADERS,
        "numbers": _of(MAX_NUMBERS),
        "transfer_host": _CONFIG,
        "failover_sip_codes": _of(MAX_SIP_CODES),
        "outcomes": _of(MAX_OUTCOMES),
    },
    "TrunkOutcome": {"text": _CONFIG},
    "TrunkCallees": {"extensions": _texts(MAX_LISTED), "sip_users": _texts(MAX_LISTED)},
    "InlineTrunk": {
        "hostname": _CONFIG,
        "username": _CONFIG,
        "password_from": _CONFIG,
        "from_host": _CONFIG,
    },
    "NumberFormat": {"prefix": _CONFIG, "country": _CONFIG},
    "TrunkNumber": {"number": _CONFIG, "country": _CONFIG, "tenant_id": _CONFIG},
}

_ADMINISTRATION: Limits = {
    "CreateApiKeyRequest": {
        "tenant_id": _ID,
        "rights": _ENUMS,
        "allowed_addresses": _texts(MAX_ADDRESSES),
    },
    "RevokeApiKeyRequest": {"key": _ID},
    "ListApiKeysRequest": {"tenant_id": _ID},
    "ListTrunkHealthRequest": {"trunk_id": _ID},
    "ResetTrunkRequest": {"trunk_id": _ID},
    "AddDoNotCallRequest": {"tenant_id": _ID, "numbers": _IDS},
    "RemoveDoNotCallRequest": {"tenant_id": _ID, "numbers": _IDS},
    "ListDoNotCallRequest": {
        "tenant_id": _ID,
        "number": _ID,
        "page_token": _text(MAX_TOKEN_BYTES),
    },
    "ListWebhookDeliveriesRequest": {
        "tenant_id": _ID,
        "webhook_id": _ID,
        "states": _ENUMS,
        "page_token": _text(MAX_TOKEN_BYTES),
    },
    "ReplayWebhookDeliveriesRequest": {
        "tenant_id": _ID,
        "webhook_id": _ID,
        "sequences": _of(MAX_SEQUENCES),
    },
}

_AUDIT: Limits = {
    "AuditFilter": {
        **dict.fromkeys(("tenant_id", "call_id", "actor", "method", "outcome", "number"), _ID),
        "kinds": _ENUMS,
    },
    "GetAuditReceiptRequest": {"call_id": _ID},
    "VerifyAuditLogRequest": {"checkpoints": _texts(MAX_CHECKPOINTS, MAX_CHECKPOINT_BYTES)},
    "ListAuditEventsRequest": {"page_token": _text(MAX_TOKEN_BYTES)},
}

_LIVEKIT: Limits = {
    "livekit.CreateSIPParticipantRequest": {
        "sip_trunk_id": _ID,
        "sip_call_to": _ID,
        "to_user_override": _ID,
        "sip_number": _ID,
        "room_name": _NAME,
        "participant_identity": _NAME,
        "participant_name": _NAME,
        "participant_metadata": _METADATA,
        "participant_attributes": _ATTRIBUTES,
        "dtmf": _ID,
        "headers": _HEADERS,
        "display_name": _ID,
    },
    "livekit.SIPOutboundConfig": {
        "hostname": _ID,
        "destination_country": _ID,
        "auth_username": _ID,
        "auth_password": _ID,
        "headers_to_attributes": _HEADERS,
        "attributes_to_headers": _HEADERS,
        "from_host": _ID,
    },
    "livekit.SIPRequestDest": {"raw": _ID},
    "livekit.SIPUri": {"user": _ID, "host": _ID, "ip": _ID},
    "livekit.SIPNamedDest": {"display_name": _ID, "raw": _ID},
    "livekit.SIPMediaConfig": {"codecs": _of(request_checks.MAX_CODECS)},
    "livekit.SIPCodec": {"name": _ID},
    "livekit.Destination": {"city": _ID, "country": _ID, "region": _ID},
    "livekit.TransferSIPParticipantRequest": {
        "room_name": _NAME,
        "participant_identity": _NAME,
        "transfer_to": _ID,
        "headers": _HEADERS,
    },
    "livekit.ListSIPOutboundTrunkRequest": {"trunk_ids": _IDS, "numbers": _IDS},
    "livekit.Pagination": {"after_id": _ID},
    "livekit.DeleteRoomRequest": {"room": _NAME},
    "livekit.ListRoomsRequest": {"names": _IDS},
    "livekit.ListParticipantsRequest": {"room": _NAME},
    "livekit.RoomParticipantIdentity": {"room": _NAME, "identity": _NAME},
    "livekit.CreateAgentDispatchRequest": {
        "agent_name": _NAME,
        "room": _NAME,
        "metadata": _METADATA,
        "deployment": _ID,
        "attributes": _ATTRIBUTES,
    },
    "livekit.ListAgentDispatchRequest": {"dispatch_id": _ID, "room": _NAME},
    "livekit.DeleteAgentDispatchRequest": {"dispatch_id": _ID, "room": _NAME},
}

LIMITS: Limits = {**_CALLS, **_TENANTS, **_TRUNKS, **_ADMINISTRATION, **_AUDIT, **_LIVEKIT}
"""By message (ours by their short names) and field."""
