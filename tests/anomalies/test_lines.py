"""Lines that are broken, truncated or forged are skipped, and never raise anything else."""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from typing import Any

import pytest

from futuretracker.anomalies.batches import SIZE, Batch, load
from futuretracker.anomalies.lines import LATEST, LONGEST, Skipped, parse
from futuretracker.database.queries.watch_turns import Change
from tests.anomalies.watch import activity, moment

NOW = time.time()


def line(kind: str = "AUTH", **changes: Any) -> bytes:
    fields = {
        "timestamp": moment(NOW),
        "type": kind,
        "reason": "key-unknown",
        "keyId": "Key000000001",
        "ip": "203.0.113.7",
        "requestId": "request-1",
        **changes,
    }
    return json.dumps(fields).encode()


def total(*lines: bytes) -> tuple[dict[str, int], dict[str, int]]:
    """Return the sums of these lines, and how many were skipped by reason."""
    batch = Batch()
    batch.add_lines(lines)
    sums = dict.fromkeys(("requests", "failures", "credentials", "webhooks"), 0)
    for each in batch.observations():
        for name in sums:
            sums[name] += getattr(each, name)
    return {name: value for name, value in sums.items() if value}, dict(batch.skipped)


def test_a_line_becomes_an_observation() -> None:
    read = parse(activity(at=1_700_000_000, missing=2, ids=5000, requestIds=["a", "b"]))

    assert read is not None
    seen = read.observation
    assert (seen.at, seen.until) == (1_699_999_995, 1_700_000_000)
    assert (seen.user, seen.session, seen.client) == ("user_a", "sess_a", "web")
    assert (seen.requests, seen.missing, seen.ids, seen.request_ids) == (1, 2, 1000, ("a", "b"))


def test_a_hundred_rows_of_an_export_count_as_a_page() -> None:
    pages = []
    lines: list[dict[str, Any]] = [
        {}, {"rows": 99}, {"rows": 1234}, {"pages": 0, "requests": 0, "rows": 1234}
    ]  # fmt: skip
    for changes in lines:
        read = parse(activity(at=1_700_000_000, **changes))
        assert read is not None
        pages.append(read.observation.pages)

    assert pages == [1, 1, 13, 12]


@pytest.mark.parametrize(
    "reason",
    ["token-missing", "token-scheme", "token-expired", "session-revoked", "signature-stale"],
)
def test_a_refusal_of_an_honest_client_is_no_failure(reason: str) -> None:
    assert total(line(reason=reason, keyId=None)) == ({}, {})


