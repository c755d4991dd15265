"""Every query of the dashboard and the alerts, on a Prometheus that scrapes a real service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.deploy.monitoring.conftest import busy
from tests.deploy.monitoring.prometheus import PLACE, names, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.monitoring.conftest import Scraped

DASHBOARD: dict[str, Any] = json.loads((PLACE / "dashboard.json").read_text())
GROUPS = yaml.safe_load((PLACE / "alerts.yml").read_text())["groups"]
ALERTS = {rule["alert"]: rule["expr"] for group in GROUPS for rule in group["rules"]}
# The values that Grafana fills in.
FILLED_IN = {
    "$__rate_interval": "10s",
    "$job": "futuretracker",
    "$instance": ".*",
}


def panels() -> Iterator[tuple[str, str]]:
    """Yield the title of each panel with each of its queries."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def filled_in(expression: str) -> str:
    for variable, value in FILLED_IN.items():
        expression = expression.replace(variable, value)
    return expression


def exported(text: str) -> set[str]:
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}


@pytest.mark.parametrize(("title", "expression"), list(panels()))
def test_every_panel_has_data(scraped: Scraped, title: str, expression: str) -> None:
    def shows() -> bool:
        found = scraped.prometheus.query(filled_in(expression))
        return any(series["value"][1] != "NaN" for series in found)

    busy(scraped.service, scraped.token)
    wait(shows, f"{title} shows nothing")


@pytest.mark.parametrize("alert", ALERTS)
def test_prometheus_accepts_the_query_of_every_alert(scraped: Scraped, alert: str) -> None:
    scraped.prometheus.query(ALERTS[alert])


def test_prometheus_has_loaded_every_alert_and_none_fires(scraped: Scraped) -> None:
    groups = scraped.prometheus.get("rules")["data"]["groups"]
    states = {rule["name"]: rule["state"] for group in groups for rule in group["rules"]}

    # One alert may be pending, because the traffic above has refused tokens and webhooks.
    assert set(states) == set(ALERTS)
    assert "firing" not in states.values()


def test_every_queried_metric_is_exported(scraped: Scraped) -> None:
    asked = names(json.dumps(DASHBOARD)) | names(json.dumps(ALERTS))

    assert asked <= exported(scraped.text())


def test_every_exported_metric_is_shown(scraped: Scraped) -> None:
    shown = {name for _, expression in panels() for name in names(expression)}

    assert exported(scraped.text()) <= shown


def test_every_alert_has_a_severity_and_instructions() -> None:
    for group in GROUPS:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"critical", "warning", "info"}, rule
            assert rule["annotations"]["summary"], rule
            assert rule["annotations"]["runbook"].endswith("."), rule


def test_every_panel_uses_the_selected_datasource_and_hosts() -> None:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == "${datasource}", panel["title"]
            selectors = target["expr"].count('{job="$job",instance=~"$instance"')
            assert selectors == target["expr"].count("futuretracker_"), panel["title"]
