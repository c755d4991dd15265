"""Unit tests of the alerts: each has cases in which it fires and cases in which it does not."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from tests.deploy.monitoring.prometheus import PLACE

if TYPE_CHECKING:
    from pathlib import Path

RULES = yaml.safe_load((PLACE / "alerts.yml").read_text())
SEVERITIES = {
    rule["alert"]: rule["labels"]["severity"]
    for group in RULES["groups"]
    for rule in group["rules"]
}
FOR = {rule["alert"]: rule["for"] for group in RULES["groups"] for rule in group["rules"]}
NEW_KINDS = ("no_response", "login_refused", "unsafe_role")
WORKERS = "futuretracker_workers"
MEMORY = "futuretracker_worker_memory_bytes"
AUDIT = "futuretracker_audit_log"
PRUNE = "futuretracker_prune_finished_timestamp_seconds"
READ_ONLY = "futuretracker_database_read_only"
FREE = 'futuretracker_store_bytes{kind="free"}'
KIND = {"kind": "free"}
OLDEST = 'futuretracker_waiting_oldest_seconds{turn="%s"}'
REQUESTS = "futuretracker_requests_total"
BUCKET = "futuretracker_request_duration_seconds_bucket"
DATABASE = "futuretracker_database_errors_total"
LIMITS = "futuretracker_limit_decisions_total"
TOKENS = "futuretracker_authentication_failures_total"
WAF = 'futuretracker_waf_requests_total{outcome="refused"}'
WAF_LOG = "futuretracker_waf_log_timestamp_seconds"
ANOMALIES = 'futuretracker_anomaly_findings{kind="scraping",severity="%s",state="%s",instance="%s"}'
WATCH = "futuretracker_watch"
SKIPPED = f'{WATCH}_lines_skipped_total{{reason="malformed"}}'
UP = 'up{job="futuretracker",instance="a"}'
DRILL = "futuretracker_drill"
OF_JOB = '{job="futuretracker",instance="a"}'


class Case(NamedTuple):
    """Series in Prometheus' notation, with one value per ``step``; the labels of the alert.

    The fault begins at ``since`` (minutes). The alert does not fire before its ``for`` is over, and
    fires at ``minute``. If ``labels`` is None, it never fires up to then.
    """

    alert: str
    minute: float
    series: dict[str, str]
    labels: dict[str, str] | None = None
    since: float = 0
    step: str = "15s"


def counter(*parts: tuple[float, float]) -> str:
    """Return a counter with a value every 15 seconds.

    Each part is a number of minutes and the increase per minute.
    """
    values, total = [0.0], 0.0
    for minutes, rate in parts:
        for _ in range(round(minutes * 4)):
            total += rate / 4
            values.append(total)
    return " ".join(f"{value:g}" for value in values)


def gauge(*parts: tuple[float, float]) -> str:
    """Return a gauge with a value every 15 seconds; each part is minutes and a value."""
    return " ".join(f"{value:g}" for minutes, value in parts for _ in range(round(minutes * 4)))


def slow(*parts: tuple[float, float], route: str = "/api/me") -> dict[str, str]:
    """Return the durations of 100 requests a minute; each part has a number of slow ones."""
    fast = counter(*((minutes, 100 - rate) for minutes, rate in parts))
    all_ = counter((sum(minutes for minutes, _ in parts), 100))
    return {
        f'{BUCKET}{{route="{route}",le="{le}"}}': values
        for le, values in (("0.5", fast), ("1", all_), ("+Inf", all_))
    }


def responses(*parts: tuple[float, float], route: str = "/api/me") -> dict[str, str]:
    """Return 6000 responses a minute; each part has a number of failures per minute."""
    good = counter(*((minutes, 6000 - rate) for minutes, rate in parts))
    bad = counter(*parts)
    return {
        f'{REQUESTS}{{route="{route}",status="200"}}': good,
        f'{REQUESTS}{{route="{route}",status="503"}}': bad,
    }


def failures(kind: str, *parts: tuple[float, float]) -> dict[str, str]:
    """Return 6000 requests a minute, of which so many fail in Postgres with this kind."""
    return {f'{DATABASE}{{kind="{kind}"}}': counter(*parts), **responses(*parts)}


def given_up(*parts: tuple[float, float], turn: str = "worker") -> dict[str, str]:
    """Return 6000 requests a minute, of which so many have waited too long."""
    late = f'futuretracker_waited_in_vain_total{{turn="{turn}",reason="late"}}'
    return {late: counter(*parts), **responses(*parts)}


def decisions(*parts: tuple[float, float]) -> dict[str, str]:
    """Return 6000 decisions a minute; each part has a number of refusals."""
    return {
        f'{LIMITS}{{budget="general",decision="{decision}"}}': counter(*values)
        for decision, values in (
            ("allowed", [(minutes, 6000 - rate) for minutes, rate in parts]),
            ("refused", parts),
        )
    }


MINE = {"job": "futuretracker", "instance": "a"}
SERVER = {"server": "primary"}
WAITING = 'futuretracker_pool_waiting_requests{server="primary"}'
STORE = f"futuretracker_store_up{OF_JOB}"
REPLICA = 'futuretracker_replica_up{server="replica"}'
DIED = 'futuretracker_worker_exits_total{outcome="died"}'
STARTED = "futuretracker_start_time_seconds"
REFUSED = 'futuretracker_webhooks_total{outcome="refused"}'
WEBHOOK = "/webhooks/clerk"
HALF_A_SECOND = (0.25, 200)  # 50 failures between two scrapes
RESTART = (0.5, 6000)  # every request of 30 seconds fails
# Clerk repeats a webhook 5 s, 5 min, 30 min and 2 h after each failure.
RETRIES = [(0.25, 8.0), (4.75, 0.0), (0.25, 4.0), (29.75, 0.0), (0.25, 4.0), (20.0, 0.0)]
CASES = [
    Case("FutureTrackerDown", 12, {UP: gauge((10, 1), (5, 0))}, MINE, since=10),
    Case("FutureTrackerDown", 14, {UP: gauge((10, 1), (0.75, 0), (5, 1))}),
    Case("FutureTrackerNotScraped", 16, {UP: "1x39 stale"}, {"job": "futuretracker"}, since=10),
    Case("FutureTrackerNotScraped", 20, {UP: "0x80"}),
    Case("FutureTrackerErrorsFast", 4, responses((1, 0), (5, 600)), {}, since=1),
    Case("FutureTrackerErrorsFast", 40, responses((30, 0), (10, 60))),
    *(
        Case("FutureTrackerErrorsFast", minute, responses((before, 0), blip, (30, 0)))
        for blip in (HALF_A_SECOND, RESTART)
        for before in (2, 60)  # a new service, and one that has run for an hour
        for minute in (before + 2, before + 3, before + 5)
    ),
    Case("FutureTrackerErrorsSlow", 47, responses((30, 0), (30, 600)), {}, since=30),
    Case("FutureTrackerErrorsSlow", 400, responses((400, 30))),
    *(
        Case("FutureTrackerErrorsSlow", minute, responses((5, 0), RESTART, (60, 0)))
        for minute in (15, 21, 30, 40)
    ),
    Case("FutureTrackerSlow", 22, slow((10, 0), (20, 10)), {}, since=10),
    Case("FutureTrackerSlow", 30, slow((10, 0), (4, 10), (30, 0))),
    Case("FutureTrackerSlow", 30, slow((30, 10), route="/docs")),
    Case("FutureTrackerOverloaded", 14, given_up((10, 0), (9, 600)), {}, since=10),
    Case(
        "FutureTrackerOverloaded", 14, {OLDEST % "worker": gauge((10, 0), (9, 0.9))}, {}, since=10
    ),
    # A restart of Postgres, and a user who waits for nobody else.
    Case("FutureTrackerOverloaded", 14, given_up((10, 0), RESTART, (9, 0))),
    Case("FutureTrackerOverloaded", 14, {OLDEST % "database": gauge((10, 0), (2.5, 1), (9, 0))}),
    Case("FutureTrackerOverloaded", 14, {OLDEST % "user": gauge((20, 1))}),
    Case("FutureTrackerOverloaded", 14, given_up((20, 600), turn="user")),
    Case("FutureTrackerStoreUnavailable", 13, {STORE: gauge((10, 1), (9, 0))}, MINE, since=10),
    Case("FutureTrackerStoreUnavailable", 13, {STORE: gauge((10, 1), (1.75, 0), (9, 1))}),
    Case("FutureTrackerSharedMemoryFull", 21, {FREE: gauge((10, 5e8), (20, 1e6))}, KIND, since=10),
    Case("FutureTrackerSharedMemoryFull", 21, {FREE: gauge((10, 5e8), (9, 1e6), (10, 5e8))}),
    *(
        Case("FutureTrackerDatabaseUnreachable", 13, failures(kind, (10, 0), (9, 5000)), {}, 10)
        for kind in ("known", "connection", *NEW_KINDS)
    ),
    *(
        Case("FutureTrackerDatabaseUnreachable", minute, failures("known", (10, 0), blip, (9, 0)))
        for blip in (HALF_A_SECOND, RESTART)
        for minute in (11, 12, 12.25, 13, 15)
    ),
    Case("FutureTrackerDatabaseUnreachable", 19, failures("lock_timeout", (10, 0), (9, 5000))),
    Case("FutureTrackerWritesRefused", 14, {READ_ONLY: gauge((10, 0), (9, 1))}, {}, since=10),
    Case("FutureTrackerWritesRefused", 16, failures("disk_full", (10, 0), (9, 60)), {}, since=10),
    # A failover within a minute, and a disk that was full for a moment.
    Case("FutureTrackerWritesRefused", 14, {READ_ONLY: gauge((10, 0), (2, 1), (9, 0))}),
    Case("FutureTrackerWritesRefused", 14, failures("disk_full", (10, 0), (0.5, 600), (9, 0))),
    Case(
        "FutureTrackerStatementsFail",
        17,
        failures("lock_timeout", (10, 0), (9, 100)),
        {"kind": "lock_timeout"},
        since=10,
    ),
    # Four deadlocks, a table that was locked for five seconds, and one user's slow searches.
    Case("FutureTrackerStatementsFail", 19, failures("deadlock", (10, 0), (0.25, 16), (9, 0))),
    Case("FutureTrackerStatementsFail", 19, failures("lock_timeout", (10, 0), (0.25, 850), (9, 0))),
    Case("FutureTrackerStatementsFail", 29, failures("search_timeout", (30, 30))),
    Case("FutureTrackerStatementsFail", 19, failures("known", (10, 0), (9, 5000))),
    Case("FutureTrackerPoolExhausted", 16, {WAITING: gauge((10, 0), (9, 2))}, SERVER, since=10),
    Case("FutureTrackerPoolExhausted", 16, {WAITING: gauge((10, 0), (4.5, 9), (9, 0))}),
    Case(
        "FutureTrackerReplicaUnavailable",
        16,
        {REPLICA: gauge((10, 1), (9, 0))},
        {"server": "replica"},
        since=10,
    ),
    Case("FutureTrackerReplicaUnavailable", 16, {REPLICA: gauge((10, 1), (4.5, 0), (9, 1))}),
    # Ten times as many refusals as on the day before, or the usual number.
    Case(
        "FutureTrackerRefusedTokens",
        1465,
        {f'{TOKENS}{{reason="token-expired"}}': "0+1x1440 1440+120x40"},
        {"reason": "token-expired"},
        since=1440,
        step="1m",
    ),
    Case(
        "FutureTrackerRefusedTokens",
        1465,
        {f'{TOKENS}{{reason="token-expired"}}': "0+120x1480"},
        step="1m",
    ),
    Case(
        "FutureTrackerRefusedTokens",
        72,
        {f'{TOKENS}{{reason="token-malformed"}}': counter((60, 0), (1, 600), (20, 0))},
    ),
    Case(
        "FutureTrackerRateLimitsExceeded",
        25,
        decisions((10, 0), (20, 600)),
        {"budget": "general"},
        since=10,
    ),
    Case("FutureTrackerRateLimitsExceeded", 25, decisions((30, 120))),
    Case("FutureTrackerRateLimitsExceeded", 25, decisions((10, 0), (2, 3000), (20, 0))),
    Case("FutureTrackerFirewallRefuses", 26, {WAF: counter((10, 0), (20, 600))}, {}, since=10),
    # A scanner for two minutes, and a few refusals all day.
    Case("FutureTrackerFirewallRefuses", 26, {WAF: counter((10, 0), (2, 3000), (20, 0))}),
    Case("FutureTrackerFirewallRefuses", 30, {WAF: counter((30, 30))}),
    Case("FutureTrackerFirewallLogStopped", 12, {WAF_LOG: gauge((12, 0))}, {}, since=5),
    Case("FutureTrackerFirewallLogStopped", 9, {WAF_LOG: gauge((12, 0))}),
    # Two hosts export the same finding, until somebody decides.
    Case(
        "FutureTrackerAnomalyFound",
        12,
        {ANOMALIES % ("high", "open", host): gauge((10, 0), (20, 1)) for host in "ab"},
        {"kind": "scraping"},
        since=10,
    ),
    Case("FutureTrackerAnomalyFound", 12, {ANOMALIES % ("high", "dismissed", "a"): "1x60"}),
    Case("FutureTrackerAnomalyFound", 12, {ANOMALIES % ("medium", "open", "a"): "1x60"}),
    Case(
        "FutureTrackerAnomalyWaits",
        12,
        {ANOMALIES % ("medium", "open", "a"): gauge((10, 0), (20, 1))},
        {"kind": "scraping"},
        since=10,
    ),
    Case("FutureTrackerAnomalyWaits", 12, {ANOMALIES % ("medium", "accepted", "a"): "1x60"}),
    Case(
        "FutureTrackerWatchBehind",
        26,
        {f"{WATCH}_inbox_batches": gauge((10, 0), (20, 101))},
        {},
        since=10,
    ),
    Case("FutureTrackerWatchBehind", 20, {f"{WATCH}_inbox_batches": gauge((10, 0), (20, 101))}),
    Case(
        "FutureTrackerWatchStopped",
        17,
        {f"{WATCH}_evaluated_timestamp_seconds": gauge((20, 0))},
        {},
        since=10,
    ),
    Case(
        "FutureTrackerWatchStopped",
        17,
        {f"{WATCH}_saved_timestamp_seconds": gauge((20, 0))},
        {},
        since=10,
    ),
    Case(
        "FutureTrackerWatchStopped",
        17,
        {f"{WATCH}_{each}_timestamp_seconds": "0+15x80" for each in ("evaluated", "saved")},
    ),
    Case(
        "FutureTrackerWatchSkipsLines",
        30,
        {SKIPPED: counter((10, 0), (30, 30)), f"{WATCH}_lines_total": counter((40, 600))},
        {},
        since=10,
    ),
    Case(
        "FutureTrackerWatchSkipsLines",
        35,
        {SKIPPED: counter((40, 3)), f"{WATCH}_lines_total": counter((40, 600))},
    ),
    Case(
        "FutureTrackerWatchSkipsLines",
        35,
        {SKIPPED: counter((10, 0), (2, 100), (30, 0)), f"{WATCH}_lines_total": counter((42, 600))},
    ),
    Case(
        "FutureTrackerWebhooksRefused",
        57,
        {REFUSED: counter((10, 0), *RETRIES)},
        {"outcome": "refused"},
        10,
    ),
    Case("FutureTrackerWebhooksRefused", 55, {REFUSED: counter((10, 0), (1, 50), (60, 0))}),
    Case("FutureTrackerWebhooksFail", 51, responses((10, 0), *RETRIES, route=WEBHOOK), {}, 10),
    Case("FutureTrackerWebhooksFail", 55, responses((10, 0), (0.5, 90), (60, 0), route=WEBHOOK)),
    Case("FutureTrackerWebhooksFail", 60, responses((60, 90))),
    Case("FutureTrackerWorkersDie", 16, {DIED: counter((10, 0), (10, 4))}, {"outcome": "died"}, 10),
    # Four workers at once, as an out-of-memory killer may do.
    Case("FutureTrackerWorkersDie", 16, {DIED: counter((10, 0), (0.25, 16), (10, 0))}),
    Case(
        "FutureTrackerWorkersDie",
        16,
        {'futuretracker_worker_exits_total{outcome="ended"}': counter((20, 4))},
    ),
    Case("FutureTrackerWorkerMissing", 68, {WORKERS: gauge((60, 4), (10, 3))}, {}, since=60),
    # A reload, and a number of workers that has been constant for long.
    Case("FutureTrackerWorkerMissing", 68, {WORKERS: gauge((58, 4), (2, 8), (10, 4))}),
    Case("FutureTrackerWorkerMissing", 68, {WORKERS: gauge((20, 4), (50, 2))}),
    Case("FutureTrackerWorkerMemory", 21, {MEMORY: gauge((10, 7e7), (20, 4e8))}, {}, since=10),
    # Eight whole lists of the original API at the same time.
    Case("FutureTrackerWorkerMemory", 21, {MEMORY: gauge((10, 7e7), (5, 4e8), (20, 9e7))}),
    Case("FutureTrackerRestarts", 18, {STARTED: gauge((10, 1)) + " 2+1x40"}, {}, since=10),
    Case("FutureTrackerRestarts", 18, {STARTED: gauge((10, 1)) + " 2 3 4 5 6 6x40"}),
    Case(
        "FutureTrackerAuditLogLarge",
        130,
        {f"{AUDIT}_bytes": "19000000000+50000000x200"},
        {},
        since=21,
        step="1m",
    ),
    Case(
        "FutureTrackerAuditLogLarge",
        75 * 60,
        {f"{AUDIT}_measured_timestamp_seconds": "0x4600"},
        {},
        since=72 * 60,
        step="1m",
    ),
    Case(
        "FutureTrackerAuditLogLarge",
        71 * 60,
        {f"{AUDIT}_bytes": "1e9x4600", f"{AUDIT}_measured_timestamp_seconds": "0x4600"},
        step="1m",
    ),
    Case(
        "FutureTrackerPruneOld",
        25 * 60,
        {f'{PRUNE}{{step="trash",instance="a"}}': "0x1700"},
        {"step": "trash"},
        since=24 * 60,
        step="1m",
    ),
    Case(
        "FutureTrackerPruneOld",
        25 * 60,
        {
            f'{PRUNE}{{step="trash",instance="a"}}': "0x1700",
            f'{PRUNE}{{step="trash",instance="b"}}': "0+60x1700",
        },
        step="1m",
    ),
    Case(
        "FutureTrackerBackupOld",
        27 * 60,
        {"futuretracker_backup_timestamp_seconds": "0x1700"},
        {},
        since=26 * 60,
        step="1m",
    ),
    Case(
        "FutureTrackerBackupOld",
        25 * 60,
        {"futuretracker_backup_timestamp_seconds": "0x1700"},
        step="1m",
    ),
    Case("FutureTrackerBackupUnknown", 70, {UP: "1x90"}, MINE, step="1m"),
    Case(
        "FutureTrackerBackupUnknown",
        70,
        {UP: "1x90", f"futuretracker_backup_timestamp_seconds{OF_JOB}": "1x90"},
        step="1m",
    ),
    Case("FutureTrackerDrillOldOrFailed", 16, {f"{DRILL}_ok": gauge((10, 1), (9, 0))}, {}, 10),
    Case(
        "FutureTrackerDrillOldOrFailed",
        9 * 1440,
        {f"{DRILL}_timestamp_seconds": "0x13000"},
        {},
        since=8 * 1440,
        step="1m",
    ),
    Case(
        "FutureTrackerDrillOldOrFailed",
        7 * 1440,
        {f"{DRILL}_ok": "1x11000", f"{DRILL}_timestamp_seconds": "0x11000"},
        step="1m",
    ),
    Case(
        "FutureTrackerCertificateEnds",
        70,
        {'probe_ssl_earliest_cert_expiry{job="futuretracker-edge"}': "86400x90"},
        {"job": "futuretracker-edge"},
        step="1m",
    ),
    Case(
        "FutureTrackerCertificateEnds",
        70,
        {'probe_ssl_earliest_cert_expiry{job="futuretracker-edge"}': "2592000x90"},
        step="1m",
    ),
]


def minutes(duration: str) -> float:
    """Return Prometheus' duration in minutes."""
    return float(duration[:-1]) * {"s": 1 / 60, "m": 1, "h": 60, "d": 1440}[duration[-1]]


