"""Use a service behind nginx and the firewall of deploy/nginx as if it were in this process."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from futuretracker.config.urls import split
from tests.deploy.edge.visitor import NAME
from tests.deploy.edge.waf.waf_server import firewall
from tests.support import servers
from tests.support.authority import certify
from tests.support.served import ServedApp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextmanager
def guarded_app(settings: Mapping[str, str], folder: Path) -> Iterator[ServedApp]:
    """Serve an application behind the firewall until the block ends.

    The client uses a port of nginx without TLS. Everything else is as deployed.
    """
    file, port = folder / "api.sock", servers.free_port()
    listen = f"include futuretracker/http2.conf;\n    listen 127.0.0.1:{port};"
    # Patterns, because nginx' table has no room for the origin of a Chrome extension.
    origins = [f"~^{re.escape(each)}$ $http_origin;\n" for each in split(settings["CORS_ORIGIN"])]
    changes = {
        # nginx' own responses have HSTS, as with TLS.
        "map $https $ft_transport_security": "map on $ft_transport_security",
        "include futuretracker/http2.conf;": listen,
        "https://your-frontend-domain.com  https://your-frontend-domain.com;": "".join(origins),
    }
    own = {"WEB_CONCURRENCY": "1", **settings, "TRUSTED_PROXIES": "1"}
    with (
        servers.gunicorn(own, folder / "log", socket_file=file) as service,
        firewall(folder / "waf", file, certify(NAME, folder), changes),
        closing(ServedApp(replace(service, port=port))) as app,
    ):
        yield app
