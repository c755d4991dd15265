"""Unit tests of the alerts: each has cases in which it fires and cases in which it does not."""

from __future__ import annotations

import json
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
REQUESTS = "futuretracker_requests_total"
BUCKET = "futuretracker_request_duration_seconds_bucket"
DATABASE = "futuretracker_database_errors_total"
LIMITS = "futuretracker_limit_decisions_total"
TOKENS = "futuretracker_authentication_failures_total"
UP = 'up{job="futuretracker",instance="a"}'
DRILL = "futuretracker_drill"
OF_JOB = '{job="futuretracker",instance="a"}'


class Case(NamedTuple):
    """Series in Prometheus' notation, one value per minute; the minute to check; the labels."""

    alert: str
    minute: int
    series: dict[str, str]
    labels: dict[str, str] | None = None  # None: the alert does not fire


def slow(half: str, all_: str, route: str = "/api/me") -> dict[str, str]:
    return {
        f'{BUCKET}{{route="{route}",le="{le}"}}': values
        for le, values in (("0.5", half), ("1", all_), ("+Inf", all_))
    }


def responses(good: str, bad: str) -> dict[str, str]:
    return {f'{REQUESTS}{{status="200"}}': good, f'{REQUESTS}{{status="503"}}': bad}


def budgets(allowed: str, refused: str) -> dict[str, str]:
    return {
        f'{LIMITS}{{budget="general",decision="{decision}"}}': values
        for decision, values in (("allowed", allowed), ("refused", refused))
    }


def pool(used: str, waiting: str) -> dict[str, str]:
    return {
        'futuretracker_pool_connections{server="primary",state="used"}': used,
        'futuretracker_pool_connections_limit{server="primary"}': "9x20",
        'futuretracker_pool_waiting_requests{server="primary"}': waiting,
    }


