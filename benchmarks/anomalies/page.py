"""Put the results into a Markdown page, between two markers, and the chart beside the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.anomalies.hard import hard
from benchmarks.anomalies.report import draw, figures, known_and_new, markdown, novel
from benchmarks.anomalies.seeds import TRAINING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from benchmarks.anomalies.evaluation import Result
    from benchmarks.anomalies.world import Size

BEGIN: Final = "<!-- results: make evaluate-anomalies writes from here -->"
END: Final = "<!-- results: to here -->"
ABOUT: Final = (
    "An incident counts as detected if the operator hears of it: a finding about its subject is",
    "new, or its severity grows, during the incident or within an hour after it. The delay begins",
    "with the attacker's first request, and includes the ten seconds until the service writes a",
    "line. Every other new finding is a false alarm. Nobody dismisses findings. Each kind of",
    "incident has three strengths; a stealthy attacker knows what is usual.",
    "",
    f"The detectors were tuned on the worlds {', '.join(map(str, TRAINING))}. These results are",
    "from other worlds (`benchmarks/anomalies/seeds.py`), and nobody has looked at their single",
    "events. They also have honest behaviour and attacks that no other world has. The simulation",
    "is ours: real people do what we have not thought of, so expect more false alarms at first.",
)


def save(page: Path, size: Size, results: Sequence[Result], capacity: Iterable[str] = ()) -> None:
    """Replace what stands between the markers of the page, and write ``<page>-results.svg``."""
    measured = list(capacity)  # which takes a while, in which others may edit the page
    before, _, rest = page.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{page} has no markers for the results.")
    picture = page.with_name(f"{page.stem}-results.svg")
    picture.write_text(draw(results))
    lines = [
        BEGIN,
        "",
        *ABOUT,
        "",
        f"{size.users} users and {size.days} days a world. {figures(results)}",
        "",
        f"![Detection rates and false alarms]({picture.name})",
        "",
        *markdown(results),
        "",
        known_and_new(results),
        novel(results),
        "",
        "Kinds that are hard to detect, or that take more than five minutes:",
        "",
        *hard(results),
        "",
        *measured,
        "",
        END,
    ]
    page.write_text(before + "\n".join(lines) + after)
