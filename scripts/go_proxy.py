# ruff: noqa: INP001  a script, no part of a package
"""Lays a Go module out as a module proxy serves it, so that `GOPROXY=file://…` finds it.

The arguments: the module's path, its version, its folder, and the folder of the proxy.
"""

import json
import sys
import zipfile
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of every file in the archive: the same source makes the same archive."""


def main(module: str, version: str, source: str, target: str) -> None:
    """Writes the four files of one version."""
    folder, out = Path(source), Path(target, module, "@v")
    out.mkdir(parents=True)
    (out / "list").write_text(f"{version}\n")
    (out / f"{version}.info").write_text(json.dumps({"Version": version}))
    (out / f"{version}.mod").write_bytes((folder / "go.mod").read_bytes())
    with zipfile.ZipFile(out / f"{version}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = f"{module}@{version}/{path.relative_to(folder)}"
            archive.writestr(zipfile.ZipInfo(name, EPOCH), path.read_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
