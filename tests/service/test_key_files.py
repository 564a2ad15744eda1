"""The master key at the start: strong, kept from others, and the one that the keys need."""

import stat
from pathlib import Path

import pytest

from gateway.build import ConfigurationError
from gateway.build.ground import seal_of, warn_of_readers
from gateway.settings import Settings

STRONG = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"


def settings(folder: Path, **told: str) -> Settings:
    return Settings.model_validate({"GATEWAY_DATABASE_URL": f"sqlite:///{folder}/g.db", **told})


def test_a_key_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """Strong, with mode 0600, nothing beside it, and the same the next time."""
    sealed = seal_of(settings(tmp_path)).close("hush", "acme")
    (file,) = tmp_path.iterdir()
    assert (file.name, stat.S_IMODE(file.stat().st_mode)) == ("g.db.key", 0o600)
    assert seal_of(settings(tmp_path)).open(sealed, "acme") == "hush"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666, 0o601])
def test_a_key_file_that_others_can_open_is_refused(mode: int, tmp_path: Path) -> None:
    """As ssh refuses a private key: it says which file, and what to do."""
    seal_of(settings(tmp_path))
    file = tmp_path / "g.db.key"
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"chmod 600 {file}"):
        seal_of(settings(tmp_path))
    file.chmod(0o400)
    assert seal_of(settings(tmp_path))


@pytest.mark.parametrize("weak", ["hunter2", "x" * 64, "", f",{STRONG}"])
def test_a_weak_master_key_is_refused(weak: str, tmp_path: Path) -> None:
    """Told or in a file; the text says how to make one, and does not repeat the key."""
    (tmp_path / "g.db.key").write_text(weak)
    (tmp_path / "g.db.key").chmod(0o600)
    for told in ({"GATEWAY_MASTER_KEY": weak or " "}, {}):
        if not told and weak.startswith(","):
            continue
        with pytest.raises(ConfigurationError, match="openssl rand -base64 32") as refused:
            seal_of(settings(tmp_path, **told))
        assert not weak or weak not in str(refused.value)


def test_a_weak_key_may_still_open(tmp_path: Path) -> None:
    """Behind a strong one it opens what it sealed, so that it can be left out."""
    sealed = seal_of(settings(tmp_path, GATEWAY_MASTER_KEY=OTHER)).close("hush", "acme")
    both = seal_of(settings(tmp_path, GATEWAY_MASTER_KEY=f"{STRONG},{OTHER}, weak"))
    assert both.open(sealed, "acme") == "hush"


def test_a_database_that_others_can_read_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning with its path and mode; of one that is its owner's alone nothing is said."""
    file = tmp_path / "g.db"
    file.touch(mode=0o600)
    warn_of_readers(settings(tmp_path))
    assert capsys.readouterr().out == ""
    file.chmod(0o644)
    warn_of_readers(settings(tmp_path))
    told = capsys.readouterr().out
    assert "database_open_to_others" in told
    assert "0644" in told
    assert str(file) in told
