"""The webhook: signed, sent once, tried again with the same id, and taken back."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from futuretracker.anomalies.actions import respond, webhook, work
from futuretracker.anomalies.actions.undo import undo
from futuretracker.database.queries.anomaly_actions import select_actions
from tests.anomalies.actions.receiver import SECRET
from tests.support import servers
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from futuretracker.anomalies.findings import Finding
    from tests.anomalies.actions.conftest import World
    from tests.anomalies.actions.receiver import Receiver
    from tests.database.queries.conftest import Owner

HOOK = "*=webhook"


def make_due(world: World) -> None:
    """Let the time until the next attempt pass."""
    world.owner.execute("update anomaly_actions set next_at = now()")


def the_act(world: World, finding: Finding) -> Any:
    (act,) = select_actions(world.watch, finding_id=finding.id)
    return act


def test_a_message_is_signed_and_has_the_fields_of_the_line(
    world: World, receiver: Receiver, a: Owner
) -> None:
    finding = world.found(f"user:{a.clerk_id}", a.clerk_id, last_seen=1_790_000_120.5)
    respond(world.watch, finding, world.read(**receiver.settings(HOOK)))

    (message,) = receiver.received
    assert (message.path, message.id) == ("/hook?token=hunter22", f"{finding.id}_found")
    assert message.body == {
        "type": "anomaly.found",
        "timestamp": "2026-09-21T14:15:20.500Z",
        "data": {
            "id": finding.id,
            "kind": "scraping",
            "severity": "high",
            "subject": f"user:{a.clerk_id}",
            "userId": a.clerk_id,
            "reason": "4,000 pages in 2 minutes",
            "figures": {"pages": 4000},
            "firstSeen": "2026-09-21T14:13:20.000Z",
            "lastSeen": "2026-09-21T14:15:20.500Z",
            "suggestedAction": "lower-limit",
            "requestIds": ["req-1", "req-2"],
        },
    }
    assert the_act(world, finding).done_at is not None
    audited = "select action, actor from audit_log where request_id = %s"
    assert world.owner.execute(audited.encode(), [finding.id]).fetchall() == [
        ("SEND_WEBHOOK", "watch")
    ]


def test_a_message_is_sent_once(world: World, receiver: Receiver) -> None:
    finding, settings = world.found("service"), world.read(**receiver.settings(HOOK))
    for _ in range(3):
        respond(world.watch, finding, settings)
        make_due(world)
        work(world.watch, settings)

    assert len(receiver.received) == 1


def test_a_message_that_fails_is_tried_five_times_with_the_same_id_and_body(
    world: World, receiver: Receiver
) -> None:
    finding, settings = world.found("service"), world.read(**receiver.settings(HOOK))
    receiver.statuses = [500, 503, 404, 301, 410, 200]
    with recorded_events("ANOMALY_ACTION") as events:
        respond(world.watch, finding, settings)
        for _ in range(8):
            make_due(world)
            work(world.watch, settings)

    assert len(receiver.received) == 5
    assert len({(each.path, each.id, each.raw) for each in receiver.received}) == 1
    assert [(line["outcome"], line["detail"]) for line in events] == [
        ("retry", "status 500"),
        ("retry", "status 503"),
        ("retry", "status 404"),
        ("retry", "status 301"),
        ("failed", "status 410"),
    ]
    act = the_act(world, finding)
    assert (act.done_at, act.attempts, act.detail) == (None, 5, "status 410")


def test_a_retry_waits_for_its_time(world: World, receiver: Receiver) -> None:
    finding, settings = world.found("service"), world.read(**receiver.settings(HOOK))
    receiver.statuses = [500]
    respond(world.watch, finding, settings)
    work(world.watch, settings)
    assert len(receiver.received) == 1
    make_due(world)
    work(world.watch, settings)

    assert len(receiver.received) == 2
    assert the_act(world, finding).done_at is not None


def test_a_crash_after_sending_repeats_the_same_message_and_no_row(
    world: World, receiver: Receiver
) -> None:
    finding, settings = world.found("service"), world.read(**receiver.settings(HOOK))
    with (
        mock.patch("futuretracker.anomalies.actions.carry_out", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        respond(world.watch, finding, settings)
    respond(world.watch, finding, settings)
    make_due(world)
    work(world.watch, settings)

    first, second = receiver.received
    assert first == second
    assert the_act(world, finding).attempts == 2


def test_a_crash_at_each_attempt_is_not_repeated_for_ever(world: World, receiver: Receiver) -> None:
    finding, settings = world.found("service"), world.read(**receiver.settings(HOOK))
    with mock.patch("futuretracker.anomalies.actions.carry_out", side_effect=KeyboardInterrupt):
        for _ in range(5):
            with pytest.raises(KeyboardInterrupt):
                respond(world.watch, finding, settings)
            make_due(world)
    work(world.watch, settings)

    assert len(receiver.received) == 5
    assert the_act(world, finding).failed_at is not None


def test_a_redirect_is_not_followed(world: World, receiver: Receiver) -> None:
    receiver.statuses = [307]
    respond(world.watch, world.found("service"), world.read(**receiver.settings(HOOK)))

    assert [each.path for each in receiver.received] == ["/hook?token=hunter22"]


def test_a_silent_receiver_delays_a_round_once(world: World, receiver: Receiver) -> None:
    receiver.is_silent = True
    settings = world.read(**receiver.settings(HOOK))
    first, second = world.found("service"), world.found("service")
    with world.watch.transaction():
        respond(world.watch, first, settings)
        respond(world.watch, second, settings)
    with mock.patch.object(webhook, "WITHIN", 0.3):
        work(world.watch, settings)

    assert len(receiver.received) <= 1
    assert the_act(world, first).detail in {"no response in time", "TimeoutError"}
    assert the_act(world, second).attempts == 0


def test_without_a_receiver_the_reason_names_neither_url_nor_secret(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = f"http://127.0.0.1:{servers.free_port()}/hook?token=hunter22"
    settings = world.read(HOOK, ANOMALY_WEBHOOK_URL=url, ANOMALY_WEBHOOK_SECRET=SECRET)
    finding = world.found("service")
    with recorded_events("ANOMALY_ACTION") as events:
        respond(world.watch, finding, settings)

    assert the_act(world, finding).detail == "ConnectionRefusedError"
    for text in (caplog.text, str(events), repr(settings)):
        assert "hunter22" not in text
        assert SECRET[6:] not in text


def test_a_webhook_that_is_no_longer_set_waits(world: World, receiver: Receiver) -> None:
    finding, settings = world.found("service"), world.read(**receiver.settings(HOOK))
    with world.watch.transaction():
        respond(world.watch, finding, settings)
    work(world.watch, world.read())
    assert the_act(world, finding).attempts == 0
    work(world.watch, settings)

    assert len(receiver.received) == 1


def test_a_message_about_an_old_finding_is_sent(world: World, receiver: Receiver) -> None:
    settings = world.read(**receiver.settings(HOOK))
    respond(world.watch, world.found("service", last_seen=time.time() - 7200), settings)

    assert len(receiver.received) == 1


def test_undoing_sends_a_second_message(world: World, receiver: Receiver, a: Owner) -> None:
    finding = world.found(f"user:{a.clerk_id}", a.clerk_id)
    settings = world.read(**receiver.settings(HOOK))
    respond(world.watch, finding, settings)
    receiver.statuses = [500]
    (failed,) = undo(world.watch, finding.id, settings)
    assert failed.outcome == "failed"
    assert failed.sentence == "the webhook was not told (status 500); run this again"
    (done,) = undo(world.watch, finding.id, settings)
    assert done.outcome == "undone"
    assert list(undo(world.watch, finding.id, settings)) == []

    found, first, second = receiver.received
    assert first.id == second.id == f"{finding.id}_undone"
    assert (first.body["type"], first.body["data"]) == ("anomaly.undone", found.body["data"])
    assert the_act(world, finding).undone_at is not None


def test_undoing_also_tells_a_receiver_that_did_not_confirm(
    world: World, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    finding, settings = world.found("service"), world.read(**receiver.settings(HOOK))
    respond(world.watch, finding, settings)

    (done,) = undo(world.watch, finding.id, settings)
    assert done.outcome == "cancelled"
    assert [each.body["type"] for each in receiver.received] == ["anomaly.found", "anomaly.undone"]
    make_due(world)
    work(world.watch, settings)
    assert len(receiver.received) == 2


def test_undoing_a_webhook_needs_its_settings(world: World, receiver: Receiver) -> None:
    finding = world.found("service")
    respond(world.watch, finding, world.read(**receiver.settings(HOOK)))

    (failed,) = undo(world.watch, finding.id, world.read())
    assert failed.outcome == "failed"
    assert "ANOMALY_WEBHOOK_URL and ANOMALY_WEBHOOK_SECRET are not set" in failed.sentence
