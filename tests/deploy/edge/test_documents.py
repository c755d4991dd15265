"""Compare docs/operations/edge.md with the files that it describes."""

from __future__ import annotations

import re

from tests.deploy.edge.caddy_server import DEPLOY as CADDY
from tests.deploy.edge.nginx_server import DEPLOY as NGINX
from tests.support.servers import ROOT

PAGE = (ROOT / "docs/operations/edge.md").read_text()
STATUSES = re.search(r"\| errors \|.*?: ([\d, ]+);", PAGE)


def test_every_file_of_the_page_is_there() -> None:
    named = set(re.findall(r"(?<![\w/])(?:nginx|caddy|certbot)/[\w./*-]+", PAGE))
    named = {name for name in named if "." in name}

    assert len(named) >= 6
    assert all(list((ROOT / "deploy").glob(name)) for name in named), named


def test_the_statuses_of_the_page_are_those_of_nginx() -> None:
    text = (NGINX / "futuretracker/error-pages.conf").read_text()
    [listed] = re.findall(r"(?m)^error_page ([\d ]+) /", text)
    moved = re.findall(r"=(\d+) /", text)

    assert STATUSES
    assert set(STATUSES[1].split(", ")) == {*listed.split(), *moved}


def test_the_seconds_of_the_page_are_those_of_the_files() -> None:
    patience = (NGINX / "futuretracker/patience.conf").read_text()
    assert "10 s for all headers, 10 s between two pieces" in PAGE
    for name in ("client_header_timeout", "client_body_timeout", "send_timeout"):
        assert re.search(rf"(?m)^{name} 10s;", patience)
    assert "A body has 30 s for all of it" in PAGE
    assert "A response has 90 s for all of it" in PAGE
    assert "read_body 30s" in (CADDY / "Caddyfile").read_text()
    assert "write 90s" in (CADDY / "Caddyfile").read_text()


def test_the_sizes_of_the_page_are_those_of_the_files() -> None:
    proxy = (NGINX / "futuretracker/proxy.conf").read_text()
    assert "at most 256 KiB of it in memory and 64 MiB on disk" in PAGE
    assert "proxy_buffers 16 16k;" in proxy
    assert "proxy_max_temp_file_size 64m;" in proxy


def test_what_is_said_of_floods_is_so() -> None:
    site = (NGINX / "futuretracker-api.conf").read_text()
    assert "100 requests per second, 8000 in a burst and 100 at the same time" in PAGE
    assert "burst=8000 nodelay" in site
    assert "futuretracker_connections 100;" in site
    assert "rate=100r/s" in (NGINX / "futuretracker/clients.conf").read_text()
