"""Start the stack, print what a gateway needs to use it, and run until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys

from tests.stack.livekit_stack import LiveKitStack


def main() -> None:
    """Run the stack in the foreground."""
    parser = argparse.ArgumentParser(prog="python -m tests.stack", description=__doc__)
    parser.add_argument("--webhook-url", help="where livekit-server sends its webhooks")
    parser.add_argument("--trunk-number", default="+15005550000", help="caller ID of the trunk")
    parser.add_argument("--trunk-address", default="sip.example.com", help="host of the trunk")
    options = parser.parse_args()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))  # which stops the stack on the way out
    with LiveKitStack(webhook_url=options.webhook_url) as stack:
        trunk_id = stack.create_trunk("stack", [options.trunk_number], options.trunk_address)
        sys.stdout.write(
            f"LIVEKIT_URL={stack.url}\n"
            f"LIVEKIT_API_KEY={stack.api_key}\n"
            f"LIVEKIT_API_SECRET={stack.api_secret}\n"
            f"LIVEKIT_SIP_TRUNK_ID={trunk_id}\n"
        )
        sys.stdout.flush()
        sys.stderr.write(f"Logs in {stack.directory}. Ctrl-C ends it.\n")
        while True:
            signal.pause()


if __name__ == "__main__":
    main()
