"""AdminService: keys and trunk health, by operators and by tenants' administrators."""

from datetime import UTC, datetime, timedelta

from gateway.domain.admin.key_rules import MAX_KEYS
from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.stands.administering import BOTH, apply, create_key, health, keys, message, settled
from tests.stands.phones import BUSY, CARRIER_FAILS, HANGS_UP
from tests.stands.stand import Client, Stand, configuration, refusal, span
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError


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


async def signing(stand: Stand, made: admin_pb2.CreateApiKeyResponse) -> Client:
    """A client that signs with a key that was just made."""
    store = stand.gateway.administration.store
    stored = await store.read(lambda tx: tx.keys())
    (key,) = (one for one in stored if one.key == made.key.key)
    await stand.gateway.administration.directory.refresh()
    return Client(stand.connect(), stand.gateway.administration.admin.sign(key))


async def is_refused(client: Client) -> bool:
    """Whether the client is unknown."""
    try:
        await client.call("ListCalls", calls_pb2.ListCallsRequest())
    except RefusedError as error:
        return error.reason == "UNAUTHENTICATED"
    return False


async def used_in_time(stand: Stand, operator: Client) -> tuple[Client, datetime]:
    """A client whose key was one, and when it expires.

    One that expires before the machine comes to use it says nothing: the next one lives longer.
    """
    for seconds in (5, 20, 80):
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        try:
            made = await create_key(operator, tenant_id="acme", expire_time=until)
        except RefusedError as late:
            if late.fields != ("expire_time",) or datetime.now(UTC) < until:
                raise
            continue
        assert made.key.expire_time.ToDatetime(UTC) == until
        assert made.key in await keys(operator, "acme")
        client = await signing(stand, made)
        if not await is_refused(client):
            return client, until
        assert datetime.now(UTC) >= until
    raise AssertionError("no key was ever one")


async def test_a_key_expires(stand: Stand) -> None:
    """Until its `expire_time` it is a key; from then on it is refused as a revoked one is."""
    operator = await stand.client("")
    client, until = await used_in_time(stand, operator)
    assert await eventually(lambda: is_refused(client))
    assert datetime.now(UTC) >= until
    records = await settled(stand, "CreateApiKey", 1)
    assert until.isoformat() in [record["request"]["expire_time"] for record in records]
    late = await refusal(create_key(operator, tenant_id="acme", expire_time=until))
    assert (late.reason, late.fields) == ("INVALID_FIELD", ("expire_time",))


async def test_a_key_is_bound_to_addresses(stand: Stand) -> None:
    """From elsewhere it is refused as an unknown key; ranges are written one way, and checked."""
    operator = await stand.client("")
    here = await create_key(operator, tenant_id="acme", allowed_addresses=["127.0.0.0/8", "0:0::1"])
    assert here.key.allowed_addresses == ["127.0.0.0/8", "::1/128"]
    there = await create_key(operator, tenant_id="acme", allowed_addresses=["10.0.0.0/8"])
    assert not await is_refused(await signing(stand, here))
    assert await is_refused(await signing(stand, there))
    records = await settled(stand, "CreateApiKey", 2)
    assert records[1]["request"]["allowed_addresses"] == ["10.0.0.0/8"]
    for wrong in ("10.0.0.7/8", "acme.example", "", "10.0.0.0/33", "fe80::1%eth0", "1" * 500):
        told = await refusal(create_key(operator, tenant_id="acme", allowed_addresses=[wrong]))
        assert told.fields == ("allowed_addresses[0]",)
    many = ["10.0.0.0/8"] * 17
    told = await refusal(create_key(operator, tenant_id="acme", allowed_addresses=many))
    assert told.fields == ("allowed_addresses",)


async def test_a_key_says_when_it_was_used(stand: Stand) -> None:
    """A key that was used shows since when about; one that was not shows nothing."""
    operator = await stand.client("")
    unused = await create_key(operator, tenant_id="acme")
    before = datetime.now(UTC)
    used = await create_key(operator, tenant_id="acme")
    assert not await is_refused(await signing(stand, used))

    async def shown() -> datetime | None:
        (found,) = (one for one in await keys(operator, "acme") if one.key == used.key.key)
        return found.last_use_time.ToDatetime(UTC) if found.HasField("last_use_time") else None

    at = await eventually(shown)
    assert at is not None
    assert before <= at <= datetime.now(UTC)
    assert unused.key in await keys(operator, "acme")


async def test_a_tenant_has_so_many_keys(stand: Stand) -> None:
    """At most 100 that hold; revoking one makes room, and another tenant is not concerned."""
    operator = await stand.client("")
    held = [key for key in await keys(operator, "acme") if not key.HasField("revoke_time")]
    admin = stand.gateway.administration.admin
    for _ in range(MAX_KEYS - len(held)):
        await admin.create_key("acme")
    told = await refusal(create_key(operator, tenant_id="acme"))
    assert (told.code, told.reason) == ("resource_exhausted", "TENANT_LIMIT")
    assert told.metadata["limit"] == "api_keys"
    assert (await create_key(operator, tenant_id="globex")).secret
    await operator.call("RevokeApiKey", admin_pb2.RevokeApiKeyRequest(key=held[0].key))
    assert (await create_key(operator, tenant_id="acme")).secret


async def test_trunks_tell_how_they_stand(stand: Stand) -> None:
    """Calls, failures and answers are counted for each trunk and destination."""
    operator = await stand.client("")
    for to in (HANGS_UP, BUSY):
        await stand.acme.place(to, wait_until_answered=True)

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
    await stand.acme.place(CARRIER_FAILS, wait_until_answered=True, trunk_id="acme-main")

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