def instant(minute: float) -> str:
    return f"{round(minute * 60)}s"


def as_test(case: Case) -> dict[str, Any]:
    found = (
        [{"exp_labels": {"severity": SEVERITIES[case.alert], **case.labels}}]
        if (case.labels is not None)
        else []
    )
    moments = [(case.minute, found)]
    if found:
        # One scrape earlier it must not fire yet. It may also start later, because of its window.
        moments = [(case.since + minutes(FOR[case.alert]) - 0.25, []), *moments]
    return {
        "interval": case.step,
        "input_series": [{"series": name, "values": case.series[name]} for name in case.series],
        "alert_rule_test": [
            {"eval_time": instant(minute), "alertname": case.alert, "exp_alerts": expected}
            for minute, expected in moments
        ],
    }


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=600, check=False
    )


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("alert", SEVERITIES)
def test_the_alert_fires_exactly_when_it_should(tmp_path: Path, alert: str) -> None:
    """Prometheus evaluates every 15 seconds. For days and weeks that would take too long."""
    (rule,) = [dict(rule) for rule in RULES["groups"][0]["rules"] if rule["alert"] == alert]
    del rule["annotations"]  # promtool would also compare the texts
    (tmp_path / "rules.yml").write_text(
        json.dumps({"groups": [{"name": "futuretracker", "rules": [rule]}]})
    )
    files = []
    for step in ("15s", "1m"):
        tests = [as_test(case) for case in CASES if (case.alert, case.step) == (alert, step)]
        if tests:
            files.append(tmp_path / f"{step}.yml")
            file = {"rule_files": ["rules.yml"], "evaluation_interval": step, "tests": tests}
            files[-1].write_text(json.dumps(file))
    outcome = promtool("test", "rules", *files)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("rule", [rule for group in RULES["groups"] for rule in group["rules"]])
