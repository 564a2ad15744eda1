"""How far the tree is behind the records that are stored."""

from datetime import UTC, datetime

from gateway.ports import Reading


def behind(reading: Reading) -> float:
    """The age, in seconds, of the oldest stored record that is no leaf yet; 0: all are."""
    oldest = [
        datetime.fromisoformat(record.record["time"])
        for each in reading.audit_progress()
        if each.written > each.sequenced
        for record in reading.audit_log(each.log_id, each.sequenced, 1)
    ]
    return (datetime.now(UTC) - min(oldest)).total_seconds() if oldest else 0.0
