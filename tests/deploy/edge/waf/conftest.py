"""Fixtures: the firewall in front of the service.

``waf`` is Debian's nginx with ModSecurity, the Core Rule Set and the site of deploy/nginx, in front
of the real service; one for the whole run. It is an ``Edge`` (tests/deploy/edge/visitor.py)::

    response = waf.request("POST", "/api/v1/opportunities", token=token, body={"title": "x"})
    assert response.status == 201
    response = waf.request("GET", "/api/v1/opportunities?q=<script>", token=token)
    assert waf.refused_by(response) == {941100, 941110, 949110}  # the ids of the rules
    waf.audited(response.header("X-Request-Id"))  # ModSecurity's own lines about it

``with begin_waf({"SecRuleEngine On": "SecRuleEngine DetectionOnly"}) as waf:`` starts another one,
with changes of the texts in its files.

A module that uses them says ``pytestmark = pytest.mark.needs("nginx", "modsecurity")``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

from tests.deploy.edge.waf.waf_server import Firewall, firewall

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support import servers
    from tests.support.authority import Files

BeginWaf = Callable[[Mapping[str, str]], AbstractContextManager[Firewall]]


@pytest.fixture(scope="session")
def begin_waf(
    socket_file: Path, files: Files, tmp_path_factory: pytest.TempPathFactory
) -> BeginWaf:
    """Start an nginx with the firewall, with changes of the texts in its files."""

    def begin(changes: Mapping[str, str]) -> AbstractContextManager[Firewall]:
        return firewall(tmp_path_factory.mktemp("waf") / "waf", socket_file, files, changes)

    return begin


@pytest.fixture(scope="session")
def waf(service: servers.Service, begin_waf: BeginWaf) -> Iterator[Firewall]:
    """The firewall as it is deployed, in front of the service."""
    with begin_waf({}) as running:
        yield running
