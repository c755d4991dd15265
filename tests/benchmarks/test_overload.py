"""The benchmarks of overload run for a second each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.overload import searches
from futuretracker.api.schemas.query_fields import MAX_SEARCH
from futuretracker.api.schemas.search import parse_search
from futuretracker.database.queries.search import MAX_TERMS
from futuretracker.server.connection import LINE_MOST
from tests.benchmarks import ONE_SECOND, run_module

if TYPE_CHECKING:
    from pathlib import Path


def test_overload_is_measured_with_clients_that_give_up_and_beside_a_heavy_user(
    tmp_path: Path,
) -> None:
    chosen = ["--parts", "goodput", "beside", "--connections", "4"]
    chosen += ["--results", str(tmp_path)]
    run_module("benchmarks.overload", *ONE_SECOND, *chosen)

    cases = json.loads((tmp_path / "found.json").read_text())["cases"]
    light = [name for name in cases if name.startswith("light users beside")]
    assert len(light) == 6
    for name in ("creates, 4 clients", *light):
        (outcome,) = cases[name]["futuretracker"]
        assert outcome["good"] > 0
        assert outcome["errors"] == 0
    assert cases["1 MiB bodies itself"]["futuretracker"][0]["good"] == 0
    assert "| light users beside search | futuretracker |" in (tmp_path / "found.md").read_text()


def test_reads_are_measured_beside_the_worst_searches(tmp_path: Path) -> None:
    # A read may take a second or more on a busy machine.
    chosen = ["--parts", "searches", "--seconds", "5", "--results", str(tmp_path)]
    run_module("benchmarks.overload", *ONE_SECOND, *chosen)

    cases = json.loads((tmp_path / "found.json").read_text())["cases"]
    reads = ["reads beside no search", "reads beside 300 searches"]
    assert list(cases) == [*reads, "300 searches itself"]
    for name in reads:
        (outcome,) = cases[name]["futuretracker"]
        assert outcome["good"] > 0
        assert 0 < outcome["p50"] <= outcome["p99"]


def test_the_worst_search_is_one_that_the_service_allows() -> None:
    groups = parse_search(searches.QUERY)
    line = f"GET {searches.PATH} HTTP/1.1"

    assert [len(group) for group in groups] == [1] * MAX_TERMS
    assert len(searches.QUERY) <= MAX_SEARCH
    assert len(line) <= LINE_MOST
