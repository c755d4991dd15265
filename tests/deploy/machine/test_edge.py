"""docs/operations/edge.md, with Debian's nginx in front of the running service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.deploy.machine.guide import commands
from tests.support.authority import certify
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine

NAME = "api.example.com"
LIVE = f"/etc/letsencrypt/live/{NAME}"
PAGE = (ROOT / "docs/operations/edge.md").read_text()
NGINX = PAGE.partition("\n## nginx\n")[2].partition("\n## ")[0]
# Replacements for commands that need another server.
STAND_INS = {
    # nginx is installed already; on a real host the package starts it.
    "apt-get install -y nginx certbot": "systemctl start nginx",
    f"certbot certonly --webroot -w /var/www/letsencrypt -d {NAME}": f"ls {LIVE}/fullchain.pem",
    "certbot renew --dry-run": "true",
    f"curl -sI http://{NAME}/api/v1/health": "true",
    f"curl -s https://{NAME}/api/v1/health": "true",
}
CURL = (
    f"curl -s --cacert {LIVE}/ca.crt --resolve {NAME}:443:127.0.0.1 --resolve {NAME}:80:127.0.0.1"
)


@pytest.fixture(scope="module")
def fronted(deployed: Machine, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The machine with nginx in front of the service, and a certificate of the tests."""
    files = certify(NAME, tmp_path_factory.mktemp("authority"))
    live = deployed.root / LIVE[1:]
    live.mkdir(parents=True)
    for file, name in zip(files, ("ca.crt", "fullchain.pem", "privkey.pem"), strict=True):
        (live / name).write_bytes(file.read_bytes())
    folder = "/"
    for command in commands(NGINX):
        if command.text.startswith("cd "):
            folder = command.text.removeprefix("cd ")
        deployed.run(f"cd {folder} && {STAND_INS.get(command.text, command.text)}")
    # nginx opens the ports of a new site shortly after the reload.
    wait_for(lambda: deployed.run(f"{CURL} https://{NAME}/api/v1/health", check=False))
    return deployed


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
