"""What STORE_URL and REDIS_URL may be; no message quotes a URL, which may hold a password."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from marshmallow import ValidationError
from redis.connection import parse_url

SINGLE = ("redis://", "rediss://")
SEVERAL = ("redis+sentinel://", "redis+cluster://")
_HOSTS = re.compile(
    r"(\[[0-9a-fA-F:.]+\]|[\w.-]+):[0-9]{1,5}(,(\[[0-9a-fA-F:.]+\]|[\w.-]+):[0-9]{1,5})*", re.ASCII
).fullmatch
_SERVICE = re.compile(r"/[\w.-]+", re.ASCII).fullmatch


def check_redis_url(url: str) -> None:
    """Raise ValidationError unless the URL is none, or names one server, Sentinels or a Cluster."""
    if url.startswith(SINGLE):
        try:
            parse_url(url)  # type: ignore[no-untyped-call]
        except ValueError:
            raise ValidationError("is no Redis URL") from None
    elif url.startswith(SEVERAL):
        parts = urlsplit(url)
        if not _HOSTS(parts.netloc.rpartition("@")[2]):
            raise ValidationError("must name hosts with their ports: host:port,host:port")
        if parts.scheme == "redis+sentinel" and not _SERVICE(parts.path):
            raise ValidationError("must end with the name that Sentinel knows the server by: /name")
    elif url:
        names = " or ".join([", ".join((*SINGLE, SEVERAL[0])), SEVERAL[1]])
        raise ValidationError(f"must begin with {names}")


def check_store_url(url: str, workers: int) -> None:
    """Raise ValidationError unless the URL is one of a host's own store that the workers share."""
    if not url.startswith(("lmdb:///", "memory://")):
        raise ValidationError("must be lmdb:/// and a folder; Redis stands in REDIS_URL")
    if url.startswith("memory://") and workers != 1:
        raise ValidationError(
            "memory:// counts per process: with more than one worker a budget would be"
            " several times too large; use lmdb:///"
        )
