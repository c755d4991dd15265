"""Measure ``watch``, and what it does to the latency of the service.

    python -m benchmarks.watch --rate 10000 --seconds 60 --users 100000 --rounds 3

Everything runs on this machine, with one Postgres. Each round measures the latency four times: with
nothing else; while log lines are written that nobody reads; while ``watch`` reads and evaluates
such lines; and while it evaluates what is left. ``watch`` gets what the others leave of the
processors, as its systemd unit says. With ``--postgres elsewhere`` the processes of Postgres that
work for it get no more than that either, as if Postgres had processors of its own.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from benchmarks.conditions import conditions
from benchmarks.latency import Latency
from benchmarks.processes import CannotMeasure, command, cpu_seconds, memory
from benchmarks.results import as_line
from benchmarks.stage import stage
from benchmarks.watch_figures import QUIET, REST, WATCHED, WRITTEN, Figures, show
from benchmarks.watch_processes import benched, generator, watch

if TYPE_CHECKING:
    from benchmarks.watch_processes import Bench

READ = "select coalesce(sum(lines), 0) from watch_sources"
WAITING = "select count(*) from watch_inbox"


def without_watch(bench: Bench, figures: Figures) -> None:
    """Measure with nothing else, and while lines are written."""
    with Latency(bench.port, bench.token) as latency:
        time.sleep(bench.options.seconds)
    figures.latencies[QUIET].append(latency)
    with (
        generator(bench, bench.folder / "unread.json") as process,
        Latency(bench.port, bench.token) as latency,
    ):
        process.wait()
    figures.latencies[WRITTEN].append(latency)
    (bench.folder / "unread.json").unlink()


def with_watch(bench: Bench, figures: Figures) -> None:
    """Measure while lines are written and read, and while what is left is evaluated."""
    log = bench.folder / "service.log.json"
    log.touch()
    before = bench.number(READ)
    with watch(bench, log) as process:
        with generator(bench, log) as writer, Latency(bench.port, bench.token) as latency:
            while writer.poll() is None:
                look(figures, process.pid)
                time.sleep(0.5)
            written = int(writer.communicate()[0])
        figures.latencies[WATCHED].append(latency)
        figures.behind = max(figures.behind, before + written - bench.number(READ))
        with Latency(bench.port, bench.token) as latency:
            finish(bench, figures, process.pid, before + written)
        figures.latencies[REST].append(latency)
        figures.cpu.append(cpu_seconds(process.pid))
    figures.written.append(written)


def finish(bench: Bench, figures: Figures, pid: int, lines: int) -> None:
    """Wait until all lines are read and evaluated."""
    began = time.monotonic()
    while bench.number(READ) < lines:
        wait(bench, figures, pid, began)
    figures.read.append(time.monotonic() - began)
    while bench.number(WAITING):
        wait(bench, figures, pid, began)
    figures.evaluated.append(time.monotonic() - began)
    if bench.number(READ) != lines:
        raise CannotMeasure("lines were read twice")
    time.sleep(1)  # so that the latency has values even if nothing was left


def wait(bench: Bench, figures: Figures, pid: int, began: float) -> None:
    """Wait a moment."""
    if time.monotonic() - began > bench.options.within:
        raise CannotMeasure(f"not everything is evaluated after {bench.options.within} s")
    look(figures, pid)
    time.sleep(0.2)


def look(figures: Figures, pid: int) -> None:
    """Look at the memory of ``watch``."""
    figures.peak = max(figures.peak, memory(pid).rss)


def measure(options: argparse.Namespace) -> None:
    """Measure all rounds, and print what was measured."""
    print(as_line({**conditions(), **vars(options)}), flush=True)
    figures = Figures()
    with stage() as here, benched(here, options) as bench:
        for _ in range(options.rounds):
            without_watch(bench, figures)
            with_watch(bench, figures)
    show(figures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure anomaly detection under load.")
    parser.add_argument("--rate", type=int, default=10_000, help="lines a second")
    parser.add_argument("--seconds", type=float, default=60, help="for each phase")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", choices=("here", "elsewhere"), default="here")
    parser.add_argument("--within", type=float, default=1200, help="seconds (default: 1200)")
    return parser.parse_args()


if __name__ == "__main__":
    command(lambda: measure(_arguments()))