def test_no_short_outage_stays_in_the_window_until_the_alert_fires(rule: dict[str, Any]) -> None:
    windows = re.findall(r"(?:rate|increase|changes)\([^\[]*\[(\w+)\]", rule["expr"])

    if windows:
        assert min(map(minutes, windows)) < minutes(rule["for"]), rule["alert"]


def test_each_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    for fires in (True, False):
        assert {case.alert for case in CASES if (case.labels is not None) is fires} == set(
            SEVERITIES
        )


@pytest.mark.needs("promtool")
def test_promtool_accepts_the_alerts() -> None:
    outcome = promtool("check", "rules", "--lint=all", "--lint-fatal", PLACE / "alerts.yml")

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.needs("promtool")
def test_promtool_accepts_the_settings() -> None:
    outcome = promtool("check", "config", PLACE / "prometheus.yml")

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.needs("promtool")
def test_promtool_accepts_the_commented_blocks(tmp_path: Path) -> None:
    """Each commented block must be valid when a host enables it."""
    lines = (PLACE / "prometheus.yml").read_text().splitlines()
    settings = ("  #   ", "  # - ", "# alerting:", "#   ", "#     ")
    text = "\n".join(
        line.replace("# ", "", 1) if line.startswith(settings) else line for line in lines
    )
    text = text.replace("- job_name: futuretracker\n  scheme", "- job_name: by-token\n    scheme")
    token = tmp_path / "token"
    token.write_text("x")
    text = text.replace("/etc/prometheus/futuretracker-metrics-token", str(token))
    text = text.replace("job_name: futuretracker\n    scheme", "job_name: by-token\n    scheme")
    (tmp_path / "prometheus.yml").write_text(text)
    (tmp_path / "alerts.yml").write_bytes((PLACE / "alerts.yml").read_bytes())
    outcome = promtool("check", "config", tmp_path / "prometheus.yml")
    loaded = yaml.safe_load(text)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert len(loaded["scrape_configs"]) == 3
    assert loaded["alerting"]
