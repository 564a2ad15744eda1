"""Secrets by reference: which are read, and which nobody reads through the gateway."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.build.ground import secrets_of
from gateway.domain.config.secret_refs import SecretError
from gateway.settings import MAX_SECRET_BYTES, Secrets, Settings

PASSWORD = "hunter2-of-the-carrier"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where secrets may be."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


@pytest.fixture
def read(folder: Path) -> Secrets:
    """Reads from there."""
    return Secrets([str(folder)])


def test_a_secret_file_is_read_anew(folder: Path, read: Secrets) -> None:
    """A file's text without the line end behind it, as it is at this moment."""
    path = folder / "password"
    path.write_text(" a b \n")
    assert read(f"file:{path}") == " a b "
    path.write_text("second")
    assert read(f"file:{path}") == "second"


def test_secrets_as_kubernetes_mounts_them(folder: Path, read: Secrets) -> None:
    """Links within the directory are followed; where they are exchanged, the new one counts."""
    for version in ("..2026_01", "..2026_02"):
        (folder / version).mkdir()
        (folder / version / "password").write_text(version)
    (folder / "..data").symlink_to("..2026_01")
    (folder / "password").symlink_to("..data/password")
    assert read(f"file:{folder}/password") == "..2026_01"
    (folder / "..next").symlink_to("..2026_02")
    (folder / "..next").rename(folder / "..data")
    assert read(f"file:{folder}/password") == "..2026_02"


def test_a_directory_may_be_a_link_itself(tmp_path: Path, folder: Path) -> None:
    """As /var/run is one to /run."""
    (folder / "password").write_text(PASSWORD)
    (tmp_path / "link").symlink_to(folder)
    assert Secrets([str(tmp_path / "link")])(f"file:{tmp_path}/link/password") == PASSWORD


@pytest.mark.parametrize("held", [b"", b"\n", b"\xff\xfe", b"x" * (MAX_SECRET_BYTES + 1)], ids=len)
def test_a_file_that_is_no_secret(held: bytes, folder: Path, read: Secrets) -> None:
    """Empty, binary and endless files are refused by the reference alone."""
    path = folder / "password"
    path.write_bytes(held)
    with pytest.raises(SecretError, match=str(path)):
        read(f"file:{path}")


def test_links_lead_nowhere_else(tmp_path: Path, folder: Path, read: Secrets) -> None:
    """Not by a link, not by a link on the way, not by its name alone."""
    outside = tmp_path / "secrets-of-others"
    outside.mkdir()
    (outside / "password").write_text(PASSWORD)
    (folder / "file").symlink_to(outside / "password")
    (folder / "way").symlink_to(outside)
    for path in (folder / "file", folder / "way" / "password", outside / "password"):
        with pytest.raises(SecretError, match="is not below") as refused:
            read(f"file:{path}")
        assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("target", ["/proc/self/environ", "/proc/self/fd/0", "/dev/zero", "/sys"])
def test_the_kernels_files_are_none(target: str, tmp_path: Path) -> None:
    """Whatever the operator allows, and however they are reached."""
    (tmp_path / "link").symlink_to(target)
    for reference in (f"file:{target}", f"file:{tmp_path}/link"):
        with pytest.raises(SecretError):
            Secrets([str(tmp_path), "/proc", "/dev", "/sys", "/"])(reference)


def test_only_files_are_read(folder: Path, read: Secrets) -> None:
    """A pipe would keep the reader waiting; a directory is no secret."""
    os.mkfifo(folder / "pipe")
    (folder / "inner").mkdir()
    for name in ("pipe", "inner"):
        with pytest.raises(SecretError):
            read(f"file:{folder}/{name}")


def test_the_gateways_own_files_are_none(folder: Path) -> None:
    """The database and its key, where they lie, by a link, and by a second name."""
    own = folder / "gateway.db.key"
    own.write_text(PASSWORD)
    (folder / "link").symlink_to(own)
    (folder / "second").hardlink_to(own)
    read = Secrets([str(folder)], [own, folder / "no.db"])
    for name in ("gateway.db.key", "link", "second"):
        with pytest.raises(SecretError) as refused:
            read(f"file:{folder}/{name}")
        assert PASSWORD not in str(refused.value)


def test_the_signing_key_is_the_gateways_own(folder: Path) -> None:
    """Where secrets may be is where an operator puts it; no reference reads it."""
    key = folder / "audit-key"
    key.write_text(PASSWORD)
    told = {
        "GATEWAY_SECRET_DIRECTORIES": str(folder),
        "GATEWAY_AUDIT_SIGNING_KEY": f"file:{key}",
    }
    with pytest.raises(SecretError, match=str(key)) as refused:
        secrets_of(Settings.model_validate(told))(f"file:{key}")
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["GATEWAY_AUDIT_VERIFIER_KEYS", "GATEWAY_AUDIT_CHECKPOINT_URL", "GATEWAY_AUDIT_WITNESSES"],
)
def test_a_wrong_setting_is_not_repeated(name: str) -> None:
    """A key in the wrong place, or an address with a token, is named and not printed."""
    with pytest.raises(ValidationError) as wrong:
        Settings.model_validate({name: f"PRIVATE+KEY+x {PASSWORD}"})
    assert name in str(wrong.value)
    assert PASSWORD not in str(wrong.value)


@pytest.mark.parametrize(
    "reference",
    [
        *("env:NOT_SET_ANYWHERE", "file:/", "PATH", "env:PATH", "file:/etc/hostname"),
        *("env:GATEWAY_MASTER_KEY", "env:gateway_master_key", "env:LIVEKIT_ANYTHING"),
    ],
)
def test_what_cannot_be_read(
    reference: str, monkeypatch: pytest.MonkeyPatch, read: Secrets
) -> None:
    """A missing secret is a clear error; the gateway's own secrets are given to no carrier."""
    for name in ("GATEWAY_MASTER_KEY", "gateway_master_key", "LIVEKIT_ANYTHING"):
        monkeypatch.setenv(name, PASSWORD)
    with pytest.raises(SecretError) as missing:
        read(reference)
    assert PASSWORD not in str(missing.value)


def test_a_variable_is_read(monkeypatch: pytest.MonkeyPatch, read: Secrets) -> None:
    """Any other variable of the environment may hold a secret."""
    monkeypatch.setenv("BERLIN_PASSWORD", f"{PASSWORD}\n")
    assert read("env:BERLIN_PASSWORD") == PASSWORD


def test_where_secrets_may_be_is_a_setting() -> None:
    """/run/secrets unless told; never the whole machine nor the kernel's files."""
    assert Settings.model_validate({}).secret_directories == ("/run/secrets",)
    told = {"GATEWAY_SECRET_DIRECTORIES": "/etc/gateway/:/run/secrets"}
    assert Settings.model_validate(told).secret_directories == ("/etc/gateway", "/run/secrets")
    assert Settings.model_validate({"GATEWAY_SECRET_DIRECTORIES": ":"}).secret_directories == ()
    for wrong in ("/", "//", "/etc/..", "secrets", "/proc", "/proc/self", "/dev/", "/run:/sys"):
        with pytest.raises(ValidationError, match="absolute directories"):
            Settings.model_validate({"GATEWAY_SECRET_DIRECTORIES": wrong})
