"""Somebody reads page after page, far more than the user ever does.

It means that somebody copies the data, or searches through it with a program. Honest explanations:
a new script that reads everything more often than it must, a client with a mistake in its loop, or
the first export of more than 5,000 opportunities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "scraping"
SEVERITY: Final[Severity] = "medium"
FLOOR: Final = 50  # pages of an hour
FACTOR: Final = 2
SHARE: Final = 0.75  # of the requests; people open what they find


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if there are too many pages."""
    if not scene.seen.pages or not scene.too_much("pages", FLOOR, FACTOR):
        return None
    pages, requests = round(scene.within_hour("pages")), scene.within_hour("requests")
    if pages < SHARE * requests:
        return None
    kilobytes = round(scene.within_hour("kilobytes"))
    return scene.alarm(
        KIND,
        SEVERITY,
        f"{pages} pages of lists and exports ({kilobytes} kB) were read within an hour."
        f" Usual are {scene.usual('pages')} in an hour with pages.",
        strength=pages,
        figures={"pages": pages, "kilobytes": kilobytes, "usual": scene.usual("pages")},
        pattern=scene.family,
    )
