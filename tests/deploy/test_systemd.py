"""The systemd unit, as systemd reads it."""

import re
import shutil
from pathlib import Path

import pytest

from tests.deploy.tools import DEPLOY, run

UNIT = DEPLOY / "systemd" / "call-gateway.service"
EXPOSURE = "15"
"""In tenths: what systemd calls OK goes up to 40; root without any protection has 96."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd on this machine"
)


def told(name: str) -> list[str]:
    """The values of a setting."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


@needs_systemd
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """No setting is unknown, and none has a wrong value; the program is another one here."""
    unit = tmp_path / UNIT.name
    (program,) = re.findall(r"^ExecStart=(\S+)", UNIT.read_text(), re.MULTILINE)
    unit.write_text(UNIT.read_text().replace(program, shutil.which("true") or ""))
    checked = run(["systemd-analyze", "verify", "--man=no", str(unit)])
    assert (checked.code, checked.out + checked.err) == (0, "")


@needs_systemd
def test_the_service_is_hardened() -> None:
    """What systemd counts as exposed stays low."""
    checked = run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", str(UNIT)]
    )
    assert checked.code == 0, checked.out + checked.err


def test_a_drain_has_its_time() -> None:
    """Systemd kills only after the whole drain, and some."""
    (stop,) = told("TimeoutStopSec")
    environment = dict(each.split("=", 1) for each in told("Environment"))
    assert int(stop) >= int(environment["GATEWAY_DRAIN_TIMEOUT"]) + 10


def test_the_database_is_where_the_service_may_write() -> None:
    """All else is read only."""
    environment = dict(each.split("=", 1) for each in told("Environment"))
    (folder,) = told("StateDirectory")
    assert environment["GATEWAY_DATABASE_URL"].startswith(f"sqlite:////var/lib/{folder}/")
    assert told("WorkingDirectory") == [f"/var/lib/{folder}"]
    assert told("ProtectSystem") == ["strict"]
