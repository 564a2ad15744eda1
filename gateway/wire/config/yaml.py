"""YAML → a proto message, with a place in the text for every mistake.

Every scalar is the text it is written as: +49 keeps its +, `no` stays Norway. The message type says
which text is a number, a boolean or a duration, and those are written as in JSON (`scalars`),
except for True and TRUE. A mistake leaves its field unset and hides no other one.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from gateway.domain.fields import printable
from gateway.wire.scalars import WITHIN, duration, whole_number

MAX_DEPTH = 50
"""The depth of nested lists and mappings: libyaml's recursion has no limit of its own."""
MAX_VALUES = 2_000_000
"""The values of a document with its aliases expanded; long texts count as several."""
CHARACTERS_OF_A_VALUE = 32

# libyaml is ten times as fast, but PyYAML can be built without it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_STANDARD = "tag:yaml.org,2002:"
_TAGS = {f"{_STANDARD}{name}" for name in ("str", "int", "bool", "null", "float", "seq", "map")}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_UNQUOTED = (None, "")
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")

_Pairs = Mapping[str, tuple[Node, Node]]


class _Texts(_LOADER):  # type: ignore[misc]  # typed Any: whichever there is
    """Resolves nothing: the message type decides what a scalar means."""

    yaml_implicit_resolvers: Mapping[str, Any] = {}


class YamlError(Exception):
    """The text cannot be read as one document; `line` and `column` count from 1."""

    def __init__(self, text: str, line: int = 1, column: int = 1) -> None:
        super().__init__(text)
        self.line = line
        self.column = column


class MergeError(Exception):
    """A merge (`<<`) that cannot be expanded."""


