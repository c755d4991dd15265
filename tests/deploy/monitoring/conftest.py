"""A service with every metric, scraped by one Prometheus."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import pytest

from futuretracker.anomalies import gauges
from futuretracker.commands.local import embedded_postgres
from futuretracker.database.migrate import migrate
from futuretracker.database.queries.prune import STEPS
from tests.conftest import ORIGIN, WEBHOOK_SECRET
from tests.deploy.monitoring.prometheus import Prometheus, prometheus
from tests.support import servers
from tests.support.standby import standby

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

WATCHED = gauges.Numbers(
    lines=1000,
    skipped={"malformed": 2},
    inbox=1,
    findings=[("scraping", "medium", "open", 1), ("mass-delete", "high", "accepted", 2)],
    leads=True,
)


class Scraped(NamedTuple):
    """The service at its public port and its metrics port, and the Prometheus that scrapes it."""

    service: Service
    metrics: Service
    prometheus: Prometheus
    token: str

    def text(self) -> str:
        """Return the response of /metrics."""
        response = self.metrics.request("GET", "/metrics")
        assert response.status == 200, response.body
        return response.body.decode()


@pytest.fixture(scope="session")
def replicated() -> Iterator[dict[str, str]]:
    """Yield the settings that name a primary and a real standby."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="futuretracker-")))
        folder.chmod(0o755)
        primary = stack.enter_context(embedded_postgres.postgres(folder / "data"))
        migrate(primary)
        follower = stack.enter_context(standby(primary))
        yield {
            "DATABASE_URL": embedded_postgres.as_service(primary),
            "DATABASE_REPLICA_URL": embedded_postgres.as_service(follower.url),
            "DATABASE_REPLICA_WINDOW": "2",
        }


@pytest.fixture(scope="session")
def scraped(
    replicated: dict[str, str],
    issuer: Issuer,
    tmp_path_factory: pytest.TempPathFactory,
    needs_promtool: None,
) -> Iterator[Scraped]:
    """Run four workers with a replica and a backup, and send every kind of request."""
    folder = tmp_path_factory.mktemp("scraped")
    now = datetime.now(UTC).isoformat()
    (folder / "status.json").write_text(
        json.dumps({"backup": {"finished_at": now}, "drill": {"finished_at": now, "ok": True}})
    )
    audit = {"bytes": 10**6, "oldest": time.time() - 86400, "measured_at": time.time()}
    (folder / "audit.json").write_text(json.dumps(audit))
    pruned = {"finished_at": time.time(), "removed": 3}
    (folder / "prune.json").write_text(json.dumps(dict.fromkeys(STEPS, pruned)))
    firewall = {"refused": 3, "detected": 0, "read_at": time.time()}
    (folder / "waf.json").write_text(json.dumps(firewall))
    gauges.save(folder, WATCHED._replace(evaluated_at=time.time(), saved_at=time.time()))
    port = servers.free_port()
    settings = {
        **replicated,
        **issuer.settings(),
        "STORE_URL": f"lmdb://{folder / 'store'}",
        "WEB_CONCURRENCY": "4",
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": ORIGIN,
        "CLERK_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "METRICS_PORT": str(port),
        "BACKUP_DIRECTORY": str(folder),
        "AUDIT_DIRECTORY": str(folder),
        "PRUNE_DIRECTORY": str(folder),
        "WAF_DIRECTORY": str(folder),
        "ANOMALY_DIRECTORY": str(folder),
    }
    with servers.gunicorn(settings, folder / "log") as service:
        token = issuer.token("user_scraped", ttl=3600, azp=ORIGIN)
        for _ in range(8):
            busy(service, token)
        (folder / "prometheus").mkdir()
        with prometheus(port, folder / "prometheus") as running:
            at_port = servers.Service(service.process, port, service.output)
            yield Scraped(service, at_port, running, token)


def busy(service: Service, token: str) -> None:
    """Send requests that succeed and requests that fail."""
    for path in ("/api/v1/opportunities", "/api/me", "/nowhere", "/docs"):
        service.request("GET", path, token=token)
    service.request("GET", "/api/me", token="nonsense")
    service.request("POST", "/api/v1/opportunities", token=token, body={"title": "Internship"})
    service.request("POST", "/webhooks/clerk", body={})
