"""How a configuration is read: mistakes with their places, aliases, and what is too much."""

import sys
from datetime import timedelta

import pytest
import yaml

from gateway.errors import GatewayError
from gateway.telephony.v1 import admin_pb2
from gateway.wire.config import yaml as config_yaml
from gateway.wire.config.document import check, from_yaml
from gateway.wire.config.yaml import Document, YamlError

TEN_KINDS = """
tenants:
  - tenant_id: acme
    room: [lobby]                              # 1 no such field
    sandbox: perhaps                           # 2 no truth value
    sip_hosts: pbx.example.com                 # 3 no list
    limits: {max_calls_per_day: many}          # 4 no number
    timeouts: {ringing_timeout: 20}            # 5 no span
    blocked_number_kinds: [NUMBER_KIND_LOUD]   # 6 no such value
    routes:
      - route_id: world
        targets: [{trunk_id: berln}]           # 7 no such trunk
        max_attempts: 99                       # 8 out of range
trunks:
  - trunk_id: berlin
    livekit_trunk_id: ST_1
    livekit_trunk_id: ST_2                     # 9 twice
    numbers: {number: "+493012345678"}         # 10 no list
"""

TRUNK = "trunks: [{trunk_id: a, livekit_trunk_id: ST_a, numbers: [{number: +15005550100}]}]\n"

ALIASES = """
tenants:
  - &acme
    tenant_id: acme
    timeouts: &slow {ringing_timeout: 40s, max_duration: 60s}
    sip_hosts: &hosts [pbx.example.com]
  - <<: *acme
    tenant_id: globex
    timeouts: {<<: *slow, ringing_timeout: 20s}
  - tenant_id: initech
    timeouts: {<<: [{ringing_timeout: 5s}, *slow]}
    sip_hosts: *hosts
"""


def told(text: str) -> list[str]:
    """Where the mistakes are, and what they are."""
    with pytest.raises(GatewayError) as refused:
        from_yaml(text)
    return [f"{each.field}: {each.description}" for each in refused.value.violations]


def texts(loader: type) -> type:
    """A loader that takes everything for a text."""
    return type("Texts", (loader,), {"yaml_implicit_resolvers": {}})


def test_ten_kinds_of_mistakes_are_told_at_once() -> None:
    """No kind of mistake hides another; each names path, line and column, and what to write."""
    found = told(TEN_KINDS)
    assert [each.partition(" (")[0] for each in found] == [
        "tenants[0].room",
        "tenants[0].sandbox",
        "tenants[0].sip_hosts",
        "tenants[0].limits.max_calls_per_day",
        "tenants[0].timeouts.ringing_timeout",
        "tenants[0].blocked_number_kinds[0]",
        "tenants[0].routes[0].targets[0].trunk_id",
        "tenants[0].routes[0].max_attempts",
        "trunks[0].livekit_trunk_id",
        "trunks[0].numbers",
    ]
    lines = [4, 5, 6, 7, 8, 9, 12, 13, 17, 18]
    assert [int(each.split("(line ")[1].split(",")[0]) for each in found] == lines
    assert found[6].endswith("(line 12, column 30): there is no trunk berln")
    assert found[8].endswith("is given twice, first in line 16")


def test_what_is_missing_is_shown_where_it_belongs() -> None:
    """A field that is not there has the place of what it is missing in."""
    text = "trunks:\n  - trunk_id: a\n    livekit_trunk_id: ST_a\n"
    assert told(text) == ["trunks[0].numbers (line 2, column 5): must have at least one caller ID"]


def test_aliases_and_merges_are_written_out() -> None:
    """An alias is what it names; a merged key gives way to one's own, and to one merged before."""
    acme, globex, initech = check(from_yaml(ALIASES)).tenants
    assert (globex.tenant_id, globex.sip_hosts) == ("globex", acme.sip_hosts)
    spans = [
        [
            span.total_seconds()
            for span in (t.timeouts.ringing_timeout, t.timeouts.max_duration)
            if span
        ]
        for t in (acme, globex, initech)
    ]
    assert spans == [[40, 60], [20, 60], [5, 60]]


def test_a_mistake_in_a_merged_mapping_is_shown_there() -> None:
    """The place is the text's, wherever it is merged into."""
    text = ALIASES.replace("40s", "4000s")
    (found,) = told(text)
    assert found.startswith("tenants[0].timeouts.ringing_timeout (line 5, column 39): must be")


@pytest.mark.parametrize(
    "text",
    [
        "tenants: [&a {tenant_id: acme, <<: *a}]",
        "tenants: [{tenant_id: acme, <<: [x]}]",
        "tenants: [{tenant_id: acme, <<: x}]",
        "tenants: [{tenant_id: a0, timeouts: &t0 {}}, "
        + ", ".join(f"{{tenant_id: a{n}, timeouts: &t{n} {{<<: *t{n - 1}}}}}" for n in range(1, 99))
        + "]",
    ],
    ids=["itself", "a list of texts", "a text", "a long chain"],
)
def test_a_merge_that_cannot_be_written_out(text: str) -> None:
    """Merging itself, a text, or through dozens of others is a mistake, not a crash."""
    assert any("merged" in each or "<<" in each for each in told(text))


