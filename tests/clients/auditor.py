"""What an auditor's program finds: `go-audit`, on Go's note and tlog, and torchwood."""

import json
import subprocess
from typing import Any

from tests.clients.programs import command
from tests.stands.patience import PATIENCE


def told(*words: str) -> dict[str, Any]:
    """What it has found."""
    done = subprocess.run(  # noqa: S603
        [*command("go-audit"), *words], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
