"""Put the results into a Markdown page, between two markers, and the chart beside the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.anomalies.hard import hard
from benchmarks.anomalies.report import draw, figures, markdown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.anomalies.evaluation import Result
    from benchmarks.anomalies.world import Size

BEGIN: Final = "<!-- results: make evaluate-anomalies writes from here -->"
END: Final = "<!-- results: to here -->"


def save(page: Path, size: Size, results: Sequence[Result]) -> None:
    """Replace what stands between the markers of the page, and write ``<page>-results.svg``."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{page} has no markers for the results.")
    picture = page.with_name(f"{page.stem}-results.svg")
    picture.write_text(draw(results))
    lines = [
        BEGIN,
        "",
        f"{size.users} users and {size.days} days a world. {figures(results)}",
        "",
        f"![Detection rates and false alarms]({picture.name})",
        "",
        *markdown(results),
        "",
        "Kinds that are hard to detect, or that take more than five minutes:",
        "",
        *hard(results),
        "",
        END,
    ]
    page.write_text(before + "\n".join(lines) + after)
