"""Assign the stacks of a profile to the layers of the service."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Layers are folders, so renaming a module does not change them. The innermost function that matches
# decides, so a library that no layer lists counts for its caller.
LAYERS: Mapping[str, tuple[str, ...]] = {
    "server": ("futuretracker/server/", "/gunicorn/", "/greenlet/"),
    "logs and metrics": (
        "futuretracker/telemetry/",
        "/logging/",
        "/pythonjsonlogger/",
        "/prometheus_client/",
    ),
    "rate limits and store": (
        "futuretracker/limits",
        "futuretracker/store/",
        "/flask_limiter/",
        "/limits/",
        "/lmdb/",
        "/redis/",
    ),
    "authentication": ("futuretracker/auth/", "/jwt/"),
    "validation": ("futuretracker/api/schemas/", "/marshmallow/"),
    "database": ("futuretracker/database/", "/psycopg"),
    "Flask, headers, CORS": ("futuretracker/web/", "/flask/", "/werkzeug/", "/blinker/"),
    "views": ("futuretracker/api/",),
}
REST = "everything else"


def read(lines: Iterable[str]) -> Counter[tuple[str, ...]]:
    """Return how often each stack was seen. A stack lists the innermost function first."""
    found: Counter[tuple[str, ...]] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        found[tuple(stack.split(";"))] += int(count)
    return found


def by_layer(stacks: Counter[tuple[str, ...]]) -> Counter[str]:
    """Return the number of samples in each layer."""
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        found[layer(stack)] += count
    return found


def by_function(stacks: Counter[tuple[str, ...]]) -> Counter[str]:
    """Return the number of samples whose innermost function this is."""
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        found["/".join(stack[0].split("/")[-2:])] += count
    return found


def layer(stack: tuple[str, ...]) -> str:
    """Return the layer of a stack."""
    for function in stack:
        for name, places in LAYERS.items():
            if any(place in function for place in places):
                return name
    return REST
