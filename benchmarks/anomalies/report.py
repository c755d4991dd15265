"""Turn the results of several worlds into a Markdown table and a chart."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

from benchmarks.anomalies.incidents.plan import ATTACKS, STRENGTHS
from benchmarks.chart import Panel, chart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.anomalies.evaluation import Outcome, Result

HEAD = (
    "Incident", "injected", "detected", "rate", *STRENGTHS, "by its detector", "median delay",
    "p90 delay",
)  # fmt: skip
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Row:
    """How the incidents of one kind went."""

    name: str
    outcomes: Sequence[Outcome]

    @property
    def delays(self) -> list[float]:
        """Return the delays of the detected ones, in seconds."""
        return [o.delay for o in self.outcomes if o.delay is not None]

    @property
    def rate(self) -> float:
        """Return the part that is detected."""
        return len(self.delays) / len(self.outcomes) if self.outcomes else 0.0

    @property
    def named(self) -> int:
        """Return how many a finding of the detector that is made for them has named."""
        return sum(o.incident.kind in o.kinds for o in self.outcomes)

    def of(self, strength: str) -> Row:
        """Return the incidents of one strength."""
        return Row(strength, [o for o in self.outcomes if o.incident.strength == strength])

    def cells(self) -> tuple[str, ...]:
        """Return the columns of HEAD."""
        parts = (self.of(strength) for strength in STRENGTHS)
        return (
            self.name,
            str(len(self.outcomes)),
            str(len(self.delays)),
            f"{self.rate:.0%}",
            *(f"{len(part.delays)} of {len(part.outcomes)}" for part in parts),
            str(self.named) if self.name in ATTACKS else "",
            _time(median(self.delays)) if self.delays else "",
            _time(_p90(self.delays)) if self.delays else "",
        )


def rows(results: Sequence[Result]) -> list[Row]:
    """Return a row for each kind, and one for all of them."""
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for result in results:
        for outcome in result.outcomes:
            kinds[outcome.incident.kind].append(outcome)
    every = [outcome for outcomes in kinds.values() for outcome in outcomes]
    return [*(Row(kind, kinds[kind]) for kind in sorted(kinds)), Row("all", every)]


def false_alarms(results: Sequence[Result]) -> dict[str, float]:
    """Return the false alarms a day per 1,000 users: all of them, and of each kind of finding."""
    days = sum(result.user_days for result in results) / 1000
    kinds = Counter(raised.finding.kind for r in results for raised in r.false_alarms)
    return {"all": kinds.total() / days} | {kind: n / days for kind, n in kinds.most_common()}


def markdown(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of the tables."""
    yield from _table(HEAD, [row.cells() for row in rows(results)])
    yield ""
    alarms = [(kind, f"{rate:.2f}") for kind, rate in false_alarms(results).items()]
    yield from _table(("Kind of finding", "false alarms a day per 1,000 users"), alarms)


def figures(results: Sequence[Result]) -> str:
    """Return the size of the measurement and the speed in one line."""
    observations = sum(r.observations for r in results)
    seconds = sum(r.seconds for r in results)
    seeds = ", ".join(str(r.seed) for r in results)
    return (
        f"Seeds {seeds}: {observations:,} observations, {sum(r.user_days for r in results):,} days"
        f" of users, {1e6 * seconds / observations:.0f} us of the engine an observation."
    )


def novel(results: Sequence[Result]) -> str:
    """Return how the users did whose behaviour only held-out worlds have, or nothing."""
    users = sum(len(r.novel) for r in results)
    alarms, every = (
        sum(r.novel_alarms() for r in results),
        sum(len(r.false_alarms) for r in results),
    )
    if not users:
        return ""
    return (
        f"{alarms} of {every} false alarms are about the {users} users with honest behaviour that"
        f" only these worlds have: nomads behind a VPN, advisers who look at an account, shared"
        f" computers, and scripts that move to a cloud."
    )


def known_and_new(results: Sequence[Result]) -> str:
    """Return how often the kinds that were tuned on are detected, and how often the others."""
    every = rows(results)[-1].outcomes
    known = Row("", [o for o in every if o.incident.kind in ATTACKS])
    new = Row("", [o for o in every if o.incident.kind not in ATTACKS])
    text = f"Of the kinds of incident that every world has, {known.rate:.0%} are detected"
    return f"{text}; of those that only these worlds have, {new.rate:.0%}." if new.outcomes else ""


def draw(results: Sequence[Result]) -> str:
    """Draw the detection rates by kind and strength, and the false alarms by kind."""
    rates = {
        row.name: {name: 100 * row.of(name).rate for name in STRENGTHS} for row in rows(results)
    }
    alarms = {kind: {"false alarms": 100 * rate} for kind, rate in false_alarms(results).items()}
    return chart(
        [
            Panel("Detected incidents, %", rates),
            Panel("False alarms in 100 days per 1,000 users", alarms),
        ]
    )


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    for line in (head, ["---"] * len(head), *lines):
        yield f"| {' | '.join(line)} |"


def _p90(values: Sequence[float]) -> float:
    return quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]


def _time(seconds: float) -> str:
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:.1f} h"
