"""Results of administration → messages of `AdminService`."""

from collections.abc import Sequence

from gateway.domain.admin.requests import Applied
from gateway.domain.config.diff import ConfigChange
from gateway.domain.declaring.record import InboundAction, InboundRecord
from gateway.domain.routing import trunk_health as health
from gateway.ports import ApiKey
from gateway.ports.do_not_call import ListedNumber
from gateway.service.api.admin.applying import ConfigInForce
from gateway.service.api.admin.do_not_call import PageOfNumbers
from gateway.service.api.admin.service import NewKey
from gateway.telephony.v1 import admin_pb2
from gateway.wire.config import document as config_document
from gateway.wire.fields_v1 import number_of, put_span, put_time
from gateway.wire.fitting import within

MAX_CHANGES = 1000
MAX_CHANGES_BYTES = 2 * 1024 * 1024
"""The calls that would be routed differently are in the same response."""
MAX_WARNINGS = 100
MAX_INBOUND = 1000


def applied(value: Applied) -> admin_pb2.ApplyConfigResponse:
    """ApplyConfigResponse."""
    changes = within(map(config_change, value.changes[:MAX_CHANGES]), MAX_CHANGES_BYTES)
    inbound = inbound_objects(value.inbound)
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
        inbound=inbound,
        inbound_error=value.inbound_error,
        more_inbound=len(value.inbound) - len(inbound),
    )


def config_change(value: ConfigChange) -> admin_pb2.ConfigChange:
    """One difference."""
    return admin_pb2.ConfigChange(path=value.path, before=value.before, after=value.after)


def got_config(value: ConfigInForce) -> admin_pb2.GetConfigResponse:
    """GetConfigResponse."""
    stored, seen = value.stored, value.inbound
    if stored is None:
        return admin_pb2.GetConfigResponse()
    inbound = inbound_objects(seen.records)
    message = admin_pb2.GetConfigResponse(
        config=config_document.from_document(stored.document),
        version=stored.version,
        inbound=inbound,
        more_inbound=len(seen.records) - len(inbound),
    )
    put_time(message.apply_time, stored.create_time)
    put_time(message.inbound_look_time, seen.look_time)
    return message


def inbound_objects(values: Sequence[InboundRecord]) -> Sequence[admin_pb2.InboundObject]:
    """As many as fit, those that failed first."""
    told = sorted(values, key=lambda one: not one.error)[:MAX_INBOUND]
    return within(map(inbound_object, told), MAX_CHANGES_BYTES)


def inbound_object(value: InboundRecord) -> admin_pb2.InboundObject:
    """How LiveKit has a declared object."""
    message = admin_pb2.InboundObject(
        path=value.key.path,
        tenant_id=value.key.tenant_id,
        livekit_id=value.platform_id,
        state=number_of(admin_pb2.InboundState.DESCRIPTOR, value.state),
        changes=map(config_change, value.changes),
        error=value.error,
    )
    if value.action is not InboundAction.NONE:
        message.action = number_of(admin_pb2.InboundAction.DESCRIPTOR, value.action)
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


def added_do_not_call(_value: None) -> admin_pb2.AddDoNotCallResponse:
    """AddDoNotCallResponse has no fields."""
    return admin_pb2.AddDoNotCallResponse()


def removed_do_not_call(_value: None) -> admin_pb2.RemoveDoNotCallResponse:
    """RemoveDoNotCallResponse has no fields."""
    return admin_pb2.RemoveDoNotCallResponse()


def page_of_numbers(value: PageOfNumbers) -> admin_pb2.ListDoNotCallResponse:
    """ListDoNotCallResponse."""
    return admin_pb2.ListDoNotCallResponse(
        entries=[do_not_call_entry(one) for one in value.numbers],
        next_page_token=value.next_page_token,
    )


def do_not_call_entry(value: ListedNumber) -> admin_pb2.DoNotCallEntry:
    """A listed number, or its hash."""
    message = admin_pb2.DoNotCallEntry(
        number="" if value.is_hashed else value.form,
        number_hash=value.form if value.is_hashed else "",
    )
    put_time(message.create_time, value.create_time)
    return message
