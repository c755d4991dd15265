"""The filters find what they should in nginx' log and in the journal, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.commands import run
from tests.commands.test_waf_log import ATTACK
from tests.deploy.edge.nginx_server import INCLUDES
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DEPLOY = ROOT / "deploy/fail2ban"
JAILS = [path.stem for path in (DEPLOY / "filter.d").iterdir() if "common" not in path.stem]
# The parts of the format of nginx' access log.
FORMAT = "".join(re.findall(r"(?m)^    '(.*)'", (INCLUDES / "requests.conf").read_text()))
USUAL = {
    "time_iso8601": "2026-11-29T11:00:00+00:00",
    "request_method": "GET",
    "ft_path": "/api/v1/opportunities",
    "remote_addr": "203.0.113.7",
    "ft_network": "203.0.113.7",
    "status": "200",
    "request_time": "0.003",
    "upstream_response_time": "0.002",
    "request_length": "120",
    "bytes_sent": "3000",
    "server_protocol": "HTTP/2.0",
    "ssl_protocol": "TLSv1.3",
    "ft_request_id": "6f60f6540440cbf850586a76c5afb61f",
}


def edge(**different: str) -> str:
    """Return a line of nginx' access log."""
    values = {**USUAL, **different}
    return re.sub(r"\$(\w+)", lambda found: json.dumps(values[found[1]])[1:-1], FORMAT)


def at(path: str, status: str = "404") -> str:
    return edge(ft_path=path, status=status)


WAF = {
    "timestamp": "2026-11-29T11:00:00.123456+00:00",
    "type": "WAF",
    "outcome": "refused",
    "requestId": "abc",
    "ip": "203.0.113.7",
    "network": "203.0.113.7",
    "method": "POST",
    "path": "/api/v1/opportunities",
    "ruleIds": [942100, 949110],
    "field": "ARGS:json.title",
    "score": 5,
}
SIX = {"remote_addr": "2001:db8::7", "ft_network": "2001:db8:0:00::/56"}
WAF_SIX = {"ip": "2001:db8::7", "network": "2001:db8::/56"}
NGINX = {"upstream_response_time": ""}
FOUND = {
    "futuretracker-floods": [
        edge(status="429", **NGINX),
        edge(status="429", **SIX, **NGINX),
        edge(status="408", request_method="", ft_path="", **NGINX),
        edge(status="429", ft_path='/"\\', **NGINX),
    ],
    "futuretracker-limits": [edge(status="429"), edge(status="429", request_method="POST")],
    "futuretracker-tokens": [edge(status="401"), edge(status="401", **NGINX)],
    "futuretracker-scanners": [
        *map(at, ("/.env", "/wp-login.php", "/wordpress/wp-admin/", "/api/.git/config")),
        *map(at, ("/.aws/credentials", "/cgi-bin/luci", "/index.PHP", "/server-status", "/a.jsp")),
        *map(at, ("/phpmyadmin", "/vendor/phpunit/x", "/actuator/health", "/x/backup.sql")),
        at("/.env", "403"),
        at("/%22.php", "400"),
    ],
    "futuretracker-waf": [
        json.dumps(WAF),
        json.dumps(WAF, separators=(",", ":")),
        json.dumps({**WAF, "timestamp": "2026-11-29T11:00:00.000Z", **WAF_SIX}),
        json.dumps({**WAF, "requestId": None}),
        # As fail2ban sees a line of the journal.
        f"host futuretracker-waf[123]: {json.dumps(WAF)}",
    ],
}
OF_ANOTHER = '"ip": "198.51.100.1", "network": "198.51.100.1"'
# Lines in which a client imitates others: its path or its method contains their text.
IMITATED = (
    '","ip":"198.51.100.1","network":"198.51.100.1","statusCode":"429",'
    '"durationSeconds":0.1,"upstreamSeconds":"",'
)
NEVER = [
    edge(),
    edge(status="304"),
    edge(status="503"),
    edge(status="444", **NGINX),
    edge(ft_path=IMITATED),
    edge(request_method=IMITATED),
    edge(ft_path=IMITATED.replace("429", "401").replace('""', '"1"')),
    edge(ft_request_id=IMITATED),
    at("/.env", "200"),
    at("/api/v1/opportunities/51930ddb-6882-424a-84f5-04c139cc789d"),
    at("/robots.txt"),
    at("/.well-known/security.txt"),
    at("/favicon.ico"),
    at("/docs/environment"),
    at("/api/php"),
    json.dumps({**WAF, "outcome": "detected"}),
    json.dumps({**WAF, "type": "AUDIT"}),
    json.dumps({**WAF, "type": "REQUEST", "path": f'/"type": "WAF", {OF_ANOTHER}'}),
    json.dumps({**WAF, "requestId": f'", {OF_ANOTHER}, "x": "', "ip": "unknown", "network": None}),
    json.dumps({**WAF, "ip": None, "network": None}),
]


