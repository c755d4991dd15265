"""This host: ports in a network of the test's own, and limits of real processes."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.finding import Verdict
from futuretracker.checks.items.host import listeners
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.checks.finding import Finding

# In a network namespace nothing listens but what this opens.
LISTEN = """
import socket, sys
from futuretracker.commands import main
kept = []
for place in sys.argv[1:]:
    host, _, port = place.rpartition(" ")
    kept.append(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET))
    kept[-1].bind((host, int(port)))
    kept[-1].listen()
sys.exit(main(["check", "--deploy", "--json"]))
"""


def listening(settings: dict[str, str], *places: str) -> tuple[str, str]:
    """Listen at ``host port`` each, alone in a network; return the item's verdict and text."""
    up = "ip link set lo up && ip address add 10.0.0.5/24 dev lo"
    up += ' && ip address add 93.184.215.14/32 dev lo && exec "$@"'
    command = ["unshare", "--map-root-user", "--net", "sh", "-c", up, "sh"]
    ran = subprocess.run(
        [*command, sys.executable, "-c", LISTEN, *places],
        cwd=servers.ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    items = {item["id"]: item for item in json.loads(ran.stdout)["items"]}
    item = items["listening-ports"]
    return item["verdict"], item["found"]


@pytest.mark.needs("ip", "namespaces")
def test_the_web_s_ports_are_ok_and_so_is_what_only_this_host_reaches(
    settings: dict[str, str],
) -> None:
    places = ("0.0.0.0 80", ":: 443", "127.0.0.1 5432", "::1 9464", "127.1.2.3 6379")

    assert listening(settings, *places) == ("ok", "Listening on public addresses: 80, 443.")


@pytest.mark.needs("ip", "namespaces")
def test_ssh_is_noted_and_no_fault(settings: dict[str, str]) -> None:
    verdict, found = listening(settings, "0.0.0.0 443", "0.0.0.0 22")

    assert verdict == "ok"
    assert found.startswith("Listening on public addresses: 443. 22 (ssh) too")


@pytest.mark.needs("ip", "namespaces")
def test_what_listens_on_every_address_is_a_warning_that_names_the_process(
    settings: dict[str, str],
) -> None:
    verdict, found = listening(settings, "0.0.0.0 443", "0.0.0.0 3001", ":: 5432")

    assert verdict == "warning"
    ports = found.removeprefix("Listening on public addresses: ").removesuffix(").").split("), ")
    assert [port.split(" (")[0] for port in ports] == ["3001", "5432"]
    assert all(port.split(" (")[1].startswith("python") for port in ports)


@pytest.mark.needs("ip", "namespaces")
def test_one_address_in_a_private_network_is_ok(settings: dict[str, str]) -> None:
    verdict, _ = listening(settings, "10.0.0.5 5432")

    assert verdict == "ok"


@pytest.mark.needs("ip", "namespaces")
def test_one_address_that_the_world_knows_is_a_warning(settings: dict[str, str]) -> None:
    verdict, found = listening(settings, "93.184.215.14 6379")

    assert verdict == "warning"
    assert "6379" in found


def test_the_kernel_s_table_is_read_as_the_kernel_means_it() -> None:
    with (
        socket.create_server(("127.0.0.7", 0)) as four,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
    ):
        found = {(str(one.address), one.port) for one in listeners()}

        assert ("127.0.0.7", four.getsockname()[1]) in found
        assert ("::1", six.getsockname()[1]) in found


def test_a_service_with_room_for_every_connection_is_ok_and_one_without_a_warning(
    find: Callable[..., Finding],
    serve: Callable[..., servers.Service],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(servers.ROOT)
    service = serve()
    (worker, *_) = service.workers()
    _, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (1024, hard))
    finding = find("open-files")

    assert finding.verdict == Verdict.WARNING
    assert finding.found.startswith("At most 1024 open files (the service's processes)")
    for pid in service.workers():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (4096, hard))
    assert find("open-files").verdict == Verdict.OK


@pytest.mark.parametrize(
    ("host", "verdict"),
    [
        ("127.0.0.1", Verdict.OK),
        ("::1", Verdict.OK),
        ("localhost", Verdict.OK),
        ("0.0.0.0", Verdict.WARNING),  # noqa: S104 - what is found, not what is bound
        ("::", Verdict.WARNING),
        ("10.1.2.3", Verdict.WARNING),
        ("api.example.com", Verdict.WARNING),
        ("93.184.215.14", Verdict.ERROR),
    ],
)
def test_gunicorn_listens_for_the_proxy_alone(
    find: Callable[..., Finding], host: str, verdict: Verdict
) -> None:
    assert find("gunicorn-private", HOST=host).verdict == verdict


def test_a_public_url_that_is_gunicorn_s_own_port_is_an_error(find: Callable[..., Finding]) -> None:
    finding = find("gunicorn-private", PORT="8000", PUBLIC_URL="https://api.example.com:8000")

    assert (finding.verdict, finding.found) == (
        Verdict.ERROR,
        "PUBLIC_URL names gunicorn's own port 8000.",
    )
