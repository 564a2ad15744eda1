"""AdminService: keys and trunk health, by operators and by tenants' administrators."""

from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.behaviour.administering import BOTH, apply, create_key, health, keys, message
from tests.behaviour.stand import Stand, configuration, eventually, phone, refusal, span
from tests.wires import RefusedError


async def test_a_revoked_key_is_refused(stand: Stand) -> None:
    """Its tokens are no longer valid, though they have not expired."""
    operator = await stand.client("")
    asked = calls_pb2.ListCallsRequest()
    (key,) = await keys(operator, "globex")
    await stand.globex.call("ListCalls", asked)
    await operator.call("RevokeApiKey", admin_pb2.RevokeApiKeyRequest(key=key.key))

    async def refused() -> bool:
        try:
            await stand.globex.call("ListCalls", asked)
        except RefusedError as error:
            return error.reason == "UNAUTHENTICATED"
        return False

    assert await eventually(refused)


async def test_a_key_is_made_listed_and_revoked(stand: Stand) -> None:
    """Its secret is told once; revoked, it is refused, and stays in the list."""
    operator = await stand.client("")
    made = await create_key(operator, tenant_id="acme", rights=["RIGHT_CALL", "RIGHT_TENANT_ADMIN"])
    assert made.secret
    listed = await keys(operator, "acme")
    assert made.key in listed
    assert made.secret not in str(listed)
    request = admin_pb2.RevokeApiKeyRequest(key=made.key.key)
    revoked = (await operator.call("RevokeApiKey", request)).key
    assert revoked.HasField("revoke_time")
    assert (await operator.call("RevokeApiKey", request)).key == revoked
    request = admin_pb2.RevokeApiKeyRequest(key="GWnone")
    refused = await refusal(operator.call("RevokeApiKey", request))
    assert (refused.code, refused.reason) == ("not_found", "API_KEY_NOT_FOUND")


async def test_an_operators_key_is_of_no_tenant(stand: Stand) -> None:
    """Without a tenant it is an operator's; with both, or with an unknown tenant, none is made."""
    operator = await stand.client("")
    made = await create_key(operator)
    assert (made.key.tenant_id, list(made.key.rights)) == ("", [admin_pb2.RIGHT_OPERATOR])
    for fields in ({"tenant_id": "acme", "rights": ["RIGHT_OPERATOR"]}, {"tenant_id": "nobody"}):
        assert (await refusal(create_key(operator, **fields))).reason == "INVALID_FIELD"


async def test_an_administrator_of_a_tenant_reaches_its_own_keys(stand: Stand) -> None:
    """It makes, lists and revokes its tenant's keys; others do not exist for it."""
    admin = await stand.client("acme", *BOTH)
    theirs = await keys(await stand.client(""), "globex")
    made = await create_key(admin)
    assert (made.key.tenant_id, list(made.key.rights)) == ("acme", [admin_pb2.RIGHT_CALL])
    assert {key.tenant_id for key in await keys(admin)} == {"acme"}
    assert await keys(admin, "globex") == await keys(admin, "nobody") == []
    await admin.call("RevokeApiKey", admin_pb2.RevokeApiKeyRequest(key=made.key.key))
    asked = (
        admin.call("RevokeApiKey", admin_pb2.RevokeApiKeyRequest(key=key))
        for key in (theirs[0].key, "GWnone")
    )
    first, second = [await refusal(each) for each in asked]
    assert (first.code, first.reason) == (second.code, second.reason)
    assert (first.code, first.reason) == ("not_found", "API_KEY_NOT_FOUND")
    for fields in (
        {"tenant_id": "globex"},
        {"tenant_id": "nobody"},
        {"rights": ["RIGHT_OPERATOR"]},
    ):
        assert (await refusal(create_key(admin, **fields))).reason == "PERMISSION_DENIED"


async def test_trunks_tell_how_they_stand(stand: Stand) -> None:
    """Calls, failures and answers are counted for each trunk and destination."""
    operator = await stand.client("")
    for digits in ("08", "01"):
        await stand.acme.place(phone(digits), wait_until_answered=True)

    async def counted() -> admin_pb2.TrunkHealth | None:
        (trunk,) = await health(operator, trunk_id="acme-main")
        return trunk if trunk.traffic.calls == 2 else None

    trunk = await eventually(counted)
    assert trunk is not None
    assert trunk.state == admin_pb2.TRUNK_HEALTH_STATE_HEALTHY
    assert (trunk.traffic.answered_calls, trunk.traffic.answer_seizure_ratio) == (1, 0.5)
    assert trunk.traffic.failed_calls == 0
    assert trunk.traffic.duration.ToTimedelta().total_seconds() > 0
    assert [(one.destination, one.traffic.calls) for one in trunk.destinations] == [("+1", 2)]
    assert len(await health(operator)) == len(configuration(stand.trunk)["trunks"])
    refused = await refusal(health(operator, window=span(0)))
    assert refused.fields == ("window",)


async def test_a_tenant_sees_its_own_trunks_health(stand: Stand) -> None:
    """Another tenant's trunk does not exist for it."""
    admin = await stand.client("globex", *BOTH)
    assert [trunk.trunk_id for trunk in await health(admin)] == ["globex-main"]
    refused = await refusal(health(admin, trunk_id="acme-main"))
    assert (refused.code, refused.reason) == ("not_found", "TRUNK_NOT_FOUND")
    assert str(refused).replace("acme-main", "x") == str(
        await refusal(health(admin, trunk_id="nowhere"))
    ).replace("nowhere", "x")


async def test_a_quarantine_ends_when_it_is_reset(stand: Stand) -> None:
    """ResetTrunk holds a trunk to be healthy, whatever it did before."""
    operator = await stand.client("")
    config = configuration(stand.trunk)
    config["trunks"][0]["health"] = {"min_calls": 1, "failure_percent": 1, "quarantine": "3600s"}
    await apply(operator, message(config))
    await stand.acme.place(phone("06"), wait_until_answered=True, trunk_id="acme-main")

    async def quarantined() -> bool:
        (trunk,) = await health(operator, trunk_id="acme-main")
        return bool(trunk.state == admin_pb2.TRUNK_HEALTH_STATE_QUARANTINED and trunk.cause)

    await eventually(quarantined)
    request = admin_pb2.ResetTrunkRequest(trunk_id="acme-main")
    reset = (await operator.call("ResetTrunk", request)).trunk
    assert reset.state == admin_pb2.TRUNK_HEALTH_STATE_HEALTHY
    (trunk,) = await health(operator, trunk_id="acme-main")
    assert trunk.state == admin_pb2.TRUNK_HEALTH_STATE_HEALTHY
    nowhere = admin_pb2.ResetTrunkRequest(trunk_id="nowhere")
    assert (await refusal(operator.call("ResetTrunk", nowhere))).reason == "TRUNK_NOT_FOUND"
