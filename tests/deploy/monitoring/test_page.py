"""Compare the tables of docs/operations/monitoring.md with the metrics and the alerts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.monitoring.prometheus import PLACE
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from tests.deploy.monitoring.conftest import Scraped

RULES = [
    rule
    for group in yaml.safe_load((PLACE / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
NOT_OURS = {"le"}  # the histogram's own


def table(first: str) -> list[list[str]]:
    """Return the cells of the rows whose first cell begins so."""
    page = (ROOT / "docs" / "operations" / "monitoring.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith(f"| `{first}")]
    # A bar that is escaped is part of a cell.
    cells = [re.split(r"(?<!\\)\|", row.strip("|")) for row in rows]
    return [[cell.strip().replace("\\|", "|") for cell in row] for row in cells]


def test_every_metric_is_in_the_page_as_the_service_describes_it(scraped: Scraped) -> None:
    exported = {
        family.name + "_total" * (family.type == "counter"): (
            family.type,
            {label for sample in family.samples for label in sample.labels} - NOT_OURS,
            family.documentation,
        )
        for family in text_string_to_metric_families(scraped.text())
    }
    told = {
        name.strip("`"): (kind, set(re.findall(r"`(\w+)`", labels)), what)
        for name, kind, labels, what in table("futuretracker_")
    }

    assert told == exported


def test_every_alert_is_in_the_page_in_the_same_words() -> None:
    told = [(name.strip("`"), severity, what) for name, severity, what in table("FutureTracker")]

    assert told == [
        (rule["alert"], rule["labels"]["severity"], rule["annotations"]["runbook"])
        for rule in RULES
    ]
