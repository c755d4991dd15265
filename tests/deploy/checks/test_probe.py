"""The request of the check ``attacks-blocked``, with the firewall and without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.items.edge import PROBE
from tests.deploy.edge.conftest import files, service, socket_file
from tests.deploy.edge.waf.conftest import begin_waf, waf

if TYPE_CHECKING:
    from tests.deploy.edge.waf.conftest import BeginWaf
    from tests.deploy.edge.waf.waf_server import Firewall
    from tests.support.servers import Service

__all__ = ["begin_waf", "files", "service", "socket_file", "waf"]  # fixtures from other modules
pytestmark = pytest.mark.needs("modsecurity", "nginx")
OFF = {"SecRuleEngine On": "SecRuleEngine DetectionOnly"}


def test_the_firewall_blocks_it(waf: Firewall) -> None:
    assert waf.request("GET", PROBE).status == 403


def test_it_is_harmless_where_nothing_blocks_it(service: Service, begin_waf: BeginWaf) -> None:
    with begin_waf(OFF) as detects:
        assert detects.request("GET", PROBE).status == 200
    assert service.request("GET", PROBE).status == 200
