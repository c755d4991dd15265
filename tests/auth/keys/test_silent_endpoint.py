"""An endpoint that accepts and stays silent delays only the requests that need it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.auth.forge import Forge
    from tests.auth.keys.certificates import Certificates
    from tests.auth.keys.endpoint import Endpoint
    from tests.support.servers import Service


pytestmark = pytest.mark.event_loop("each request that waits occupies one of THREADS")


def test_while_unknown_keys_are_fetched_other_requests_go_on(
    serve: Callable[..., Service], endpoint: Endpoint, certificates: Certificates, forge: Forge
) -> None:
    service = serve(
        WEB_CONCURRENCY="1",
        CLERK_PUBLISHABLE_KEY=endpoint.publishable_key,
        SSL_CERT_FILE=str(certificates.authority),
        GUNICORN_CMD_ARGS="--worker-class tests.auth.keys.impatient.Worker",
    )
    token = forge.token()
    assert service.request("GET", "/api/me", token=token).status == 200
    fetched, go_on = len(endpoint.requests), threading.Event()
    endpoint.respond = endpoint.respond_after(go_on)
    with ThreadPoolExecutor() as pool:
        unknown = [
            pool.submit(
                service.request, "GET", "/api/me", token=forge.token(header={"kid": "ins_2"})
            )
            for _ in range(4)
        ]
        wait_for(lambda: len(endpoint.requests) > fetched)
        for path, known in (("/healthz", None), ("/api/me", token), ("/api/me", forge.token())):
            assert service.request("GET", path, token=known).status == 200
        assert not any(request.done() for request in unknown)
        go_on.set()
        assert {request.result().status for request in unknown} == {401}
