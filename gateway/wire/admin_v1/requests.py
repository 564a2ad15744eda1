"""Messages of `AdminService` → the domain's requests."""

from gateway.domain.admin.requests import (
    ApplyConfig,
    ChangeDoNotCall,
    CreateApiKey,
    ListApiKeys,
    ListDoNotCall,
    ListTrunkHealth,
    Proposal,
    ResetTrunk,
    RevokeApiKey,
)
from gateway.domain.tenant import Right
from gateway.domain.together import Together
from gateway.errors import invalid_field
from gateway.telephony.v1 import admin_pb2
from gateway.wire.config import document as config_document
from gateway.wire.fields_v1 import enum_of, span_of, time_of


def apply_config(message: admin_pb2.ApplyConfigRequest) -> ApplyConfig:
    """ApplyConfigRequest; the configuration itself is decoded when it is judged."""
    if not message.HasField("config"):
        raise invalid_field("config", "is required")
    expected = message.expected_version if message.HasField("expected_version") else None
    return ApplyConfig(
        judge=lambda: proposal(message.config),
        expected_version=expected,
        dry_run=message.dry_run,
        replay_calls=message.replay_calls,
    )


def proposal(message: admin_pb2.Config) -> Proposal:
    """A Config without mistakes. Raises CONFIG_INVALID with every mistake."""
    return Proposal(
        config=config_document.check(message), document=config_document.to_document(message)
    )


def get_config(_message: admin_pb2.GetConfigRequest) -> None:
    """GetConfigRequest has no fields."""


def create_api_key(message: admin_pb2.CreateApiKeyRequest) -> CreateApiKey:
    """CreateApiKeyRequest."""
    names = admin_pb2.Right.DESCRIPTOR
    with Together() as check:
        rights = [check(enum_of, names, number, Right, "rights") for number in message.rights]
        expire_time = check(time_of, message, "expire_time")
    return CreateApiKey(
        tenant_id=message.tenant_id,
        rights=frozenset(right for right in rights if right is not None),
        expire_time=expire_time,
        allowed_addresses=tuple(message.allowed_addresses),
    )


def revoke_api_key(message: admin_pb2.RevokeApiKeyRequest) -> RevokeApiKey:
    """RevokeApiKeyRequest."""
    if not message.key:
        raise invalid_field("key", "is required")
    return RevokeApiKey(key=message.key)


def list_api_keys(message: admin_pb2.ListApiKeysRequest) -> ListApiKeys:
    """ListApiKeysRequest."""
    return ListApiKeys(tenant_id=message.tenant_id)


def list_trunk_health(message: admin_pb2.ListTrunkHealthRequest) -> ListTrunkHealth:
    """ListTrunkHealthRequest."""
    return ListTrunkHealth(trunk_id=message.trunk_id, window=span_of(message, "window"))


def reset_trunk(message: admin_pb2.ResetTrunkRequest) -> ResetTrunk:
    """ResetTrunkRequest."""
    return ResetTrunk(trunk_id=message.trunk_id)


def change_do_not_call(
    message: admin_pb2.AddDoNotCallRequest | admin_pb2.RemoveDoNotCallRequest,
) -> ChangeDoNotCall:
    """AddDoNotCallRequest or RemoveDoNotCallRequest."""
    return ChangeDoNotCall(tenant_id=message.tenant_id, numbers=tuple(message.numbers))


def list_do_not_call(message: admin_pb2.ListDoNotCallRequest) -> ListDoNotCall:
    """ListDoNotCallRequest."""
    return ListDoNotCall(
        tenant_id=message.tenant_id,
        number=message.number,
        page_size=message.page_size,
        page_token=message.page_token,
    )
