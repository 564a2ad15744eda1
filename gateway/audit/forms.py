"""How an audit record is written outside the database: as it is, or as an OCSF event.

OCSF 1.8, API Activity (class 6003): https://schema.ocsf.io/1.8.0/classes/api_activity.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from gateway.domain.audit_event import AuditKind, ChainedAuditEvent
from gateway.domain.texts import UNSAFE

Form = Callable[[ChainedAuditEvent], str]

OCSF_VERSION = "1.8.0"
_APPLICATION_ACTIVITY = 6
_API_ACTIVITY = 6003
_INFORMATIONAL, _LOW = 1, 2
_UNKNOWN, _SUCCESS, _FAILURE = 0, 1, 2
_CREATE, _READ, _UPDATE, _DELETE, _OTHER = 1, 2, 3, 4, 99
_ACTIVITIES = {_CREATE: "Create", _READ: "Read", _UPDATE: "Update", _DELETE: "Delete"}
_BEGINNINGS = {
    ("Get", "List", "Watch", "Verify"): _READ,
    ("Place", "Create", "Start", "Transfer", "Add"): _CREATE,
    ("Update", "Hold", "Resume", "Apply", "Reset", "Complete", "Replay"): _UPDATE,
    ("HangUp", "Revoke", "Remove", "Cancel", "Delete"): _DELETE,
}
_GOOD = ("OK", "COMPLETED", "TRANSFERRED")


def record_line(chained: ChainedAuditEvent) -> str:
    r"""The record's own text, and its hash, with unsafe characters in JSON's own escapes.

    It parses to the same (`\u202e`), so its hash is still that of the record.
    """
    return f'{{"event":"audit","hash":"{chained.hash}",{_safe(chained.text)[1:]}'


def ocsf_line(chained: ChainedAuditEvent) -> str:
    """The record as an OCSF event, with its own text as `raw_data`, so it can still be proven."""
    return _safe(json.dumps(ocsf(chained), ensure_ascii=False, separators=(",", ":")))


def ocsf(chained: ChainedAuditEvent) -> dict[str, Any]:
    """See `ocsf_line`."""
    record = chained.record
    method = str(record.get("method", ""))
    activity = _activity(method)
    status = _status(record)
    resources = [
        {"type": kind, "uid": record[key]}
        for kind, key in (("call", "call_id"), ("transfer", "transfer_id"))
        if key in record
    ]
    told: dict[str, Any] = {
        "activity_id": activity,
        "activity_name": _ACTIVITIES.get(activity, method),
        "category_uid": _APPLICATION_ACTIVITY,
        "category_name": "Application Activity",
        "class_uid": _API_ACTIVITY,
        "class_name": "API Activity",
        "type_uid": _API_ACTIVITY * 100 + activity,
        "severity_id": _LOW if record.get("kind") == AuditKind.REFUSED else _INFORMATIONAL,
        "time": round(datetime.fromisoformat(record["time"]).timestamp() * 1000),
        "status_id": status,
        "status_code": record.get("code") or record.get("reason", ""),
        "status_detail": record.get("reason", ""),
        "actor": _actor(record),
        "api": _api(record, method),
        "src_endpoint": _endpoint(str(record.get("peer", ""))),
        "resources": resources,
        "metadata": _metadata(chained, record),
        "unmapped": {"hash": chained.hash, "kind": record.get("kind", "")},
        "raw_data": chained.text,
    }
    if trace_id := record.get("trace_id"):
        told["trace"] = {"uid": trace_id}
    if "latency" in record:
        told["duration"] = round(float(record["latency"].removesuffix("s")) * 1000)
    return {name: value for name, value in told.items() if value not in ("", [])}


def _activity(method: str) -> int:
    name = method.rpartition("/")[2]
    for beginnings, activity in _BEGINNINGS.items():
        if name.startswith(beginnings):
            return activity
    return _OTHER


def _status(record: Mapping[str, Any]) -> int:
    if record.get("kind") == AuditKind.OUTCOME:
        return _SUCCESS if record.get("reason") in _GOOD else _FAILURE
    if record.get("kind") == AuditKind.DONE:
        return _SUCCESS if record.get("code", "OK") == "OK" else _FAILURE
    return _FAILURE if record.get("kind") == AuditKind.REFUSED else _UNKNOWN


def _actor(record: Mapping[str, Any]) -> dict[str, Any]:
    actor = record.get("actor")
    if not actor:
        return {"app_name": "call gateway"}
    user = {"uid": actor, "type_id": _OTHER, "type": "API key"}
    if tenant_id := record.get("tenant_id"):
        user["org"] = {"uid": tenant_id}
    return {"user": user}


def _api(record: Mapping[str, Any], method: str) -> dict[str, Any]:
    service, _, operation = method.rpartition("/")
    told: dict[str, Any] = {"operation": operation or method}
    if service:
        told["service"] = {"name": service}
    if rpc_id := record.get("rpc_id"):
        told["request"] = {"uid": rpc_id}
    if record.get("kind") == AuditKind.REFUSED:
        told["response"] = {
            "error": record.get("code", ""),
            "error_message": record.get("reason", ""),
        }
    return told


def _endpoint(peer: str) -> dict[str, Any]:
    """`ipv4:10.0.0.7:40312`, `ipv6:[::1]:40312`, or what is none."""
    kind, _, place = peer.partition(":")
    host, _, port = place.rpartition(":")
    if kind not in ("ipv4", "ipv6") or not port.isdecimal():
        return {"name": peer or "call gateway"}
    return {"ip": host.strip("[]"), "port": int(port)}


def _metadata(chained: ChainedAuditEvent, record: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "version": OCSF_VERSION,
        "product": {"name": "call gateway", "vendor_name": "call gateway"},
        "uid": f"{chained.log_id}#{chained.sequence}",
        "log_name": chained.log_id,
        "sequence": chained.sequence,
    }
    if call_id := record.get("call_id"):
        told["correlation_uid"] = call_id
    if tenant_id := record.get("tenant_id"):
        told["tenant_uid"] = tenant_id
    if record.get("trace_id"):
        told["profiles"] = ["trace"]
    return told


def _safe(line: str) -> str:
    if line.isascii() and "\x7f" not in line:  # JSON has escaped the other control characters
        return line
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
