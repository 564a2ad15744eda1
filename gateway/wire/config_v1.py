"""The configuration: YAML ⇄ `gateway.telephony.v1.Config` ⇄ the domain's."""

import json
import re

import yaml
from google.protobuf import json_format

from gateway.domain.config_rules import violations
from gateway.domain.tenant import (
    Config,
    Route,
    RouteTarget,
    Tenant,
    TransferSupport,
    Trunk,
    TrunkNumber,
)
from gateway.domain.timeouts import DEFAULT_MAX_RINGING, TimeoutPolicy
from gateway.errors import FieldViolation, GatewayError, Reason
from gateway.ports import StoredConfig
from gateway.telephony.v1 import admin_pb2
from gateway.wire.fields_v1 import enum_of, span_of


class _Texts(yaml.SafeLoader):
    """Numbers, dates and `no` stay the texts they are written as: +49 keeps its +."""


_Texts.yaml_implicit_resolvers = {}
_Texts.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)
_Texts.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(~|null|)\Z"), ["~", "n", ""])
_Texts.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"<<\Z"), ["<"])


def from_yaml(text: str) -> admin_pb2.Config:
    """The configuration in a YAML document, checked as a whole. Raises CONFIG_INVALID."""
    try:
        document = yaml.load(text, Loader=_Texts)  # noqa: S506  a safe loader
    except yaml.YAMLError as broken:
        raise _invalid([FieldViolation("", f"is no YAML: {broken}")]) from None
    if not isinstance(document, dict):
        raise _invalid([FieldViolation("", "must be a mapping with tenants and trunks")])
    try:
        message = json_format.ParseDict(document, admin_pb2.Config())
    except (json_format.ParseError, SystemError) as broken:  # the latter for a lone surrogate
        raise _invalid([FieldViolation("", str(broken))]) from None
    check(message)
    return message


def check(message: admin_pb2.Config) -> Config:
    """The domain's configuration, if it has no mistake. Raises CONFIG_INVALID with each."""
    try:
        config = _config(message, 0)
    except GatewayError as broken:
        raise _invalid(broken.violations) from None
    if found := violations(config):
        raise _invalid(found)
    return config


def to_document(message: admin_pb2.Config) -> str:
    """As the store keeps it: proto JSON with the proto's field names, always the same way."""
    fields = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return json.dumps(fields, sort_keys=True, ensure_ascii=False)


def from_document(document: str) -> admin_pb2.Config:
    """The message that `to_document` wrote; fields of a later version are passed over."""
    return json_format.Parse(document, admin_pb2.Config(), ignore_unknown_fields=True)


def config_of(stored: StoredConfig | None) -> Config:
    """The domain's configuration of a stored one; an empty one while there is none."""
    return _config(from_document(stored.document), stored.version) if stored else Config()


def _config(message: admin_pb2.Config, version: int) -> Config:
    return Config(
        version=version,
        tenants=tuple(_tenant(tenant) for tenant in message.tenants),
        trunks=tuple(_trunk(trunk) for trunk in message.trunks),
    )


def _tenant(message: admin_pb2.Tenant) -> Tenant:
    policy = message.timeouts
    longest = span_of(policy, "max_ringing_timeout")
    return Tenant(
        tenant_id=message.tenant_id,
        rooms=tuple(message.rooms),
        routes=tuple(_route(route) for route in message.routes),
        timeouts=TimeoutPolicy(
            ringing_timeout=span_of(policy, "ringing_timeout"),
            max_ringing_timeout=DEFAULT_MAX_RINGING if longest is None else longest,
            max_duration=span_of(policy, "max_duration"),
        ),
        sip_hosts=tuple(message.sip_hosts),
        allowed_headers=tuple(message.allowed_headers),
        sandbox=message.sandbox,
    )


def _route(message: admin_pb2.Route) -> Route:
    return Route(
        route_id=message.route_id,
        prefixes=tuple(message.match.prefixes),
        targets=tuple(RouteTarget(t.trunk_id, t.priority) for t in message.targets),
        ringing_timeout=span_of(message, "ringing_timeout"),
        block=message.block,
    )


def _trunk(message: admin_pb2.Trunk) -> Trunk:
    modes = admin_pb2.TrunkTransferMode.DESCRIPTOR
    mode = enum_of(modes, message.transfer_mode, TransferSupport, "transfer_mode")
    return Trunk(
        trunk_id=message.trunk_id,
        tenant_ids=tuple(message.tenant_ids),
        livekit_trunk_id=message.livekit_trunk_id,
        headers=dict(message.headers),
        numbers=tuple(TrunkNumber(n.number, n.country, n.tenant_id) for n in message.numbers),
        transfer_mode=mode or TransferSupport.TEL,
        transfer_host=message.transfer_host,
        enabled=message.enabled if message.HasField("enabled") else True,
    )


def _invalid(found: tuple[FieldViolation, ...] | list[FieldViolation]) -> GatewayError:
    told = "; ".join(f"{v.field}: {v.description}" if v.field else v.description for v in found)
    return GatewayError(
        Reason.CONFIG_INVALID,
        told,
        {"mistakes": str(len(found)), "field": found[0].field},
        violations=tuple(found),
    )
