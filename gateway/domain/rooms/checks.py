"""The rules for the fields of requests about rooms and agents, each by itself."""

from gateway.domain import fields
from gateway.domain.calls.checks import attributes, metadata
from gateway.domain.rooms.requests import CreateDispatch
from gateway.domain.together import Together
from gateway.errors import invalid_field

MAX_DEPLOYMENT = 64


def create_dispatch(asked: CreateDispatch) -> None:
    """Every field that can be checked by itself; agent and room are the tenant's affair."""
    with Together() as check:
        check(_room, asked.room)
        check(fields.name, "agent_name", asked.agent_name)
        check(metadata, "metadata", asked.agent_metadata)
        check(attributes, asked.agent_attributes, "attributes")
        check(_deployment, asked.deployment)


def _room(name: str) -> None:
    if not name:
        raise invalid_field("room", "is required")
    fields.name("room", name)


def _deployment(value: str) -> None:
    """As LiveKit takes it."""
    fields.plain("deployment", value, MAX_DEPLOYMENT)
    if " " in value or "_" in value:
        raise invalid_field("deployment", "must not contain spaces or _")
