"""The benchmark of attacks runs for a second, without and with the firewall."""

from __future__ import annotations

import re

import pytest

from tests.benchmarks import run_module


@pytest.mark.needs("cgroups", "nginx", "modsecurity")
@pytest.mark.parametrize("firewall", [[], ["--firewall"]], ids=["without", "with"])
def test_an_honest_user_is_measured_quiet_and_during_an_attack(firewall: list[str]) -> None:
    name = "flood from one address"
    output = run_module("benchmarks.under_attack", "--seconds", "1", "--attacks", name, *firewall)
    number = r"\d+\.\d+"

    assert (", firewall: True" in output) == bool(firewall)
    for row in (r"\(none\)", name):
        assert re.search(rf"(?m)^\| {row} \| \d+ \| \d+ \|( {number} \|){{3}}$", output), output
    # How many are refused and how long the user waits depends on what else the machine does.
    assert re.search(rf"(?m)^<!-- {name}: {{'connected': \d{{3,}}", output), output
