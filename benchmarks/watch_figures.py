"""What ``benchmarks.watch`` measures, and its tables."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from benchmarks.latency import Latency

QUIET, WRITTEN = "nothing else", "lines are written"
WATCHED, REST = "lines are written, and watch reads them", "watch evaluates the rest"
# The phases, and the phase that each is compared with.
PHASES = {QUIET: QUIET, WRITTEN: QUIET, WATCHED: WRITTEN, REST: QUIET}


class Figures:
    """What is measured: the latencies of each phase, and those of ``watch`` in each round."""

    def __init__(self) -> None:
        self.latencies = defaultdict[str, list[Latency]](list)
        self.behind = 0  # lines that were not read yet, at most
        self.peak = 0.0  # MiB
        self.written = list[int]()
        # Seconds after the last line was written, and seconds of CPU.
        self.read, self.evaluated, self.cpu = list[float](), list[float](), list[float]()


def show(figures: Figures) -> None:
    """Print two tables: the latencies, and what ``watch`` needed. Values are medians of rounds."""
    print("| Meanwhile | p50, ms | p99, ms | compared with | times its p50 | times its p99 |")
    print("|---|---:|---:|---|---:|---:|")
    for phase, control in PHASES.items():
        print(_row(phase, control, figures.latencies[phase], figures.latencies[control]))
    every = [each for found in figures.latencies.values() for each in found]
    print("\n| Measured | Value |\n|---|---|")
    print(f"| requests | {sum(each.requests for each in every):,} |")
    print(f"| failed requests | {sum(each.failed for each in every)} |")
    print(f"| lines in each round | {median(figures.written):,.0f} |")
    print(f"| lines not read yet when the last one was written, at most | {figures.behind:,} |")
    print(f"| all read, after the last line | {median(figures.read):.1f} s |")
    print(f"| all evaluated, after the last line | {median(figures.evaluated):.1f} s |")
    print(f"| CPU of watch | {median(figures.cpu):.1f} s |")
    print(f"| peak memory of watch, at most | {figures.peak:.0f} MiB |")


def _row(phase: str, control: str, found: list[Latency], others: list[Latency]) -> str:
    """Return the row of a phase. The ratios compare what was measured in the same round."""
    pairs = list(zip(found, others, strict=True))
    p50, p99 = median(each.median for each in found), median(each.p99 for each in found)
    of_p50 = median(one.median / other.median for one, other in pairs)
    of_p99 = median(one.p99 / other.p99 for one, other in pairs)
    return f"| {phase} | {p50:.1f} | {p99:.1f} | {control} | {of_p50:.2f} | {of_p99:.2f} |"
