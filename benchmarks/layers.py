"""Which layer of the service a stack of functions stands in."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The innermost function that belongs to one decides; a library's counts for who has called it.
LAYERS: Mapping[str, tuple[str, ...]] = {
    "send to the client": ("futuretracker/server/connection.py",),
    "gunicorn: poll, read, reply": (
        "futuretracker/server/",
        "/gunicorn/",
    ),
    "metrics": (
        "futuretracker/web/traffic.py",
        "futuretracker/telemetry/metrics.py",
        "futuretracker/telemetry/exposition.py",
        "futuretracker/web/listeners.py",
        "/prometheus_client/",
    ),
    "log lines": (
        "futuretracker/telemetry/events.py",
        "futuretracker/telemetry/json_lines.py",
        "/logging/",
        "/pythonjsonlogger/",
    ),
    "limits and shared store": ("futuretracker/limits.py", "futuretracker/store/"),
    "authentication": ("futuretracker/auth/", "futuretracker/store/cache.py"),
    "validation": (
        "/marshmallow/",
        "futuretracker/api/schemas/body.py",
        "futuretracker/api/schemas/fields.py",
        "futuretracker/api/schemas/opportunities.py",
        "futuretracker/api/schemas/query_string.py",
    ),
    "database: psycopg, pool": (
        "/psycopg",
        "futuretracker/database/__init__.py",
        "futuretracker/database/pool.py",
        "futuretracker/database/connection.py",
        "futuretracker/database/replica.py",
        "futuretracker/database/queries/",
    ),
    "headers and CORS": ("futuretracker/web/headers.py", "futuretracker/api/deprecation.py"),
    "client address": ("/middleware/proxy_fix.py",),
    "Flask and werkzeug": (
        "/flask/",
        "/werkzeug/",
        "/blinker/",
        "futuretracker/web/application.py",
    ),
    "views": ("futuretracker/",),
}
REST = "everything else"


def read(lines: Iterable[str]) -> Counter[tuple[str, ...]]:
    """Return how often each stack was seen, the innermost function first."""
    found: Counter[tuple[str, ...]] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        found[tuple(stack.split(";"))] += int(count)
    return found


def by_layer(stacks: Counter[tuple[str, ...]]) -> Counter[str]:
    """Return how many looks fell into each layer."""
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        found[layer(stack)] += count
    return found


def by_function(stacks: Counter[tuple[str, ...]]) -> Counter[str]:
    """Return how many looks each function was in itself."""
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