@pytest.fixture(scope="module")
def etc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's configuration with the files of deploy/fail2ban."""
    folder = tmp_path_factory.mktemp("etc") / "fail2ban"
    shutil.copytree("/etc/fail2ban", folder, symlinks=True)
    shutil.copytree(DEPLOY, folder, dirs_exist_ok=True)
    return folder


def found(etc: Path, jail: str, lines: Sequence[str]) -> list[str]:
    """Return the lines that the jail's filter finds, according to the real fail2ban-regex."""
    file = etc / "lines.log"
    file.write_text("".join(f"{line}\n" for line in lines))
    done = subprocess.run(
        ["fail2ban-regex", "-c", etc, "--print-all-matched", file, jail],
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{len(lines)} lines, 0 ignored" in done.stdout, done.stdout + done.stderr
    matched = done.stdout.partition("|- Matched line(s):\n")[2].partition("`-\n")[0]
    return [line.removeprefix("|  ") for line in matched.splitlines()]


@pytest.mark.parametrize("jail", JAILS)
def test_a_filter_finds_its_lines_and_no_others(etc: Path, jail: str) -> None:
    others = [line for other, lines in FOUND.items() if other != jail for line in lines]
    expected = list(FOUND[jail])

    assert found(etc, jail, [*others, *NEVER, *expected]) == expected


def addresses(etc: Path, jail: str, lines: Sequence[str]) -> list[str]:
    """Return the addresses that the filter takes from the lines."""
    (etc / "lines.log").write_text("".join(f"{line}\n" for line in lines))
    command = ["fail2ban-regex", "-c", str(etc), "--out=ip", str(etc / "lines.log"), jail]
    return subprocess.check_output(command, text=True).split()


@pytest.mark.parametrize("jail", JAILS)
def test_a_filter_counts_the_network_of_an_ipv6_client(etc: Path, jail: str) -> None:
    if jail.endswith("waf"):
        lines = [json.dumps({**WAF, **WAF_SIX})]
    else:
        lines = [edge(**_found_by(jail), **SIX)]

    assert addresses(etc, jail, lines) == ["2001:db8::/56"]


def _found_by(jail: str) -> dict[str, str]:
    """Return the values of a line that the jail's filter finds."""
    status = {"floods": "429", "limits": "429", "tokens": "401"}.get(jail.rpartition("-")[2], "404")
    path = {"ft_path": "/.env"} if jail.endswith("scanners") else {}
    return {"status": status, **path} | (NGINX if jail.endswith("floods") else {})


@pytest.mark.parametrize("jail", JAILS)
def test_a_client_cannot_have_another_address_banned(etc: Path, jail: str) -> None:
    """Whatever the client chooses, the address is that of the connection."""
    own = _found_by(jail)
    path = own.pop("ft_path", "/")
    if jail.endswith("waf"):
        lines = [json.dumps({**WAF, "path": IMITATED, "method": IMITATED})]
    else:
        in_path = edge(**own, ft_path=path + IMITATED)
        lines = [in_path, edge(**own, ft_path=path, request_method=IMITATED)]

    assert addresses(etc, jail, lines) == ["203.0.113.7"] * len(lines)


def test_the_line_of_waf_log_is_found(etc: Path, tmp_path: Path) -> None:
    """The line that the real command writes, in the journal of the unit that the filter names."""
    (tmp_path / "audit.log").write_bytes(ATTACK)
    line = run(tmp_path, "waf-log", "--once", "audit.log").stdout.rstrip()
    filtered = (DEPLOY / "filter.d/futuretracker-waf.conf").read_text()
    [unit] = re.findall(r"_SYSTEMD_UNIT=(\S+)", filtered)
    [identifier] = re.findall(r"\\S\+ ([\w-]+)\(", filtered)
    text = (ROOT / "deploy/systemd" / unit).read_text()

    assert found(etc, "futuretracker-waf", [line]) == [line]
    assert f"SyslogIdentifier={identifier}\n" in text
    assert " waf-log " in text


def test_the_real_configuration_is_valid(etc: Path) -> None:
    command = ["fail2ban-client", "-c", str(etc), "-d"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    for jail in JAILS:
        assert f"['add', '{jail}', " in done.stdout
    assert "ERROR" not in done.stderr


@pytest.mark.parametrize("jail", JAILS)
def test_a_jail_says_the_same_as_the_others_where_it_must(etc: Path, jail: str) -> None:
    command = ["fail2ban-client", "-c", str(etc), "-d"]
    lines = subprocess.check_output(command, text=True).splitlines()
    own = [line for line in lines if f"'{jail}'" in line]

    assert any("addignoreip" in line and "10.0.0.0/8" in line for line in own)
    assert any("ignorecommand" in line and "futuretracker-trusted <ip>" in line for line in own)
    assert any(
        "'futuretracker-nftables'" in line and "drop" in line and "80,443" in line for line in own
    )
    assert any("'futuretracker-nginx'" in line for line in own)
    assert any("'usedns', 'no'" in line for line in own)
