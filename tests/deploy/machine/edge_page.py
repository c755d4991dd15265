"""Carry out docs/operations/edge.md: Debian's nginx in front of the service of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.deploy.machine.guide import commands
from tests.support.authority import certify
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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


def set_up_nginx(machine: Machine, folder: Path) -> None:
    """Put nginx in front of the service, with a certificate of the tests."""
    files = certify(NAME, folder)
    live = machine.root / LIVE[1:]
    live.mkdir(parents=True)
    for file, name in zip(files, ("ca.crt", "fullchain.pem", "privkey.pem"), strict=True):
        (live / name).write_bytes(file.read_bytes())
    carry_out_page(machine, NGINX, STAND_INS)
    # nginx opens the ports of a new site shortly after the reload.
    wait_for(lambda: machine.run(f"{CURL} https://{NAME}/api/v1/health", check=False))


def carry_out_page(machine: Machine, page: str, stand_ins: Mapping[str, str]) -> None:
    """Run the commands of a page, each in the folder that the last ``cd`` entered."""
    folder = "/"
    for command in commands(page):
        if command.text.startswith("cd "):
            folder = command.text.removeprefix("cd ")
        machine.run(f"cd {folder} && {stand_ins.get(command.text, command.text)}")
