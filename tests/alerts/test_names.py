"""Alert rules and dashboard, read as Prometheus reads them, beside what `/metrics` tells."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from gateway import metrics
from tests.stands.stand import on_sandbox

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "call-gateway.json"
BUILD = Path(__file__).parent / "promcheck" / "build.sh"
OF_PROMETHEUS = {"job", "instance"}
"""Labels that Prometheus adds to what it scrapes."""
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
SEVERITIES = {"page", "ticket"}

Labels = Mapping[str, set[str]]


@dataclass(frozen=True)
class Read:
    """What Prometheus's own code finds: mistakes, how many rules, and each metric's labels."""

    wrong: list[str]
    rules: int
    selected: Labels


def panels() -> Iterator[dict[str, Any]]:
    yield from (
        each for each in json.loads(DASHBOARD.read_text())["panels"] if each["type"] != "row"
    )


def expressions() -> list[str]:
    """Those of the dashboard, as Grafana sends them."""
    found = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [each.replace("$__rate_interval", "5m") for each in found]


@pytest.fixture(scope="module")
def read() -> Read:
    built = subprocess.run([str(BUILD)], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    assert built.returncode == 0, "the reader of PromQL could not be built"
    told = subprocess.run(  # noqa: S603
        [built.stdout.strip(), str(RULES)],
        input="".join(f"{each}\n" for each in expressions()),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(told.stdout)
    selected = {name: set(labels) for name, labels in found["selected"].items()}
    return Read(found["wrong"], found["rules"], selected)


def declared() -> dict[str, set[str]]:
    """Every series of the gateway's own metrics, with its labels."""
    found = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            kind, name = str(metric._type), metric._name  # noqa: SLF001
            labels = set(metric._labelnames)  # noqa: SLF001
            for suffix in SUFFIXES[kind]:
                found[name + suffix] = labels | ({"le"} if suffix == "_bucket" else set())
    return found


async def told(folder: Path) -> set[str]:
    """The names of all metrics that a gateway tells, whether or not there is a value yet."""
    async with on_sandbox(folder) as stand:
        url = f"http://127.0.0.1:{stand.gateway.http_port}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as reply:
            text = await reply.text()
    found = re.findall(r"^# TYPE (gateway_\w+) (\w+)$", text, re.MULTILINE)
    return {
        name if kind == "counter" else name + suffix
        for name, kind in found
        for suffix in SUFFIXES[kind]
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_prometheus_reads_all_of_it(read: Read) -> None:
    """As `promtool check rules` would, with the same code; no rule stands there twice."""
    assert read.wrong == []
    assert read.rules == len(rules())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_name_and_label_is_one_that_is_told(read: Read) -> None:
    """Also the labels by which rules group and join."""
    known = declared()
    assert sorted(read.selected.keys() - known.keys()) == []
    wrong = {
        name: labels - known[name] - OF_PROMETHEUS
        for name, labels in read.selected.items()
        if labels - known[name] - OF_PROMETHEUS
    }
    assert wrong == {}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_dashboard_shows_every_metric(read: Read) -> None:
    """Nothing is counted that nobody sees."""
    shown = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in read.selected}
    counted = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in declared()}
    assert counted - shown == set()


async def test_what_is_declared_is_told(tmp_path: Path) -> None:
    """The names that the rules are held against are those that Prometheus scrapes."""
    assert declared().keys() - await told(tmp_path) == set()


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_alert_says_what_to_do() -> None:
    """Each has a severity, and tells people what it means and where to look."""
    for rule in rules():
        assert rule["labels"]["severity"] in SEVERITIES, rule
        assert rule["annotations"].keys() == {"summary", "description"}, rule


def test_labels_of_annotations_are_those_of_the_expression() -> None:
    """`{{ $labels.x }}` is empty unless the expression keeps x."""
    known = declared()
    for rule in rules():
        used = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        groupings = re.findall(r"by \(([^)]*)\)", rule["expr"])
        kept = {name.strip() for each in groupings for name in each.split(",")}
        names = set(re.findall(r"gateway_\w+", rule["expr"]))
        bare = set() if groupings else {label for name in names for label in known[name]}
        assert used <= kept | (bare | OF_PROMETHEUS if not groupings else set()), rule


def test_every_panel_is_complete() -> None:
    """Each has an id of its own, a title, a unit, a place and a query."""
    found = list(panels())
    assert len({each["id"] for each in found}) == len(found)
    for panel in found:
        assert panel["title"], panel
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
    places = [tuple(panel["gridPos"].values()) for panel in found]
    assert len(set(places)) == len(places)
