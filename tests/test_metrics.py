"""/metrics of real gunicorn: who may ask, and what is counted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.processes import wait_for
from tests.conftest import ORIGIN
from tests.servers import ROOT, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.issuer import Issuer
    from tests.servers import Service

    Serve = Callable[..., Service]

TOKEN = "a-token-of-thirty-two-characters-or-more"
LIST = "/api/opportunities"


def figures(text: str) -> dict[str, float]:
    """Return every sample by its name and labels, as they stand."""
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def scrape(service: Service) -> dict[str, float]:
    answer = service.request("GET", "/metrics", token=TOKEN)
    assert answer.status == 200
    return figures(answer.body.decode())


def requests(found: dict[str, float], method: str, route: str, status: int) -> float:
    labels = f'method="{method}",route="{route}",status="{status}"'
    return found.get(f"futuretracker_requests_total{{{labels}}}", 0)


def folder(service: Service) -> Path:
    """Return where its processes count."""
    environ = Path(f"/proc/{service.workers()[0]}/maps").read_text()
    found = re.search(r"(/dev/shm/futuretracker-metrics-\w+)/", environ)
    assert found, environ
    return Path(found[1])


def test_without_a_token_it_is_no_route(serve: Serve) -> None:
    service = serve()
    asked, unknown = (service.request("GET", path) for path in ("/metrics", "/nothing"))

    assert asked.status == unknown.status == 404
    assert asked.body == unknown.body.replace(b"/nothing", b"/metrics")


def test_who_has_not_the_token_meets_what_is_not_there(serve: Serve) -> None:
    service = serve(METRICS_TOKEN=TOKEN)
    unknown = service.request("GET", "/nothing").body.replace(b"/nothing", b"/metrics")
    for sent in (None, f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN[:-1]}"):
        headers = {"Authorization": sent} if sent else {}
        answer = service.request("GET", "/metrics", headers=headers)
        assert (answer.status, answer.body) == (404, unknown), sent
    refused = [line for line in service.lines() if line["type"] == "AUTH"]

    assert {line["reason"] for line in refused} == {"metrics-token-invalid"}
    assert TOKEN not in service.output.read_text()
    name = 'futuretracker_authentication_failures_total{reason="metrics-token-invalid"}'
    assert scrape(service)[name] == len(refused) == 4


def test_its_own_listener_has_nothing_of_the_api_and_the_other_nothing_of_it(
    serve: Serve, issuer: Issuer
) -> None:
    port = free_port()
    service = serve(METRICS_PORT=str(port))
    token = issuer.token("user_metrics", ttl=600, azp=ORIGIN)

    def inside(target: str, host: str = f"127.0.0.1:{service.port}") -> int:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.putrequest("GET", target, skip_host=True)
        for name, value in {
            "Host": host,
            "Authorization": f"Bearer {token}",
            "X-Forwarded-Port": str(service.port),
            "X-Forwarded-Host": host,
        }.items():
            connection.putheader(name, value)
        connection.endheaders()
        with closing(connection):
            return connection.getresponse().status

    assert (inside("/metrics"), inside("/healthz")) == (200, 200)
    for target in (LIST, "/api/v1/health", "/docs", f"http://127.0.0.1:{service.port}{LIST}"):
        assert inside(target) == 404, target
    lie = {"Host": f"127.0.0.1:{port}", "X-Forwarded-Port": str(port)}
    assert service.request("GET", "/metrics", headers=lie).status == 404
    whole = f"GET http://127.0.0.1:{port}/metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
    assert b" 404 " in service.raw(whole.encode()).splitlines()[0]


def test_every_answer_is_counted_by_its_route(serve: Serve, issuer: Issuer) -> None:
    service = serve(METRICS_TOKEN=TOKEN, RATE_LIMIT_WRITE="1 per 15 minutes")
    token = issuer.token("user_metrics", ttl=600, azp=ORIGIN)
    service.request("GET", LIST, token=token)
    service.request("GET", LIST)
    service.request("GET", "/no/such/path")
    service.request("GET", f"{LIST}/00000000-0000-4000-8000-000000000000", token=token)
    service.request("POST", LIST, token=token, body=b"{" + b" " * 2**20 + b"}")
    service.request("POST", LIST, token=token, body={"title": "x"})
    service.request("BREW", LIST)
    service.raw(b"nonsense\r\n\r\n")
    expected = [
        ("GET", LIST, 200),
        ("GET", LIST, 401),
        ("GET", "unmatched", 404),
        ("GET", f"{LIST}/<opportunity_id>", 404),
        ("POST", LIST, 413),
        ("POST", LIST, 429),
        ("other", "unmatched", 405),
    ]
    # The worker that is not asked counts once a second.
    wait_for(
        lambda: [requests(scrape(service), *each) for each in expected] == [1] * 7,
        5,
        "each is counted once",
    )
    found = scrape(service)

    assert [value for name, value in found.items() if 'route="worker",status="400"' in name] == [1]
    durations = f'futuretracker_request_duration_seconds_count{{method="GET",route="{LIST}"}}'
    assert found[durations] == 2


def test_counts_outlive_workers_and_files_do_not_become_more(serve: Serve) -> None:
    service = serve(METRICS_TOKEN=TOKEN, WEB_CONCURRENCY="4", RATE_LIMIT_GENERAL="9999 per hour")
    last, files = 0.0, 0
    for round_ in range(1, 4):
        for _ in range(100):
            assert service.request("GET", "/api/health").status == 200
        # A worker counts its pile once a second, or as it is asked.
        wait_for(
            lambda: requests(scrape(service), "GET", "/api/health", 200) == 100 * round_,  # noqa: B023
            5,
            "every request is counted",
        )
        now = requests(scrape(service), "GET", "/api/health", 200)
        assert now >= last
        last = now
        victim = service.workers()[0]
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: len(service.workers()) == 4 and victim not in service.workers())  # noqa: B023
        kept = len(list(folder(service).iterdir()))
        files = files or kept
        assert kept <= files + 4  # kinds of values that the first round had not yet
    found = scrape(service)

    assert found['futuretracker_worker_exits_total{outcome="died"}'] == 3
    assert found["futuretracker_workers"] == 4


def test_nothing_is_left_of_it_after_the_end(serve: Serve) -> None:
    service = serve()
    place = folder(service)
    assert place.stat().st_mode & 0o777 == 0o700
    service.process.send_signal(signal.SIGTERM)
    service.process.wait(15)

    assert not place.exists()


def test_the_check_command_is_not_taken_for_prometheus(serve: Serve) -> None:
    service = serve(METRICS_TOKEN=TOKEN)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    last = "futuretracker_last_scrape_timestamp_seconds"
    check = service.request(
        "GET", "/metrics", headers={**bearer, "User-Agent": "futuretracker-check"}
    )

    assert figures(check.body.decode())[last] == 0
    service.request("GET", "/metrics", headers={**bearer, "User-Agent": "Prometheus/2.42.0"})
    assert scrape(service)[last] > 0


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("METRICS_TOKEN", "short", "must be 32 to 512 letters, digits and ._~+/=-"),
        ("METRICS_PORT", "3001", "must be another one than PORT"),
        ("METRICS_PORT", "many", "Not a valid integer"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    settings: dict[str, str], name: str, value: str, problem: str
) -> None:
    env = {"PATH": os.environ["PATH"], **settings, "PORT": "3001", name: value}
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 1
    assert f"{name}: {problem}" in done.stderr
    assert "Traceback" not in done.stderr
