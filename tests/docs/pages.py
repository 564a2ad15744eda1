"""The pages of the documentation: their blocks, links and what they name as code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_COMMENT = re.compile(r"(?<!\S)#.*$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_COMMAND = re.compile(r"(?<![\w./-])(?:\.venv/bin/)?gateway (?=[a-z-])[^|>)`\n]*")


@dataclass(frozen=True)
class Block:
    """A fenced block. `info` is what stands behind the fence."""

    page: str
    line: int
    info: str
    text: str = field(repr=False)

    @property
    def name(self) -> str:
        """Where it stands."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """One file."""

    path: Path
    text: str = field(repr=False)

    @property
    def name(self) -> str:
        """Its path from the root."""
        return str(self.path.relative_to(ROOT))

    def blocks(self) -> Iterator[Block]:
        """Its fenced blocks."""
        for found in _FENCE.finditer(self.text):
            line = self.text.count("\n", 0, found.start()) + 1
            yield Block(self.name, line, found["info"].strip(), found["text"])

    @property
    def prose(self) -> str:
        """All but the fenced blocks."""
        return _FENCE.sub("", self.text)

    def links(self) -> list[str]:
        """The targets of its links."""
        return _LINK.findall(self.prose)

    def codes(self) -> set[str]:
        """What stands between backticks."""
        return set(_CODE.findall(self.prose))

    def anchors(self) -> set[str]:
        """What `#…` may name in it."""
        return {anchor(heading) for heading in _HEADING.findall(self.prose)}

    def commands(self) -> list[str]:
        """Every `gateway …` that it lets people type."""
        shells = [block.text for block in self.blocks() if block.info.split(" ")[0] == "sh"]
        typed = [*(_COMMENT.sub("", text) for text in shells), *self.codes()]
        typed += [block.info.partition("<")[2] for block in self.blocks()]
        return [found.strip() for text in typed for found in _COMMAND.findall(text)]


def anchor(heading: str) -> str:
    """The anchor of a heading, as forges make it."""
    kept = re.sub(r"[^\w\s-]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def pages() -> list[Page]:
    """README, CONTRIBUTING, CHANGELOG and everything in docs."""
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [Page(path, path.read_text()) for path in sorted(paths)]


def page(name: str) -> Page:
    """One page by its path from the root."""
    return next(one for one in pages() if one.name == name)
