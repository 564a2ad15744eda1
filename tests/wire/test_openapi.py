"""docs/openapi.yaml, which users of JSON read, says what the gateway really takes and answers."""

from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.domain.tenant import Right
from tests.stands.phones import ANSWERS, BUSY
from tests.stands.stand import Stand, on_sandbox

ROOT = Path(__file__).parents[2]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DOCUMENT: dict[str, Any] = yaml.load((ROOT / "docs" / "openapi.yaml").read_text(), LOADER)  # noqa: S506
PACKAGE = "gateway.telephony.v1"
METHODS = [
    method
    for path in sorted((ROOT / "proto" / PACKAGE.replace(".", "/")).glob("*.proto"))
    for service in import_module(f"{PACKAGE}.{path.stem}_pb2").DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


def closed(schema: Any) -> Any:
    """The same, refusing properties that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    return made


COMPONENTS = closed(DOCUMENT["components"])


def faults(value: Any, schema: str) -> list[str]:
    """What is wrong with an answer of this kind."""
    whole = {"$ref": f"#/components/schemas/{schema}", "components": COMPONENTS}
    validator = OAS31Validator(whole, format_checker=OAS31Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


class Asking:
    """A tenant, an operator and a stranger that send JSON."""

    def __init__(
        self, stand: Stand, session: aiohttp.ClientSession, tokens: Mapping[str, str]
    ) -> None:
        self._stand = stand
        self._session = session
        self._tokens = tokens

    async def __call__(
        self, method: str, body: Any = None, *, who: str = "acme", service: str = "CallService"
    ) -> tuple[int, Any]:
        """The status and the JSON of the answer, which the document describes."""
        route = f"/twirp/{PACKAGE}.{service}/{method}"
        headers = {"Authorization": f"Bearer {self._tokens[who]}"} if who in self._tokens else {}
        url = f"http://127.0.0.1:{self._stand.gateway.http_port}{route}"
        async with self._session.post(url, json=body or {}, headers=headers) as reply:
            answer = await reply.json()
        told = DOCUMENT["paths"][route]["post"]["responses"][str(reply.status)]
        if reply.status == 200:
            ref = told["content"]["application/json"]["schema"]["$ref"]
            assert faults(answer, ref.rpartition("/")[2]) == []
        else:
            described = DOCUMENT["components"]["responses"][told["$ref"].rpartition("/")[2]]
            assert f"`{answer['code']}`" in described["description"]
            assert faults(answer, "Error") == []
        return reply.status, answer


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Asking]:
    """A gateway on the sandbox."""
    async with on_sandbox(tmp_path, "twirp+json") as stand, aiohttp.ClientSession() as session:
        operator = await stand.client("", Right.OPERATOR)
        yield Asking(stand, session, {"acme": stand.acme.token, "operator": operator.token})


def test_the_document_is_valid() -> None:
    """It is OpenAPI 3.1, without a fault."""
    found = OpenAPIV31SpecValidator(DOCUMENT).iter_errors()
    assert [error.message for error in found] == []


def test_every_unary_method_has_its_route() -> None:
    """Those that stream have none; each has its comment and its own id."""
    unary = [each for each in METHODS if not (each.server_streaming or each.client_streaming)]
    assert len(unary) > 20
    assert set(DOCUMENT["paths"]) == {
        f"/twirp/{each.containing_service.full_name}/{each.name}" for each in unary
    }
    operations = [path["post"] for path in DOCUMENT["paths"].values()]
    assert all(each["summary"] and each["description"] for each in operations)
    assert len({each["operationId"] for each in operations}) == len(unary)


def test_a_wrong_answer_would_be_found() -> None:
    """The schemas refuse a wrong type, a field that nobody knows, and one that is missing."""
    call = {"call_id": "c"}
    assert any("call_id" in fault for fault in faults({"call": {"call_id": 7}}, "GetCallResponse"))
    assert any("nonsense" in fault for fault in faults({"nonsense": 1}, "GetCallResponse"))
    assert any("required" in fault for fault in faults({"call": call}, "GetCallResponse"))
    assert any(
        "INVENTED" in fault for fault in faults({"call": {"state": "INVENTED"}}, "GetCallResponse")
    )


async def test_answers_are_as_described(asking: Asking) -> None:
    """Calls, their routes, events, transfers and trunks have the shapes that the document gives."""
    asked = {"to": ANSWERS, "wait_until_answered": True, "labels": {"team": "sales"}}
    status, placed = await asking("PlaceCall", asked)
    assert (status, placed["call"]["state"]) == (200, "CALL_STATE_ACTIVE")
    call = {"call_id": placed["call"]["call_id"]}
    await asking("PlaceCall", {"to": BUSY, "wait_until_answered": True, "validate_only": True})
    await asking("PlaceCall", {"to": BUSY, "waitUntilAnswered": True})
    transfer = {**call, "to": BUSY, "wait_until_settled": True, "ringing_timeout": "5s"}
    assert (await asking("TransferCall", transfer))[0] == 200
    for method in ("GetCall", "HoldCall", "ResumeCall", "ListTransfers", "HangUpCall"):
        assert (await asking(method, call))[0] == 200
    for method in ("ListCalls", "ListCallEvents", "ListTrunks"):
        body = {"after_sequence": "0"} if method == "ListCallEvents" else {}
        _, answer = await asking(method, body)
        assert any(isinstance(value, list) and value for value in answer.values())


async def test_operators_answers_are_as_described(asking: Asking) -> None:
    """The configuration, keys and the health of trunks too."""
    for method in ("GetConfig", "ListApiKeys", "ListTrunkHealth"):
        status, _ = await asking(method, who="operator", service="AdminService")
        assert status == 200
    made, _ = await asking(
        *("CreateApiKey", {"tenant_id": "acme"}), who="operator", service="AdminService"
    )
    assert made == 200


async def test_errors_are_as_described(asking: Asking) -> None:
    """Refusals have one shape, and the status that the document names for their code."""
    assert (await asking("ListCalls", who="nobody"))[0] == 401
    assert (await asking("GetCall", {"call_id": "call_unknown"}))[0] == 404
    status, error = await asking("PlaceCall", {"to": "5551234"})
    assert (status, error["meta"]["reason"], error["meta"]["field"]) == (400, "INVALID_FIELD", "to")
    assert (await asking("PlaceCall", {"to": 5}))[1]["code"] == "malformed"
    assert (await asking("GetConfig", service="AdminService"))[0] == 403


async def test_every_route_is_served(asking: Asking) -> None:
    """Whoever comes without a token learns at each that it needs one."""
    for route in DOCUMENT["paths"]:
        service, method = route.removeprefix(f"/twirp/{PACKAGE}.").split("/")
        assert (await asking(method, who="nobody", service=service))[0] == 401