MINE = {"job": "futuretracker", "instance": "a"}
CASES = [
    Case("FutureTrackerDown", 5, {UP: "1 1 0x10"}, MINE),
    Case("FutureTrackerDown", 5, {UP: "1x10"}),
    Case("FutureTrackerDown", 4, {UP: "1 1 1 1 0 1 1 1"}),
    Case("FutureTrackerNotScraped", 10, {"other": "1x20"}, {"job": "futuretracker"}),
    Case("FutureTrackerNotScraped", 10, {UP: "0x20"}),
    Case("FutureTrackerErrorsFast", 90, responses("0+100x90", "0+5x90"), {}),
    Case("FutureTrackerErrorsFast", 90, responses("0+100x90", "0+1x90")),
    # An outage that has ended.
    Case("FutureTrackerErrorsFast", 90, responses("0+100x90", "0+50x70 3500x30")),
    Case("FutureTrackerErrorsSlow", 400, responses("0+100x400", "0+1x400"), {}),
    Case("FutureTrackerErrorsSlow", 400, responses("0+200x400", "0+1x400")),
    Case("FutureTrackerSlow", 30, slow("0+90x30", "0+100x30"), {}),
    Case("FutureTrackerSlow", 30, slow("0+100x30", "0+100x30")),
    Case("FutureTrackerSlow", 30, slow("0+90x30", "0+100x30", "/docs")),
    Case("FutureTrackerStoreLost", 5, {f"futuretracker_store_up{OF_JOB}": "1 0x10"}, MINE),
    Case("FutureTrackerStoreLost", 5, {f"futuretracker_store_up{OF_JOB}": "1x10"}),
    Case("FutureTrackerDatabaseUnreachable", 9, {f'{DATABASE}{{kind="known"}}': "0+10x10"}, {}),
    Case("FutureTrackerDatabaseUnreachable", 9, {f'{DATABASE}{{kind="known"}}': "0+1x10"}),
    Case("FutureTrackerDatabaseUnreachable", 9, {f'{DATABASE}{{kind="lock_timeout"}}': "0+10x10"}),
    Case(
        "FutureTrackerStatementsGivenUp",
        25,
        {f'{DATABASE}{{kind="lock_timeout"}}': "0+2x30"},
        {"kind": "lock_timeout"},
    ),
    Case("FutureTrackerStatementsGivenUp", 25, {f'{DATABASE}{{kind="lock_timeout"}}': "0x20 1x9"}),
    Case("FutureTrackerPoolExhausted", 9, pool("3x20", "2x20"), {"server": "primary"}),
    Case("FutureTrackerPoolExhausted", 9, pool("9x20", "0x20"), {"server": "primary"}),
    Case("FutureTrackerPoolExhausted", 9, pool("8x20", "0x20")),
    Case("FutureTrackerPoolExhausted", 9, pool("3x20", "0 0 0 0 0 0 0 0 5 0")),
    Case(
        "FutureTrackerReplicaLost",
        9,
        {'futuretracker_replica_up{server="replica"}': "0x10"},
        {"server": "replica"},
    ),
    Case("FutureTrackerReplicaLost", 9, {'futuretracker_replica_up{server="replica"}': "1x10"}),
    # Ten times as many refusals as on the day before, or the usual number.
    Case(
        "FutureTrackerRefusedTokens",
        1465,
        {f'{TOKENS}{{reason="token-expired"}}': "0+1x1440 1440+120x40"},
        {"reason": "token-expired"},
    ),
    Case("FutureTrackerRefusedTokens", 1465, {f'{TOKENS}{{reason="token-expired"}}': "0+120x1480"}),
    Case(
        "FutureTrackerRefusedTokens", 1465, {f'{TOKENS}{{reason="token-expired"}}': "0x1440 3x40"}
    ),
    Case("FutureTrackerBudgetsSpent", 28, budgets("0+1000x30", "0+100x30"), {"budget": "general"}),
    Case("FutureTrackerBudgetsSpent", 28, budgets("0+1000x30", "0+30x30")),
    Case("FutureTrackerBudgetsSpent", 28, budgets("0+10x30", "0+10x30")),
    Case(
        "FutureTrackerWebhooksRefused",
        30,
        {'futuretracker_webhooks_total{outcome="refused"}': "0+1x30"},
        {"outcome": "refused"},
    ),
    Case(
        "FutureTrackerWebhooksRefused",
        30,
        {'futuretracker_webhooks_total{outcome="refused"}': "0x20 1x10"},
    ),
    Case(
        "FutureTrackerWorkersDie",
        12,
        {'futuretracker_worker_exits_total{outcome="died"}': "0+1x15"},
        {"outcome": "died"},
    ),
    Case(
        "FutureTrackerWorkersDie",
        12,
        {'futuretracker_worker_exits_total{outcome="died"}': "0 0 0 1x15"},
    ),
    Case(
        "FutureTrackerWorkersDie",
        12,
        {'futuretracker_worker_exits_total{outcome="ended"}': "0 4 8 12x15"},
    ),
    Case("FutureTrackerWorkerMissing", 68, {"futuretracker_workers": "4x60 3x10"}, {}),
    # A reload, and a number of workers that has been constant for long.
    Case("FutureTrackerWorkerMissing", 68, {"futuretracker_workers": "4x58 8 8 4x10"}),
    Case("FutureTrackerWorkerMissing", 68, {"futuretracker_workers": "4x20 2x50"}),
    Case("FutureTrackerRestarts", 12, {"futuretracker_start_time_seconds": "1+1x15"}, {}),
    Case("FutureTrackerRestarts", 12, {"futuretracker_start_time_seconds": "1 2 3 3x15"}),
    Case(
        "FutureTrackerBackupOld", 27 * 60, {"futuretracker_backup_timestamp_seconds": "0x1700"}, {}
    ),
    Case("FutureTrackerBackupOld", 25 * 60, {"futuretracker_backup_timestamp_seconds": "0x1700"}),
    Case("FutureTrackerBackupUnknown", 70, {UP: "1x90"}, MINE),
    Case(
        "FutureTrackerBackupUnknown",
        70,
        {UP: "1x90", f"futuretracker_backup_timestamp_seconds{OF_JOB}": "1x90"},
    ),
    Case("FutureTrackerDrillOldOrFailed", 9, {f"{DRILL}_ok": "0x10"}, {}),
    Case("FutureTrackerDrillOldOrFailed", 9 * 1440, {f"{DRILL}_timestamp_seconds": "0x13000"}, {}),
    Case(
        "FutureTrackerDrillOldOrFailed",
        7 * 1440,
        {f"{DRILL}_ok": "1x11000", f"{DRILL}_timestamp_seconds": "0x11000"},
    ),
    Case(
        "FutureTrackerCertificateEnds",
        70,
        {'probe_ssl_earliest_cert_expiry{job="futuretracker-edge"}': "86400x90"},
        {"job": "futuretracker-edge"},
    ),
    Case(
        "FutureTrackerCertificateEnds",
        70,
        {'probe_ssl_earliest_cert_expiry{job="futuretracker-edge"}': "2592000x90"},
    ),
]


def expected(case: Case) -> list[dict[str, Any]]:
    if case.labels is None:
        return []
    return [{"exp_labels": {"severity": SEVERITIES[case.alert], **case.labels}}]


def as_test(case: Case) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": case.series[name]} for name in case.series],
        "alert_rule_test": [
            {
                "eval_time": f"{case.minute}m",
                "alertname": case.alert,
                "exp_alerts": expected(case),
            }
        ],
    }


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the alerts without their texts, which promtool would also compare."""
    bare = yaml.safe_load((PLACE / "alerts.yml").read_text())
    for group in bare["groups"]:
        for rule in group["rules"]:
            del rule["annotations"]
    file = tmp_path_factory.mktemp("rules") / "alerts.yml"
    file.write_text(yaml.safe_dump(bare))
    return file


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_alert_fires_exactly_when_it_should(rules: Path, tmp_path: Path) -> None:
    file = tmp_path / "tests.yml"
    cases = [as_test(case) for case in CASES]
    file.write_text(
        json.dumps({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": cases})
    )
    outcome = promtool("test", "rules", file)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_each_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    for fires in (True, False):
        assert {case.alert for case in CASES if (case.labels is not None) is fires} == set(
            SEVERITIES
        )


def test_promtool_accepts_the_alerts() -> None:
    outcome = promtool("check", "rules", "--lint=all", "--lint-fatal", PLACE / "alerts.yml")

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_promtool_accepts_the_settings() -> None:
    outcome = promtool("check", "config", PLACE / "prometheus.yml")

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


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
