"""What workers share: addresses, a folder, and the way out."""

import os
import socket
import threading
from pathlib import Path

import pytest

from gateway.workers.folder import PREFIX, shared_folder
from gateway.workers.lines import Lines
from gateway.workers.ports import TakenError, kept
from tests.stands.processes.ports import free_ports


def listening(address: str, *, shared: bool) -> socket.socket:
    """A socket as a gateway has it there."""
    host, _, port = address.rpartition(":")
    return socket.create_server((host, int(port)), reuse_port=shared)


def test_a_kept_address_is_for_those_who_share() -> None:
    """Two that share it can listen, one that does not cannot, and a second keeper cannot."""
    with kept({"a": "127.0.0.1:0"}) as found:
        address = found["a"]
        with pytest.raises(TakenError, match=f"cannot listen at {address}"), kept({"b": address}):
            pass
        with pytest.raises(OSError, match="in use"):
            listening(address, shared=False)
        with listening(address, shared=True), listening(address, shared=True):
            pass
    listening(address, shared=False).close()


@pytest.mark.parametrize("shared", [False, True])
def test_a_taken_address_is_told_by_its_name(*, shared: bool) -> None:
    """Also where whoever has it would share it."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with (
        listening(address, shared=shared),
        pytest.raises(TakenError) as taken,
        kept({"free": "127.0.0.1:0", "taken": address}),
    ):
        pass
    assert taken.value.name == "taken"


def test_one_address_is_not_given_twice() -> None:
    """Requests for one would reach the other."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(TakenError), kept({"a": address, "b": address}):
        pass


def test_an_address_is_kept_right_after_connections() -> None:
    """Closed ones of a gateway that did not share are no obstacle."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with listening(address, shared=False) as server:
        host, port = server.getsockname()
        client = socket.create_connection((host, port))
        server.accept()[0].close()  # who closes first has the port in TIME_WAIT
        client.close()
    with kept({"a": address}), listening(address, shared=True):
        pass


def test_what_was_left_behind_is_removed() -> None:
    """Folders of processes that were killed go; one that is used stays."""
    with shared_folder() as used:
        left = used.with_name(f"{PREFIX}left-{os.getpid()}")
        left.mkdir()
        (left / "counter_1.db").touch()
        with shared_folder():
            assert used.exists()
            assert not left.exists()
    assert not used.exists()


def test_lines_stay_whole(tmp_path: Path) -> None:
    """Lines that are longer than a pipe keeps together, from several writers, are not mixed."""
    theirs, ours = os.pipe()
    lines = {f"{name * 20_000}" for name in "abcd"}

    def write(line: str) -> None:
        with Lines(ours, tmp_path / "lock") as stream:  # each as in a process of its own
            for _ in range(20):
                print(line, file=stream)

    writers = [threading.Thread(target=write, args=[line]) for line in lines]
    for writer in writers:
        writer.start()
    with os.fdopen(theirs) as read:
        found = [read.readline().rstrip("\n") for _ in range(80)]
    for writer in writers:
        writer.join()
    os.close(ours)
    assert set(found) == lines
