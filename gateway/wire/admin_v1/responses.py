"""Results of administration → messages of `AdminService`."""

from collections.abc import Sequence

from gateway.domain.admin.requests import Applied
from gateway.domain.routing import trunk_health as health
from gateway.ports import ApiKey, StoredConfig
from gateway.service.api.admin.service import NewKey
from gateway.telephony.v1 import admin_pb2
from gateway.wire.config import document as config_document
from gateway.wire.fields_v1 import number_of, put_span, put_time
from gateway.wire.fitting import within

MAX_CHANGES = 1000
MAX_CHANGES_BYTES = 2 * 1024 * 1024
"""The calls that would be routed differently are in the same response."""
MAX_WARNINGS = 100


def applied(value: Applied) -> admin_pb2.ApplyConfigResponse:
    """ApplyConfigResponse."""
    changes = within(
        (
            admin_pb2.ConfigChange(path=one.path, before=one.before, after=one.after)
            for one in value.changes[:MAX_CHANGES]
        ),
        MAX_CHANGES_BYTES,
    )
    return admin_pb2.ApplyConfigResponse(
        version=value.version,
        changes=changes,
        more_changes=len(value.changes) - len(changes),
        reroutes=[
            admin_pb2.Reroute(
                call_id=one.call_id,
                tenant_id=one.tenant_id,
                to=one.to,
                trunk_id=one.trunk_id,
                new_trunk_id=one.new_trunk_id,
                reason=one.reason,
                message=one.message,
            )
            for one in value.reroutes
        ],
        replayed_calls=value.replayed_calls,
        warnings=[
            admin_pb2.ConfigWarning(field=one.field, description=one.description)
            for one in value.warnings[:MAX_WARNINGS]
        ],
        more_warnings=max(0, len(value.warnings) - MAX_WARNINGS),
    )


def got_config(value: StoredConfig | None) -> admin_pb2.GetConfigResponse:
    """GetConfigResponse."""
    if value is None:
        return admin_pb2.GetConfigResponse()
    message = admin_pb2.GetConfigResponse(
        config=config_document.from_document(value.document), version=value.version
    )
    put_time(message.apply_time, value.create_time)
    return message


def made_key(value: NewKey) -> admin_pb2.CreateApiKeyResponse:
    """CreateApiKeyResponse."""
    return admin_pb2.CreateApiKeyResponse(key=api_key(value.key), secret=value.secret)


def revoked_key(value: ApiKey) -> admin_pb2.RevokeApiKeyResponse:
    """RevokeApiKeyResponse."""
    return admin_pb2.RevokeApiKeyResponse(key=api_key(value))


def keys(value: Sequence[ApiKey]) -> admin_pb2.ListApiKeysResponse:
    """ListApiKeysResponse."""
    told = within(api_key(one) for one in value)
    return admin_pb2.ListApiKeysResponse(keys=told, more_keys=len(value) - len(told))


def api_key(value: ApiKey) -> admin_pb2.ApiKey:
    """A key without its secret."""
    names = admin_pb2.Right.DESCRIPTOR
    message = admin_pb2.ApiKey(
        key=value.key,
        tenant_id=value.tenant_id,
        rights=sorted(number_of(names, right) for right in value.rights),
        allowed_addresses=value.allowed_addresses,
    )
    put_time(message.create_time, value.create_time)
    put_time(message.revoke_time, value.revoke_time)
    put_time(message.expire_time, value.expire_time)
    put_time(message.last_use_time, value.last_use_time)
    return message


def trunks_health(value: Sequence[health.TrunkHealth]) -> admin_pb2.ListTrunkHealthResponse:
    """ListTrunkHealthResponse."""
    told = within(trunk_health(one) for one in value)
    return admin_pb2.ListTrunkHealthResponse(trunks=told, more_trunks=len(value) - len(told))


def reset_trunk(value: health.TrunkHealth) -> admin_pb2.ResetTrunkResponse:
    """ResetTrunkResponse."""
    return admin_pb2.ResetTrunkResponse(trunk=trunk_health(value))


def trunk_health(value: health.TrunkHealth) -> admin_pb2.TrunkHealth:
    """The health of a trunk."""
    message = admin_pb2.TrunkHealth(
        trunk_id=value.trunk_id,
        state=number_of(admin_pb2.TrunkHealthState.DESCRIPTOR, value.health),
        cause=value.cause,
        traffic=_traffic(value.traffic),
        destinations=[
            admin_pb2.DestinationTraffic(destination=name, traffic=_traffic(traffic))
            for name, traffic in value.destinations
        ],
    )
    put_time(message.since_time, value.since)
    put_time(message.until_time, value.until)
    return message


def _traffic(value: health.TrunkTraffic) -> admin_pb2.TrunkTraffic:
    message = admin_pb2.TrunkTraffic(
        calls=value.calls,
        failed_calls=value.failed_calls,
        answered_calls=value.answered_calls,
        answer_seizure_ratio=value.answer_seizure_ratio,
    )
    put_span(message.post_dial_delay, value.post_dial_delay)
    put_span(message.duration, value.duration)
    return message
