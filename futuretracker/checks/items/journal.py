"""Audit lines: the journal receives those of the service."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

from futuretracker.checks.finding import Undecided, error, ok, warning
from futuretracker.checks.probes.exchange import ask_public, request_id

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

UNIT = "futuretracker-api"
WRITE = "/api/v1/opportunities"
WITHIN = 4.0  # seconds until a line arrives
FIX = "Start the service as the unit futuretracker-api: its output goes to the journal."


def collected(subject: Subject) -> Finding:
    """Send a write that is refused, and find its AUDIT line.

    Without PUBLIC_URL look for any AUDIT line.
    """
    newest = _lines("--lines=1")
    if not newest:
        raise _no_lines()
    if not subject.settings.public_url:
        if _lines("--lines=1", '--grep="type": "AUDIT"'):
            return ok("The journal has AUDIT lines; PUBLIC_URL is not set, so the check made none.")
        return warning(
            "The journal has no AUDIT line yet.", "Set PUBLIC_URL, so that the check can make one."
        )
    wanted = _refused_write(subject)
    ends_at = time.monotonic() + WITHIN
    while time.monotonic() < ends_at:
        types = {line.get("type") for line in _lines("--since=-2min", f"--grep={wanted}")}
        if {"REQUEST", "AUDIT"} <= types:
            return ok("A write through the public URL left its REQUEST and AUDIT lines.")
        time.sleep(0.2)
    return error("A write through the public URL left no AUDIT line in the journal.", FIX)


def _refused_write(subject: Subject) -> str:
    """Send a write without a token; return the request id in its log lines."""
    sent = {"X-Request-Id": request_id(), "Content-Type": "application/json"}
    response = ask_public(subject, WRITE, method="POST", headers=sent, body=b"{}")
    return response.headers.get("X-Request-Id", sent["X-Request-Id"])


def _lines(*arguments: str) -> list[dict[str, Any]]:
    """Return the service's lines in the journal; raise Undecided if there is no journal."""
    if shutil.which("journalctl") is None:
        raise Undecided(
            "There is no journal on this host.", "Check where the service's output is kept."
        )
    command = ["journalctl", "--quiet", "--no-pager", "--output=cat", *arguments]
    command += [f"_SYSTEMD_UNIT={UNIT}.service", "+", f"SYSLOG_IDENTIFIER={UNIT}"]
    ran = subprocess.run(  # noqa: S603 - the arguments are ours
        command, check=False, capture_output=True, text=True, timeout=5
    )
    found = []
    for line in ran.stdout.splitlines():
        try:
            value = json.loads(line)
        except ValueError:  # systemd's own lines about the unit
            value = {}
        found.append(value if isinstance(value, dict) else {})
    return found


def _no_lines() -> Undecided:
    if os.geteuid() == 0:
        return Undecided(f"The journal of this host has no line of {UNIT}.", FIX)
    return Undecided(
        f"The journal shows no line of {UNIT} to this user.",
        "Check as root, or as a member of systemd-journal.",
    )