class Document:
    """One YAML document. Raises YamlError."""

    def __init__(self, text: str) -> None:
        try:
            _refuse_depth(text)
            self._root: Node | None = yaml.compose(text, Loader=_Texts)
        except yaml.MarkedYAMLError as broken:
            mark = broken.problem_mark or broken.context_mark
            at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            told = ", ".join(text for text in (broken.context, broken.problem) if text)
            raise YamlError(f"is not YAML: {told}", *at) from None
        except yaml.YAMLError as broken:  # a character that YAML does not allow
            raise YamlError(f"is not YAML: {' '.join(str(broken).split())}") from None
        self._left = MAX_VALUES
        self._mistakes: dict[str, tuple[Node, str]] = {}

    def fill(self, message: Message) -> Mapping[str, str]:
        """Sets the document's fields. Returns mistakes by path; YamlError if it is too large."""
        if isinstance(self._root, MappingNode):
            self._message(self._root, message, "")
        else:
            names = " and ".join(message.DESCRIPTOR.fields_by_name)
            raise YamlError(f"must be a mapping with {names}")
        return {path: text for path, (_, text) in self._mistakes.items()}

    def place(self, path: str) -> tuple[int, int]:
        """The line and column of a path, or of the nearest node around it."""
        if path in self._mistakes:
            return _place_of(self._mistakes[path][0])
        node, shown = self._root, self._root
        for index, name in _STEP.findall(path):
            inner = _inside(node, index, name)
            if inner is None:
                break
            shown, node = inner
        return _place_of(shown) if shown else (1, 1)

    def _message(self, node: Node, message: Message, path: str) -> None:
        known = message.DESCRIPTOR.fields_by_name
        if not isinstance(node, MappingNode):
            names = ", ".join(known)
            self._wrong(path, node, f"must be a mapping of {names}, not {_kind(node)}")
            return
        for name, (key, value) in self._pairs(node, path).items():
            field = known.get(name)
            inner = _join(path, name)
            if field is None:
                self._wrong(inner, key, f"there is no such field{_instead(name, known)}")
            elif not _is_null(value):
                self._field(value, message, field, inner)

    def _field(self, node: Node, message: Message, field: Any, path: str) -> None:
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            self._map(node, getattr(message, field.name), path)
        elif field.is_repeated:
            self._list(node, getattr(message, field.name), field, path)
        elif kind is Duration.DESCRIPTOR:
            self._duration(node, getattr(message, field.name), path)
        elif kind is not None:
            inner = getattr(message, field.name)
            inner.SetInParent()
            self._message(node, inner, path)
        else:
            value = self._scalar(node, field, path)
            if value is not None:
                setattr(message, field.name, value)

    def _map(self, node: Node, target: Any, path: str) -> None:
        if not isinstance(node, MappingNode):
            self._wrong(path, node, f"must be a mapping of strings, not {_kind(node)}")
            return
        for name, (_, value) in self._pairs(node, path).items():
            text = self._text(value, f"{path}[{name}]")
            if text is not None:
                target[name] = text

    def _list(self, node: Node, target: Any, field: Any, path: str) -> None:
        if not isinstance(node, SequenceNode):
            self._wrong(path, node, f"must be a list, not {_kind(node)}")
            return
        for at, one in enumerate(node.value):
            inner = f"{path}[{at}]"
            if field.message_type is not None:
                self._message(one, target.add(), inner)
                self._charge(1)
                continue
            value = self._scalar(one, field, inner)
            # A wrong entry keeps its place, so that later paths stay correct.
            unset = "" if field.type == field.TYPE_STRING else 0
            target.append(unset if value is None else value)

    def _scalar(self, node: Node, field: Any, path: str) -> Any:
        text = self._text(node, path)
        if text is None or field.type == field.TYPE_STRING:
            return text
        if field.enum_type is not None:
            names = field.enum_type.values_by_name
            if text in names:
                return names[text].number
            told = ", ".join(name for name in names if names[name].number)
            self._wrong(path, node, f"must be one of {told}, not {printable(text)}")
        elif field.type == field.TYPE_BOOL:
            if text in _TRUTHS:
                return _TRUTHS[text]
            self._wrong(path, node, f"must be true or false, not {printable(text)}")
        else:
            try:
                return whole_number(text, WITHIN[field.type])
            except ValueError as wrong:
                self._wrong(path, node, f"{wrong}, not {printable(text)}")
        return None

    def _text(self, node: Node, path: str) -> str | None:
        if not isinstance(node, ScalarNode) or _is_null(node):
            self._wrong(path, node, f"must be a single value, not {_kind(node)}")
            return None
        text: str = node.value
        self._charge(1 + len(text) // CHARACTERS_OF_A_VALUE)
        if node.tag not in _TAGS:
            self._wrong(path, node, f"has a tag that is not understood: {printable(node.tag)}")
            return None
        try:
            text.encode()
        except UnicodeEncodeError:
            self._wrong(path, node, "has half a character (a lone surrogate)")
            return None
        return text

    def _duration(self, node: Node, target: Duration, path: str) -> None:
        text = self._text(node, path)
        if text is None:
            return
        target.SetInParent()
        try:
            target.CopyFrom(duration(text))
        except ValueError as wrong:
            self._wrong(path, node, f"{wrong}, not {printable(text)}")

    def _pairs(self, node: MappingNode, path: str) -> _Pairs:
        """Keys and values with merges expanded; reports wrong keys."""
        found: dict[str, Node] = {}
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                self._wrong(path, key, f"must have single values as keys, not {_kind(key)}")
            elif key.value in found and not _is_merge(key):
                first = _place_of(found[key.value])[0]
                text = f"is given twice, first in line {first}"
                self._wrong(_join(path, key.value), key, text)
            else:
                found[key.value] = key
        try:
            return _merged(node, self._charge)
        except MergeError as wrong:
            self._wrong(path, node, str(wrong))
            return {}

    def _charge(self, values: int) -> None:
        self._left -= values
        if self._left < 0:
            raise YamlError(f"has more than {MAX_VALUES:,} values once its aliases are written out")

    def _wrong(self, path: str, node: Node, text: str) -> None:
        self._mistakes.setdefault(path, (node, text))


def _refuse_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Texts):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise YamlError("is nested too deeply", *_place_of(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _merged(
    node: MappingNode, charge: Callable[[int], None], within: tuple[Node, ...] = ()
) -> _Pairs:
    """The pairs of a mapping and of those merged into it; its own come first."""
    if len(within) > MAX_DEPTH or any(node is outer for outer in within):
        raise MergeError("must not be merged into itself, nor through so many others")
    charge(1 + len(node.value))
    own: dict[str, tuple[Node, Node]] = {}
    others: dict[str, tuple[Node, Node]] = {}
    for key, value in node.value:
        if _is_merge(key):
            for source in reversed(_sources(value)):
                others.update(_merged(source, charge, (*within, node)))
        elif isinstance(key, ScalarNode):
            own.setdefault(key.value, (key, value))
    return {**others, **own}


def _sources(node: Node) -> list[MappingNode]:
    sources = node.value if isinstance(node, SequenceNode) else [node]
    if not all(isinstance(source, MappingNode) for source in sources):
        raise MergeError("<< must be followed by a mapping, or a list of mappings")
    return list(sources)


def _inside(node: Node | None, index: str, name: str) -> tuple[Node, Node] | None:
    """What a step of a path leads to: the node to point at, and the one to continue from."""
    if isinstance(node, SequenceNode):
        at = int(index) if index.isdecimal() else len(node.value)
        return (node.value[at], node.value[at]) if at < len(node.value) else None
    if not isinstance(node, MappingNode):
        return None
    try:
        pair = _merged(node, lambda _: None).get(name or index)
    except MergeError:
        return None
    if pair is None:
        return None
    key, value = pair
    return (value if isinstance(value, ScalarNode) else key, value)


def _is_null(node: Node) -> bool:
    """An unquoted null; libyaml and PyYAML mark unquoted scalars by different styles."""
    return isinstance(node, ScalarNode) and node.style in _UNQUOTED and node.value in _NULLS


def _is_merge(key: Node) -> bool:
    return isinstance(key, ScalarNode) and key.value == "<<" and key.style in _UNQUOTED


def _kind(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return "nothing" if _is_null(node) else "a single value"


def _instead(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; perhaps {close[0]}" if close else f"; the fields are {', '.join(known)}"


def _join(path: str, name: str) -> str:
    shown = printable(name)
    return f"{path}.{shown}" if path else shown


def _place_of(node: Node | yaml.Event) -> tuple[int, int]:
    mark = node.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