def test_a_list_within_itself_is_no_endless_work() -> None:
    """An alias to what is around it ends where the message does."""
    assert told("tenants: &t [{tenant_id: acme, rooms: *t}]")


def test_an_alias_bomb_is_refused() -> None:
    """A small text that stands for millions of values is refused before it is written out."""
    bomb = "tenants: [{tenant_id: acme, rooms: &r [" + ", ".join(["x"] * 3000) + "]}, "
    bomb += ", ".join("{tenant_id: b, rooms: *r}" for _ in range(3000)) + "]"
    assert len(bomb) < 100_000
    (found,) = told(bomb)
    assert "more than 2,000,000 values" in found


def test_long_texts_count_as_several() -> None:
    """Few aliases of a very long text are too much as well."""
    rooms = ", ".join(["*long"] * 3000)
    (found,) = told(f'tenants: [{{tenant_id: acme, rooms: [&long "{"x" * 50_000}", {rooms}]}}]')
    assert "more than 2,000,000 values" in found


@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader], ids=["slow", "quick"])
def test_deep_nesting_is_refused(loader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand brackets are an error with a place, with libyaml and without it."""
    monkeypatch.setattr(config_yaml, "_Texts", texts(loader))
    with pytest.raises(YamlError, match="nested too deeply") as refused:
        Document("[" * 100_000)
    assert (refused.value.line, refused.value.column) == (1, config_yaml.MAX_DEPTH + 1)


@pytest.mark.parametrize("text", [TEN_KINDS, ALIASES, TRUNK, "tenants: [{tenant_id: '~'}]"])
def test_both_loaders_read_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where libyaml is missing the slow loader reads the same and tells the same places."""

    def read() -> tuple[admin_pb2.Config, dict[str, str], list[tuple[int, int]]]:
        message = admin_pb2.Config()
        document = Document(text)
        mistakes = dict(document.fill(message))
        return message, mistakes, [document.place(path) for path in mistakes]

    quick = read()
    monkeypatch.setattr(config_yaml, "_Texts", texts(yaml.SafeLoader))
    assert read() == quick


def test_nothing_is_unset() -> None:
    """A key without a value, or with `null`, is as good as not written."""
    config = check(from_yaml("tenants:\n  - {tenant_id: acme, rooms: , sandbox: null}\ntrunks: ~"))
    assert (config.tenants[0].rooms, config.trunks) == ((), ())


def test_quoted_nothing_is_a_text() -> None:
    """`"null"` in quotes is the name null."""
    assert check(from_yaml('tenants: [{tenant_id: "null"}]')).tenants[0].tenant_id == "null"


def test_three_hundred_thousand_prefixes_are_read() -> None:
    """A configuration of that size is read within the limits; each prefix arrives."""
    count = 300_000
    prefixes = "\n".join(f"          - +{10**7 + n}" for n in range(count))
    text = (
        "tenants:\n  - tenant_id: acme\n    routes:\n      - route_id: r\n        block: true\n"
        f"        match:\n         prefixes:\n{prefixes}\n"
    )
    message = from_yaml(text)
    assert len(message.tenants[0].routes[0].match.prefixes) == count
    assert sys.getsizeof(text) > 5_000_000


NO_SPANS = (
    "1_0s",
    "'30s '",
    "03s",
    "1.5e-1s",
    "1.0000000001s",
    "\uff13\uff10s",
    "30",
    "1m",
    "1e3s",
)
NO_NUMBERS = (
    "1_0",
    "+5",
    "05",
    "0x5",
    "0o5",
    "1:30",
    "5.5",
    "'5 '",
    "\uff15",
    "2147483648",
    "5e-1",
)


@pytest.mark.parametrize("span", NO_SPANS)
def test_spans_are_written_as_in_json(span: str) -> None:
    """What JSON refuses as a Duration, and all that only YAML or Python reads, is refused."""
    (found,) = told(f"tenants: [{{tenant_id: acme, timeouts: {{ringing_timeout: {span}}}}}]")
    assert "must be seconds such as 30s or 1.5s, not" in found


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_numbers_are_written_as_in_json(number: str) -> None:
    """What JSON refuses as a whole number is refused: an octal 010 is neither 8 nor 10."""
    (found,) = told(f"tenants: [{{tenant_id: acme, limits: {{max_calls_per_day: {number}}}}}]")
    assert "must be a whole number" in found


def test_what_json_takes_has_the_same_value() -> None:
    """Whole numbers with an exponent and fractions of seconds mean the same as in JSON."""
    text = "{tenant_id: acme, timeouts: {ringing_timeout: .5s}, limits: {max_calls_per_day: 1.5e3}}"
    (acme,) = check(from_yaml(f"tenants: [{text}]")).tenants
    assert acme.timeouts.ringing_timeout == timedelta(seconds=0.5)
    assert acme.limits.max_calls_per_day == 1500
