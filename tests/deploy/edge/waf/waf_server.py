"""Debian's nginx with the site of deploy/nginx, and with the firewall of deploy/nginx/waf."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.deploy.edge.nginx_server import DEPLOY, debians, lay_out, running
from tests.deploy.edge.substitution import replace_in
from tests.deploy.edge.visitor import Edge
from tests.support.programs.table import MODULE
from tests.support.servers import free_port
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.deploy.edge.visitor import Response
    from tests.support.authority import Files

WAF = DEPLOY / "waf"
# Where the files are installed, and where ModSecurity writes its audit log.
INSTALLED = "/etc/nginx/futuretracker/waf"
AUDIT_FOLDER = "/run/futuretracker/waf"
SWITCHED_ON = {"# include futuretracker/waf/": "include futuretracker/waf/"}


@dataclass
class Firewall(Edge):
    """A running nginx with the firewall, and ModSecurity's audit log."""

    audit: Path

    def audited(self, request_id: str) -> list[dict[str, Any]]:
        """Return what the audit log says about this request: nothing if no rule has matched."""
        # The log has the bytes that matched, which need not be UTF-8.
        # The last line may not be complete yet.
        lines = self.audit.read_bytes().decode(errors="replace").split("\n")[:-1]
        found = [json.loads(line)["transaction"] for line in lines if request_id in line]
        return [line for line in found if line["unique_id"] == request_id]

    def refused_by(self, response: Response) -> set[int]:
        """Return the ids of the rules that have refused a request; wait for the audit log."""
        assert response.status == 403, response.body
        request_id = str(response.header("X-Request-Id"))
        wait_for(lambda: self.audited(request_id))
        return self.matched(request_id)

    def matched(self, request_id: str) -> set[int]:
        """Return the ids of the rules that have matched this request, so far."""
        said = (message for line in self.audited(request_id) for message in line["messages"])
        return {int(message["details"]["ruleId"]) for message in said}


def lay_out_waf(
    folder: Path,
    ports: tuple[int, int],
    changes: Mapping[str, str],
    *,
    socket_file: Path,
    files: Files,
) -> None:
    """Write the files as docs/operations/waf.md says, into a folder that exists."""
    lay_out(debians(), folder, ports, SWITCHED_ON, socket_file=socket_file, files=files)
    main = folder / "nginx.conf"
    main.write_text(f"load_module {MODULE};\n{main.read_text()}")
    waf = folder / "futuretracker/waf"
    shutil.copytree(WAF, waf)
    (folder / "audit").mkdir()
    own = {
        INSTALLED: str(waf),
        AUDIT_FOLDER: str(folder / "audit"),
        "127.0.0.1:403": f"127.0.0.1:{free_port()}",
        **changes,
    }
    site = folder / "sites-enabled/futuretracker-api"
    replace_in([site, *folder.glob("futuretracker/**/*.conf")], own)


@contextmanager
def firewall(
    folder: Path, socket_file: Path, files: Files, changes: Mapping[str, str]
) -> Iterator[Firewall]:
    """Run nginx with the firewall in front of the service's socket file until the block ends."""
    folder.mkdir()
    ports = free_port(), free_port()
    lay_out_waf(folder, ports, changes, socket_file=socket_file, files=files)
    log, audit = folder / "futuretracker-api.access.log", folder / "audit/audit.log"
    with running(debians(), folder, ports[1]):
        yield Firewall("waf", *ports, files.authority, log, audit)
