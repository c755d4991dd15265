"""Real outages under load, on a real Prometheus: a short one fires no alert, a long one does.

All times of the alerts are divided by SHORTER, so that a test does not wait for minutes.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from futuretracker.commands.local import embedded_postgres
from futuretracker.database.migrate import migrate
from tests.conftest import ORIGIN
from tests.database.test_database import Postgres
from tests.deploy.monitoring.prometheus import PLACE, Prometheus, prometheus, wait
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.commands.local.issuer import Issuer

pytestmark = pytest.mark.needs("promtool")
SHORTER = 3
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
FOR = 120 / SHORTER  # seconds, of the alerts on failures
WINDOW = 60 / SHORTER
ENDED = """
select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'futuretracker_api'
"""


class Site(NamedTuple):
    """A service with its own Postgres, and the Prometheus that scrapes it."""

    postgres: Postgres
    prometheus: Prometheus

    def firing(self) -> set[str]:
        """Return the alerts that fire."""
        found = self.prometheus.query('ALERTS{alertstate="firing"}')
        return {series["metric"]["alertname"] for series in found}

    def has_fired(self) -> set[str]:
        """Return the alerts that have fired since the start of Prometheus."""
        found = self.prometheus.query('max_over_time(ALERTS{alertstate="firing"}[1h])')
        return {series["metric"]["alertname"] for series in found}

    def failures(self) -> float:
        """Return the number of responses with 503 so far."""
        query = 'sum(futuretracker_requests_total{status="503"}) or vector(0)'
        return self.prometheus.value(query)


def shorter(text: str) -> str:
    """Divide the windows and the ``for`` of the alerts."""

    def divide(found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2]) * SECONDS[found[3]] * 1000 // SHORTER}ms"

    return re.sub(r"(\[|for: )(\d+)([smhd])\b", divide, text)


@contextmanager
def load(service: servers.Service, token: str) -> Iterator[None]:
    """Send requests from four clients until the block ends."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            service.request("GET", "/api/v1/opportunities", token=token)
            time.sleep(0.02)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        over.set()
        for client in clients:
            client.join()


def accepts(url: str) -> bool:
    """Return whether Postgres accepts connections."""
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def site(issuer: Issuer, tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="futuretracker-")))
        folder.chmod(0o755)
        postgres = Postgres(folder / "data")
        postgres.start()
        stack.callback(postgres.stop)
        migrate(postgres.url)
        port = servers.free_port()
        settings = {
            **issuer.settings(),
            "DATABASE_URL": embedded_postgres.as_service(postgres.url),
            "STORE_URL": f"lmdb://{tmp_path / 'store'}",
            "TRUSTED_PROXIES": "0",
            "CORS_ORIGIN": ORIGIN,
            "METRICS_PORT": str(port),
            "RATE_LIMIT_GENERAL": "1000000 per 15 minutes",
            "RATE_LIMIT_USER_GENERAL": "1000000 per 15 minutes",
        }
        service = stack.enter_context(servers.gunicorn(settings, tmp_path / "log"))
        (tmp_path / "prometheus").mkdir()
        every = f"{15_000 // SHORTER}ms"
        rules = shorter((PLACE / "alerts.yml").read_text())
        running = stack.enter_context(
            prometheus(port, tmp_path / "prometheus", every=every, rules=rules)
        )
        stack.enter_context(load(service, issuer.token("user_load", ttl=3600, azp=ORIGIN)))
        wait(lambda: running.query("rate(futuretracker_requests_total[10s]) > 0"), "no load")
        yield Site(postgres, running)


@pytest.mark.parametrize("what", ["connections", "restart"])
def test_a_short_outage_fires_no_alert(site: Site, what: str) -> None:
    """All connections end at once, or Postgres restarts, as it does after a crash of a process."""
    before, started = site.failures(), time.monotonic()
    if what == "restart":
        conn = psycopg.connect(site.postgres.url)
        os.kill(conn.info.backend_pid, signal.SIGKILL)
        conn.close()
        wait(lambda: accepts(site.postgres.url), "it does not start")
    else:
        with psycopg.connect(site.postgres.url, autocommit=True) as conn:
            # Ending an idle connection makes no request fail.
            wait(lambda: conn.execute(ENDED) and site.failures() > before, "no request failed")
    lasted = time.monotonic() - started
    assert lasted < FOR - WINDOW, "too busy a machine: this was no short outage"
    wait(lambda: site.failures() > before, "no request has failed")
    time.sleep(FOR + WINDOW)

    assert site.has_fired() == set()


def test_an_outage_that_lasts_fires_the_alerts_and_they_end_after_it(site: Site) -> None:
    wanted = {"FutureTrackerDatabaseUnreachable", "FutureTrackerErrorsFast"}
    with site.postgres.stopped():
        wait(lambda: wanted <= site.firing(), "the alerts do not fire")

        assert site.has_fired() == wanted
    wait(lambda: site.firing() == set(), "the alerts do not end", within=300)
