"""``waf-log``: translate ModSecurity's audit log into log lines of type WAF."""

from __future__ import annotations

import logging.config
import signal
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from futuretracker.config.firewall import read_waf_directory
from futuretracker.telemetry import json_lines
from futuretracker.telemetry.events import event
from futuretracker.telemetry.firewall.audit_log import AuditLog
from futuretracker.telemetry.firewall.counts import FirewallCounts
from futuretracker.telemetry.firewall.transactions import Translator

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

AUDIT_LOG = Path("/run/futuretracker/waf/audit.log")
# How often the file is read, and how often the counts are saved if they do not change, in seconds.
PAUSE = 0.5
HEARTBEAT = 60.0

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the file, and the option to read it once."""
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=AUDIT_LOG,
        help=f"ModSecurity's audit log, or a FIFO (default: {AUDIT_LOG})",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="print what the file contains, then end; do not empty it, and count nothing",
    )


def run(options: argparse.Namespace) -> int | str:
    """Translate until SIGTERM or Ctrl-C, or to the end of the file."""
    folder = read_waf_directory()
    logging.config.dictConfig(json_lines.CONFIG)
    file: Path = options.file
    counts = None if options.once else FirewallCounts(folder)
    try:
        if options.once or not stat.S_ISREG(file.stat().st_mode):
            with file.open("rb") as lines:
                _Writer(counts).write(lines)
            return 0
        audit = AuditLog(file)
    except OSError as error:
        return f"The audit log {file} cannot be read and emptied: {error.strerror}."
    try:
        _follow(audit, _Writer(counts))
    except OSError as error:
        return f"WAF_DIRECTORY ({folder}) or {file} cannot be used: {error.strerror}."
    finally:
        audit.close()
    return 0


def _follow(audit: AuditLog, writer: _Writer) -> None:
    """Read the file until the process is told to stop."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        writer.write(audit.new_lines())
        if audit.unreadable:
            log.warning("audit lines were too long", extra={"lines": audit.unreadable})
            audit.unreadable = 0
        stop.wait(PAUSE)
    writer.write(audit.new_lines())
    writer.save()


class _Writer:
    """Writes a line for each refused request, and counts them."""

    def __init__(self, counts: FirewallCounts | None) -> None:
        self._counts = counts
        self._translator = Translator()
        self._is_saved = False
        self._saved_at = float("-inf")

    def write(self, lines: Iterable[bytes]) -> None:
        """Write the lines, and save the counts if they have changed or are old."""
        for line in lines:
            self._write(line)
            self._save_if_due()
        self._save_if_due()

    def save(self) -> None:
        """Save the counts."""
        if self._counts:
            self._counts.save()
        self._is_saved, self._saved_at = True, time.monotonic()

    def _write(self, line: bytes) -> None:
        try:
            fields = self._translator.translate(line) if line.strip() else None
        except ValueError:
            # The line may contain anything, so it is not shown.
            log.warning("audit line not understood", extra={"bytes": len(line)})
            return
        if fields:
            event("WAF", **fields)
            self._is_saved = False
            if self._counts:
                self._counts.add(fields["outcome"])

    def _save_if_due(self) -> None:
        age = time.monotonic() - self._saved_at
        if age > (HEARTBEAT if self._is_saved else PAUSE):
            self.save()
