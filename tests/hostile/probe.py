"""What globex sees of the gateway, in a process of its own: PORT PID ROUNDS, token on stdin.

Asks for one call at a time, each time by a new connection, so that it needs all that a client
needs. Ends after ROUNDS requests, or with 0 when its standard input ends; then prints a list of
[seconds, worked, status] as JSON, status 0 for a broken connection. `seconds` is what the answer
took, but for what the gateway's loop or this process only waited for a processor; `worked` is how
long the gateway's threads ran meanwhile. The machine is not the gateway.
"""

import json
import select
import socket
import sys
import time
from pathlib import Path

ADDRESS = "127.0.0.9"
"""Where the well-behaved live. Attackers come from other addresses of the loopback."""
PAUSE = 0.01
LONGEST = 60.0
BODY = b'{"page_size": 1}'


def request(token: str) -> bytes:
    """ListCalls, as Twirp in JSON."""
    head = (
        "POST /twirp/gateway.telephony.v1.CallService/ListCalls HTTP/1.1",
        "Host: gateway",
        "Content-Type: application/json",
        f"Content-Length: {len(BODY)}",
        f"Authorization: Bearer {token}",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + BODY


def status(port: int, asked: bytes) -> int:
    """The status of the answer; 0: there was none."""
    try:
        with socket.create_connection(("127.0.0.1", port), LONGEST, (ADDRESS, 0)) as connection:
            connection.sendall(asked)
            answer = b""
            while more := connection.recv(65536):
                answer += more
    except OSError:
        return 0
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def waited(process: str) -> float:
    """How many seconds the main thread of a process has waited for a processor."""
    try:
        told = Path(f"/proc/{process}/task/{process}/schedstat").read_text()
    except FileNotFoundError:
        return 0.0  # it is being restarted
    return int(told.split()[1]) / 1e9


def worked(process: str) -> float:
    """How many seconds all threads of a process have run."""
    total = 0
    for told in Path(f"/proc/{process}/task").glob("*/schedstat"):
        try:
            total += int(told.read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # that thread has ended
    return total / 1e9


def main() -> None:
    """See the module."""
    port, gateway, rounds = (int(each) for each in sys.argv[1:4])
    asked = request(sys.stdin.readline().strip())
    own, other = str(Path("/proc/self").readlink()), str(gateway)
    seen: list[tuple[float, float, int]] = []
    while len(seen) < rounds or not rounds:
        ran, before, begun = worked(other), waited(own) + waited(other), time.perf_counter()
        answered = status(port, asked)
        took = time.perf_counter() - begun
        took -= waited(own) + waited(other) - before
        seen.append((max(0.0, took), max(0.0, worked(other) - ran), answered))
        if rounds:
            time.sleep(PAUSE)
        elif select.select([sys.stdin], [], [], PAUSE)[0]:
            break
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
