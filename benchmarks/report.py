"""Turn the samples of all rounds into medians, and medians of ratios."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.samples import Sample, Samples

OURS, BARE = "futuretracker", "bare"
HEADS = ("req/s", "p50 ms", "p99 ms", "CPU us", "Postgres us", "ratio", "CPU ratio")


@dataclass(frozen=True)
class Row:
    """The medians of one server under one workload.

    ``ratio`` is the first server's requests per second divided by this one's. ``cpu_ratio`` is the
    first server's CPU divided by this one's. Both are medians of the rounds' ratios, and None for
    the first server and where there is no CPU figure.
    """

    server: str
    rate: float
    p50: float
    p99: float
    cpu: float | None
    postgres_cpu: float
    ratio: float | None
    cpu_ratio: float | None

    def figures(self) -> tuple[str, ...]:
        """Return the columns of HEADS as text."""
        times = (f"{self.p50:.1f}", f"{self.p99:.1f}")
        cpu = (_text(self.cpu, ".0f"), f"{self.postgres_cpu:.0f}")
        ratios = (_text(self.ratio, ".2f"), _text(self.cpu_ratio, ".2f"))
        return (f"{self.rate:.0f}", *times, *cpu, *ratios)


def rows(samples: Samples) -> list[Row]:
    """Return the rows of a workload in the order of the servers."""
    first, *_ = samples.values()
    return [_row(server, found, first) for server, found in samples.items()]


def _row(server: str, found: list[Sample], first: list[Sample]) -> Row:
    pairs = list(zip(first, found, strict=True)) if first is not found else []
    ratio = _median([a.rate / b.rate for a, b in pairs])
    cpu_ratio = _median([a.cpu / b.cpu for a, b in pairs if a.cpu and b.cpu])
    return Row(
        server,
        rate=median(s.rate for s in found),
        p50=median(s.p50 for s in found),
        p99=median(s.p99 for s in found),
        cpu=_median([s.cpu for s in found if s.cpu is not None]),
        postgres_cpu=median(s.postgres_cpu for s in found),
        ratio=ratio,
        cpu_ratio=cpu_ratio,
    )


def guards(samples: Samples) -> float | None:
    """Return the cost of our guards: our CPU per request minus the bare server's."""
    pairs = zip(samples.get(OURS, []), samples.get(BARE, []), strict=False)
    return _median([a.cpu - b.cpu for a, b in pairs if a.cpu and b.cpu])


def table(results: dict[str, Samples]) -> Iterator[str]:
    """Yield the lines of a table for a terminal."""
    for workload, samples in results.items():
        yield ""
        yield f"{workload:15}" + "".join(f"{head:>12}" for head in HEADS)
        for row in rows(samples):
            yield f"{row.server:15}" + "".join(f"{figure:>12}" for figure in row.figures())
        if (cost := guards(samples)) is not None:
            yield f"guards: {cost:.0f} us of CPU a request"


def markdown(results: dict[str, Samples]) -> Iterator[str]:
    """Yield the lines of a Markdown table, without empty columns."""
    lines = [["", "", *HEADS, "guards us"]]
    for workload, samples in results.items():
        cost = _text(guards(samples), ".0f")
        lines += [
            [workload, row.server, *row.figures(), cost if row.server == OURS else ""]
            for row in rows(samples)
        ]
    columns = [column for column in zip(*lines, strict=True) if any(column[1:])]
    head, *body = zip(*columns, strict=True)
    for line in (head, ["---"] * len(columns), *body):
        yield f"| {' | '.join(line)} |"


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _text(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
