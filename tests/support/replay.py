"""Run HTTP tests through nginx and the firewall of deploy/nginx: ``pytest --behind waf``.

These are the tests that share one application. A test that starts a service of its own is about
settings and processes, which a firewall does not see.
"""

from __future__ import annotations

import pytest

from tests.support.direct import reason_of

OWN_SERVICE = {"build", "serve"}
FIREWALL = ("modsecurity", "nginx")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--behind", choices=["waf"], help="run HTTP tests through the firewall")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--behind``, keep the tests of HTTP as it passes a firewall."""
    if not config.getoption("behind"):
        return
    for item in items:
        if reason := reason_of(item.nodeid):
            item.add_marker(pytest.mark.direct(reason))
    kept = [item for item in items if _is_replayed(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
    for item in items:
        item.add_marker(pytest.mark.needs(*FIREWALL))


def _is_replayed(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    if not item.get_closest_marker("wire") or "app" not in fixtures or fixtures & OWN_SERVICE:
        return False
    return not any(map(item.get_closest_marker, ("in_process", "direct")))
