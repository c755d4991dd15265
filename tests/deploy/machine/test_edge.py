"""docs/operations/edge.md, with Debian's nginx in front of the running service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.deploy.machine.edge_page import CURL, NAME, NGINX, STAND_INS
from tests.deploy.machine.guide import commands
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine


def test_every_replaced_command_is_in_the_document() -> None:
    assert set(STAND_INS) == {command.text for command in commands(NGINX) if command.online}


def test_the_service_responds_through_nginx(fronted: Machine) -> None:
    said = fronted.run(f"{CURL} https://{NAME}/api/v1/health")

    assert json.loads(said)["environment"] == "production"


def test_plain_http_redirects_to_https(fronted: Machine) -> None:
    """After a reload, old processes with the old configuration may still accept one connection."""
    expected = f"301 https://{NAME}/api/v1/health"
    curl = f"{CURL} -o /dev/null -w '%{{http_code}} %{{redirect_url}}' http://{NAME}/api/v1/health"

    wait_for(lambda: fronted.run(curl) == expected)


def test_a_restart_of_the_service_causes_no_error(fronted: Machine) -> None:
    """systemd keeps the socket, and nginx sends nothing into a closing connection."""
    curl = f"{CURL} -o /dev/null -w '%{{http_code}}\\n' https://{NAME}/api/v1/health"
    before = fronted.state("futuretracker-api", "MainPID")
    fronted.run("systemctl restart --no-block futuretracker-api")
    said = fronted.run(f"for i in $(seq 40); do {curl}; sleep 0.05; done")

    assert set(said.split()) == {"200"}
    assert fronted.state("futuretracker-api", "MainPID") != before


def test_the_hook_reloads_nginx_under_systemd(fronted: Machine) -> None:
    fronted.run("/etc/letsencrypt/renewal-hooks/deploy/reload-nginx.sh")

    assert fronted.state("nginx", "ActiveState") == "active"


def test_metrics_are_not_public(fronted: Machine) -> None:
    assert json.loads(fronted.run(f"{CURL} https://{NAME}/metrics"))["error"] == "Not Found"
