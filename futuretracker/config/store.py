"""Settings of the shared store. No message quotes a URL, which may hold a password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from marshmallow import ValidationError

if TYPE_CHECKING:
    from futuretracker.config.environment import Environment

SINGLE = ("redis://", "rediss://")
SEVERAL = ("redis+sentinel://", "redis+cluster://")
# Options of redis-py's URLs that are numbers.
NUMBERS = {
    "db",
    "health_check_interval",
    "max_connections",
    "socket_connect_timeout",
    "socket_timeout",
    "timeout",
}
MAX_PORT = 65_535
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII).fullmatch
_HOSTS = re.compile(
    r"(\[[0-9a-fA-F:.]+\]|[\w.-]+):[0-9]{1,5}(,(\[[0-9a-fA-F:.]+\]|[\w.-]+):[0-9]{1,5})*", re.ASCII
).fullmatch
_SERVICE = re.compile(r"/[\w.-]+", re.ASCII).fullmatch


def read_store_url(env: Environment, workers: int) -> str:
    """Read the URL of the store that ``workers`` processes share; REDIS_URL overrides STORE_URL."""
    redis = env.text("REDIS_URL", _check_redis_url)
    store = env.text("STORE_URL", lambda url: _check_store_url(url, workers))
    return redis or store


def _check_redis_url(url: str) -> None:
    """Raise ValidationError unless the URL is empty, or names a server, Sentinels or a Cluster."""
    if url.startswith(SINGLE):
        if not _is_single(url):
            raise ValidationError("is not a Redis URL, such as redis://:password@host:6379/0")
    elif url.startswith(SEVERAL):
        try:
            parts = urlsplit(url)
        except ValueError:  # unbalanced or misplaced brackets
            parts = None
        hosts = parts.netloc.rpartition("@")[2] if parts else ""
        if not parts or not _HOSTS(hosts):
            raise ValidationError("must name hosts with their ports: host:port,host:port")
        for host in hosts.split(","):
            if not 1 <= int(host.rpartition(":")[2]) <= MAX_PORT:
                raise ValidationError(f"has a port that is not from 1 to {MAX_PORT}: {host}")
        if parts.scheme == "redis+sentinel" and not _SERVICE(parts.path):
            raise ValidationError("must end with the name that Sentinel knows the server by: /name")
    elif url:
        names = " or ".join([", ".join((*SINGLE, SEVERAL[0])), SEVERAL[1]])
        raise ValidationError(f"must begin with {names}")


def _is_single(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # misplaced brackets, or a port that is no number up to 65535
        return False
    return port != 0 and all(
        _NUMBER(value) for name, value in parse_qsl(parts.query) if name in NUMBERS
    )


def _check_store_url(url: str, workers: int) -> None:
    """Raise ValidationError unless the URL is a store that this many workers can share."""
    if not url.startswith(("lmdb:///", "memory://")):
        raise ValidationError("must be lmdb:/// and a folder; a Redis URL belongs in REDIS_URL")
    if url.startswith("memory://") and workers != 1:
        raise ValidationError(
            "memory:// counts in each process, so that several workers would multiply every rate"
            " limit; use lmdb:///, or one worker"
        )
