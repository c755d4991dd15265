"""The start command of each platform: its address, the client's address, and its secrets."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from tests.deploy.platforms.files import CLIENT

if TYPE_CHECKING:
    from tests.deploy.platforms.files import Platform
    from tests.support.servers import Service


def test_the_client_address_comes_from_the_platforms_proxy(
    platform: Platform, service: Service
) -> None:
    headers = {"X-Forwarded-For": platform.arrives}
    statuses = [service.request("GET", "/api/v1/health", headers=headers).status for _ in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert [line["key"] for line in service.lines() if line["type"] == "RATE_LIMIT"] == [CLIENT]


def test_the_service_listens_on_every_address(service: Service) -> None:
    with socket.create_connection(("127.0.0.2", service.port), timeout=60) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: api.example.com\r\n\r\n")

        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_the_health_check_path_reports_readiness(platform: Platform, service: Service) -> None:
    assert service.request("GET", platform.ready).status == 200


def test_no_process_of_the_service_has_the_owners_url(service: Service) -> None:
    workers = service.workers()

    assert workers
    for pid in [service.process.pid, *workers]:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        names = {variable.partition(b"=")[0] for variable in environment}
        assert b"DATABASE_URL" in names
        assert b"MIGRATION_DATABASE_URL" not in names