def test_credentials_are_counted_once_and_attempts_each_time() -> None:
    forged = [line(reason="token-malformed", keyId=None)] * 3
    keys = [line(keyId=f"Key00000000{number % 2}") for number in range(4)]
    plain = [line(reason="key-network", keyId=None)]

    assert total(*forged, *keys, *plain) == ({"failures": 8, "credentials": 3}, {})
    assert total(line("WEBHOOK", reason="webhook-signature-invalid")) == ({"webhooks": 1}, {})


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("192.0.2.7:443", "192.0.2.7"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, ""),
    ],
)
def test_an_address_has_no_port_and_one_spelling(written: str | None, address: str) -> None:
    found = parse(line(ip=written))

    assert found is not None
    assert found.observation.address == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not-json"),
        (b"Traceback (most recent call last):", "not-json"),
        (activity()[:-20], "not-json"),
        (activity()[40:], "not-json"),
        (b'{"type": "ACTIVITY", \xff}', "not-json"),
        (b'{"type": "ACTIVITY", "a": ' + b"[" * 30_000 + b"}", "not-json"),
        (b'{"type": "ACTIVITY", "a": ' + b"9" * 10_000 + b"}", "not-json"),
        (b'{"type": "ACTIVITY"}', "malformed"),
        (activity(requests=10**30), "malformed"),
        (activity(requests=-1), "malformed"),
        (activity(requests=True), "malformed"),
        (activity(requests="1"), "malformed"),
        (activity(bytes=1.5), "malformed"),
        (activity(rows=-1), "malformed"),
        (activity(rows="900"), "malformed"),
        (activity(bytes=float("nan")), "malformed"),
        (activity(bytes=float("inf")), "malformed"),
        (activity(requests=None), "malformed"),
        (activity(agent="a\x00b"), "malformed"),
        (activity(agent="a\x1b[31mb"), "malformed"),
        (activity(agent=["a"]), "malformed"),
        (activity(ip="localhost"), "malformed"),
        (activity(ip=["203.0.113.7"]), "malformed"),
        (activity(user="user_\ud800"), "malformed"),
        (activity(userId={"a": 1}), "malformed"),
        (activity(session="sess_a\n"), "malformed"),
        (activity(client="root"), "malformed"),
        (activity(requestIds="request"), "malformed"),
        (activity(requestIds=["a b"]), "malformed"),
        (activity(requestIds=["a"] * 1000), "malformed"),
        (activity(agent="x" * LONGEST), "too-long"),
        (activity(at=NOW + LATEST + 86_400), "time"),
        (activity(since=moment(NOW + 60)), "time"),
        (activity(since=moment(NOW - 7200)), "time"),
        (activity(since="yesterday"), "time"),
        (activity(since="yesterdayZ"), "malformed"),
        (activity(since="2026-01-01"), "time"),
        (activity(since=1), "malformed"),
        (line(reason="Key unknown"), "malformed"),
        (line(keyId=7), "malformed"),
        (line("WEBHOOK", requestId=None), "malformed"),
    ],
)
def test_a_line_that_is_not_right_is_skipped_and_counted(text: bytes, reason: str) -> None:
    assert total(text, activity()) == ({"requests": 1}, {reason: 1})


@pytest.mark.parametrize("kind", ["REQUEST", "AUDIT", "ANOMALY", None, ["ACTIVITY"], {"a": 1}])
def test_other_lines_are_none_of_ours(kind: object) -> None:
    assert total(line(kind, also="ACTIVITY")) == ({}, {})  # type: ignore[arg-type]


def test_no_damage_raises_anything_else() -> None:
    chance = random.Random(18)  # noqa: S311 - for a test
    for _ in range(3000):
        damaged = bytearray(chance.choice([activity(), line(), line("WEBHOOK")]))
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with suppress(Skipped):
            parse(bytes(damaged[: chance.randint(1, len(damaged) * 2)]))


def test_the_lines_of_a_session_are_added_together_but_only_within_ten_seconds() -> None:
    batch = Batch()
    at = NOW // 10 * 10 + 5
    batch.add_lines([activity(at=at), activity(at=at + 1), activity(at=at + 60)])
    found = batch.observations()

    assert [each.requests for each in found] == [2, 1]
    assert list(load([json.loads(row) for row in batch.rows()])) == found


def test_a_row_of_the_inbox_covers_a_quarter_of_an_hour_at_most() -> None:
    batch = Batch()
    for at in (0, 890, 920, 5000):
        batch.add_changes([Change(1, 1e9 + at, "user_1", "CREATE_OPPORTUNITY", "request", "web")])
    assert [[each["at"] - 1e9 for each in json.loads(row)] for row in batch.rows()] == [
        [0, 890],
        [920],
        [5000],
    ]


def test_rows_of_the_inbox_are_bounded_and_a_newer_release_may_have_written_them() -> None:
    batch = Batch()
    batch.add_lines(activity(f"user_{number}") for number in range(SIZE + 1))

    assert [len(json.loads(row)) for row in batch.rows()] == [SIZE, 1]
    [one] = load([[{"at": 1.0, "until": 2.0, "requests": 3, "new": [1]}]])
    assert (one.at, one.requests) == (1.0, 3)
