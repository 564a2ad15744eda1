"""`gateway apply` of inbound trunks and rules: with LiveKit in reach, and without."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from livekit import api
from livekit.protocol import sip

from gateway.build import declaring
from gateway.build.certificates import Sources
from gateway.build.ground import administration
from gateway.cli.config import refuse_failed
from gateway.cli.output import CommandError
from gateway.domain.admin.requests import Applied
from gateway.domain.config.diff import ConfigChange
from gateway.domain.declaring.record import InboundPlace, new_record
from gateway.domain.inbound.objects import InboundKey, InboundKind
from gateway.ports import StoredConfig
from gateway.service.api.admin.applying import ConfigInForce
from gateway.service.declaring.inbound import InboundSeen
from gateway.settings import Settings
from gateway.wire.admin_v1 import responses
from tests.cli.conftest import CommandLine
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.clocks import NOON

NUMBER = "+15005550144"
CONFIG = f"""
tenants:
  - tenant_id: cli
    inbound:
      trunks:
        - trunk_id: main
          numbers: ["{NUMBER}"]
          allowed_addresses: [203.0.113.7]
      dispatch_rules:
        - rule_id: desk
          individual: {{room_prefix: cli-in}}
"""
TRUNK, RULE = "tenants[cli].inbound.trunks[main]", "tenants[cli].inbound.dispatch_rules[desk]"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration."""
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def reaching(local: CommandLine, file: Path, livekit_stack: LiveKitStack) -> Iterator[CommandLine]:
    """The command line where LiveKit's address and key are set; it leaves nothing there."""
    livekit = {
        "LIVEKIT_URL": livekit_stack.url,
        "LIVEKIT_API_KEY": livekit_stack.api_key,
        "LIVEKIT_API_SECRET": livekit_stack.api_secret,
    }
    made = CommandLine({**local.environment, **livekit})
    yield made
    file.write_text("tenants: []")
    assert made("apply", str(file)).code == 0


def test_without_livekit_a_gateway_does_it(local: CommandLine, file: Path) -> None:
    """The configuration is in force, and the command says who makes LiveKit so."""
    applied = local("apply", str(file))
    assert applied.code == 0
    assert (
        "! inbound: LiveKit is not configured here and was not asked: a running gateway does it"
        in applied.out
    )
    assert applied.out.endswith("version 1 is in force\n")


def test_a_failure_among_many_is_told_and_counts() -> None:
    """However many objects there are: what failed comes first, and what is left out is counted."""
    change = ConfigChange("numbers", "", "x" * 1000)
    key = InboundKey("acme", InboundKind.TRUNK, "main")
    one = replace(new_record(key, InboundPlace.LIVE, NOON), changes=(change,) * 4)
    few_failed = Applied(version=1, inbound=(one,) * 999 + (replace(one, error="no"),))
    answer = responses.applied(few_failed)
    assert 0 < len(answer.inbound) == 1000 - answer.more_inbound < 1000
    assert [told.error for told in answer.inbound[:2]] == ["no", ""]
    assert answer.ByteSize() <= responses.MAX_CHANGES_BYTES
    small = [replace(one, changes=())] * 1002
    stored = StoredConfig(version=1, document="{}", source_digest="", create_time=NOON)
    got = responses.got_config(ConfigInForce(stored, InboundSeen(small)))
    assert (len(got.inbound), got.more_inbound) == (1000, 2)
    with pytest.raises(CommandError) as refused:
        refuse_failed(few_failed)
    assert refused.value.args[0] == f"{key.path}: no"
    all_failed = Applied(version=1, inbound=(replace(one, error="no"),) * 1000)
    with pytest.raises(CommandError, match=r": no; and 980 more$"):
        refuse_failed(all_failed)


async def test_a_command_that_fails_leaves_no_certificates_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a command are closed also where its platform cannot be made."""
    closed = Mock()
    monkeypatch.setattr(Sources, "close", closed)
    monkeypatch.setattr(declaring, "platforms_of", Mock(side_effect=OSError("no such host")))
    settings = Settings.model_validate(
        {
            "GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path / 'gateway.db'}",
            "LIVEKIT_URL": "http://127.0.0.1:1",
            "LIVEKIT_API_KEY": "key",
            "LIVEKIT_API_SECRET": "x" * 32,
        }
    )
    with pytest.raises(OSError, match="no such host"):
        async with administration(settings) as opened, declaring.applying(settings, opened):
            raise AssertionError
    closed.assert_called_once_with()


@pytest.mark.livekit
def test_with_livekit_it_is_made_and_told(reaching: CommandLine, file: Path) -> None:
    """The rehearsal tells what would be made, the command makes it, and again makes nothing."""
    rehearsed = reaching("apply", str(file), "--dry-run")
    assert rehearsed.code == 0
    assert f"+ LiveKit {TRUNK}\n" in rehearsed.out
    assert f'    + numbers: ["{NUMBER}"]\n' in rehearsed.out
    applied = reaching("apply", str(file))
    assert applied.code == 0
    assert re.search(rf"^\+ LiveKit {re.escape(RULE)} \(SDR_\w+\)$", applied.out, re.MULTILINE)
    assert "LiveKit" not in reaching("apply", str(file)).out


@pytest.mark.livekit
def test_what_livekit_has_of_others_fails_the_command(
    reaching: CommandLine, file: Path, livekit_stack: LiveKitStack
) -> None:
    """Another trunk with the number is named; the exit code says that LiveKit is not so."""

    async def make(client: api.LiveKitAPI) -> str:
        trunk = sip.SIPInboundTrunkInfo(name="by hand", numbers=[NUMBER])
        request = sip.CreateSIPInboundTrunkRequest(trunk=trunk)
        return (await client.sip.create_inbound_trunk(request)).sip_trunk_id

    made = livekit_stack.ask(make)
    applied = reaching("apply", str(file))
    assert applied.code == 1
    assert f"{TRUNK}: the number {NUMBER} is taken by {made} (by hand)" in applied.err
    assert "version 1 is in force" in applied.out
    delete = sip.DeleteSIPTrunkRequest(sip_trunk_id=made)
    livekit_stack.ask(lambda client: client.sip.delete_trunk(delete))
