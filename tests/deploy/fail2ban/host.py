"""A host with nginx and fail2ban, in namespaces of its own: its network, its mounts and its users.

Its address is 192.0.2.1. Every other address here is a client's. Packets from it arrive over the
loopback interface of the namespace, and nothing reaches the machine's own network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.deploy.edge.nginx_server import INCLUDES, command, debians, lay_out
from tests.deploy.edge.visitor import NAME
from tests.deploy.edge.waf.waf_server import lay_out_waf
from tests.deploy.machine.guide import commands
from tests.support.authority import certify
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = ROOT / "docs/operations/under-attack.md"
ADDRESS, ADDRESS6 = "192.0.2.1", "2001:db8::1"
NETWORKS = ["192.0.2.1/32", "203.0.113.0/24", "10.0.0.0/24", "173.245.48.0/24"]
ETC, FOLDERS = Path("/etc/fail2ban"), ("/run", "/var/log", "/var/lib/fail2ban", "/etc/nginx")
UNSHARE = ["unshare", "--map-root-user", "--net", "--mount"]
BUILD = f"""set -e
if [ -n "$1" ]; then mkdir "$0/journal"; mount --bind "$1" "$0/journal"; fi
for folder in {" ".join(FOLDERS)}; do mount -t tmpfs -o mode=755 tmpfs "$folder"; done
mkdir /run/lock /run/fail2ban /var/log/nginx
mount --bind "$0/fail2ban" {ETC}
cp -r {INCLUDES} /etc/nginx/futuretracker
ip link set lo up
for network in {" ".join(NETWORKS)}; do ip address add local "$network" dev lo; done
ip address add {ADDRESS6}/64 dev lo nodad
ip address add 2001:db8::7/64 dev lo nodad
echo built
read _
"""
# What the page says, and what this host cannot do.
STAND_INS = {
    "cd /opt/futuretracker/deploy": f"cd {ROOT / 'deploy'}",
    "fail2ban-client -t && systemctl restart fail2ban": "fail2ban-client -t",
    "fail2ban-client status": "true",
}


@dataclass(frozen=True)
class Host:
    """The running host; ``pid`` is a process in its namespaces."""

    pid: int

    def inside(self, *arguments: str) -> list[str]:
        """Return a command that runs another one on the host."""
        into = ["--user", "--preserve-credentials", "--net", "--mount"]
        return ["nsenter", f"--target={self.pid}", *into, *arguments]

    def run(self, script: str, *, check: bool = True) -> str:
        """Run a shell script; return its output."""
        done = subprocess.run(
            self.inside("sh", "-c", script),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        assert not check or done.returncode == 0, f"{script}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def ask(self, source: str, path: str, *options: str, times: int = 1) -> list[str]:
        """Send requests from an address; return the status of each, 000 without a response."""
        target = f"[{ADDRESS6}]" if ":" in source else ADDRESS
        curl = [
            "curl",
            "-s",
            "-k",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}\\n",
            "--interface",
            source,
        ]
        # A ban during the requests ends them.
        curl += ["--max-time", "5", "--fail-early", *options]
        curl += ["--connect-to", f"{NAME}:443:{target}:443", f"https://{NAME}{path}?[1-{times}]"]
        return subprocess.run(
            self.inside(*curl), capture_output=True, text=True, check=False, timeout=300
        ).stdout.split()

    def banned(self, jail: str) -> str:
        """Return what fail2ban says about a jail."""
        return self.run(f"fail2ban-client status {jail}")


def install(host: Host, *, page: Path = PAGE) -> None:
    """Carry out the commands of the page in its order."""
    section = page.read_text().partition("## Set up fail2ban\n")[2].partition("\n## ")[0]
    texts = [each.text for each in commands(section) if not each.online]
    assert STAND_INS.keys() <= set(texts)
    host.run("\n".join(["set -e", *(STAND_INS.get(text, text) for text in texts)]))


@contextmanager
def bare_host(folder: Path, journal: Path | None = None) -> Iterator[Host]:
    """Build the namespaces, with Debian's own configuration of fail2ban.

    The host sees the folder of a journal as ``folder / "journal"``.
    """
    shutil.copytree(ETC, folder / "fail2ban", symlinks=True)
    pipe = subprocess.PIPE
    command = [*UNSHARE, "sh", "-c", BUILD, folder, journal or ""]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == b"built\n"
            yield Host(holder.pid)
        finally:
            holder.kill()


@contextmanager
def host(folder: Path, changes: Mapping[str, str]) -> Iterator[Host]:
    """Run nginx and fail2ban on a host, with these changes in the files of nginx."""
    place = folder / "nginx"
    place.mkdir()
    files = certify(NAME, folder)
    sock = folder / "none.sock"
    changes = {**_own(place), **changes}
    lay_out(debians(), place, (80, 443), changes, socket_file=sock, files=files)
    with bare_host(folder) as it, ExitStack() as stack:
        _start_nginx(stack, it, place)
        install(it)
        _start_fail2ban(stack, it, folder)
        yield it


@contextmanager
def guarded_host(folder: Path, journal: Path, jail: str) -> Iterator[Host]:
    """Run nginx with the firewall, and fail2ban with this text in its jails and this journal."""
    place = folder / "nginx"
    place.mkdir()
    files = certify(NAME, folder)
    sock = folder / "none.sock"
    # The host has a loopback interface of its own, and an empty /etc/nginx.
    unicode = Path("/etc/nginx/unicode.mapping")
    shutil.copy(unicode, place)
    changes = {"127.0.0.1:403": "127.0.0.1:403", str(unicode): f"{place / unicode.name}"}
    changes |= _own(place)
    lay_out_waf(place, (80, 443), changes, socket_file=sock, files=files)
    with bare_host(folder, journal) as it, ExitStack() as stack:
        _start_nginx(stack, it, place)
        install(it)
        (folder / "fail2ban/jail.d/test.conf").write_text(jail)
        _start_fail2ban(stack, it, folder)
        yield it


def _own(place: Path) -> dict[str, str]:
    """Return the changes of nginx' files that every host needs."""
    return {
        "listen 127.0.0.1:80": f"listen {ADDRESS}:80",
        "listen 127.0.0.1:443": f"listen {ADDRESS}:443",
        "listen [::1]:": "listen [::]:",
        f"{place}/futuretracker-api": "/var/log/nginx/futuretracker-api",
    }


def _start_nginx(stack: ExitStack, it: Host, place: Path) -> None:
    _start(stack, it, command(debians(), place), place / "log")
    wait_for(lambda: it.run("ls /var/log/nginx/futuretracker-api.access.log", check=False))
    wait_for(lambda: it.ask(ADDRESS, "/healthz") == ["502"], what=(place / "log").read_text())


def _start_fail2ban(stack: ExitStack, it: Host, folder: Path) -> None:
    _start(stack, it, ["fail2ban-server", "-f", "--loglevel=INFO"], folder / "fail2ban.log")
    wait_for(
        lambda: "futuretracker-scanners" in it.run("fail2ban-client status", check=False),
        what=(folder / "fail2ban.log").read_text(),
    )


def _start(stack: ExitStack, it: Host, arguments: list[str], log: Path) -> None:
    """Start a server on the host, and end it with the stack."""
    file = stack.enter_context(log.open("wb"))
    env = {"PATH": os.environ["PATH"]}
    process = subprocess.Popen(it.inside(*arguments), env=env, stdout=file, stderr=file)
    stack.callback(process.wait, 60)
    stack.callback(process.terminate)
