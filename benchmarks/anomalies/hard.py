"""Say which kinds of incident are hard to detect, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.anomalies.report import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.anomalies.evaluation import Result

AIM: Final = 0.9  # of the incidents of a kind
SOON: Final = 300  # seconds
WHY: Final = {
    "stolen-token": (
        "A stealthy thief has the same browser and uses the victim's own mobile carrier, for six"
        " requests. A telephone that leaves its Wi-Fi looks the same."
    ),
    "impossible-switching": (
        "A stealthy attacker changes between two networks each five minutes, as a telephone does"
        " at the edge of a campus."
    ),
    "new-client": (
        "A stealthy attacker's headless browser sends five requests, and calls itself a browser"
        " that others use, too."
    ),
    "mass-delete": (
        "A stealthy attacker deletes 15 to 25 opportunities with the victim's browser, as slowly"
        " as people who tidy up. Only the pauses differ: they are more even. It takes eleven"
        " deletes to see that."
    ),
    "woken-account": (
        "A stealthy attacker deletes four opportunities. People who come back do that as well."
    ),
    "id-enumeration": (
        "A stealthy attacker asks for 30 ids in half an hour. An app that has kept what was"
        " deleted elsewhere asks for as many."
    ),
    "slow-enumeration": (
        "The evidence takes days: a person's old links lead to a few missing ids, too."
    ),
    "scraping": "A stealthy attacker reads 60 pages in half an hour, as busy people do.",
    "night-export": (
        "A stealthy attacker reads ten pages from the victim's network and browser. People also"
        " work at night before deadlines, and a new user has no usual hours yet."
    ),
    "leaked-key": (
        "A stealthy attacker uses three networks on a day, with the owner's program. Homes whose"
        " address changes each day, and scripts that move, look the same."
    ),
    "credential-stuffing": (
        "A stealthy attacker tries 15 credentials in half an hour. A developer with a wrong key"
        " tries as often."
    ),
    "webhook-burst": (
        "A stealthy attacker sends 12 webhooks in half an hour. Clerk repeats refused webhooks,"
        " so a wrong secret looks the same."
    ),
    "distributed-stuffing": (
        "Each network tries three or four credentials, no more than a bot of the internet does."
        " Only their number says that they belong together."
    ),
    "rotating-proxies": (
        "Each network sends a few requests and never comes back, as those of a traveller with a"
        " VPN."
    ),
}


def hard(results: Sequence[Result]) -> Iterator[str]:
    """Yield a line for each kind that is missed too often, or noticed late."""
    for row in rows(results)[:-1]:
        found = len(row.delays)
        late = sum(delay > SOON for delay in row.delays)
        if row.rate < AIM or late > found / 2:
            figures = f"{found} of {len(row.outcomes)} detected, {late} of them after 5 minutes"
            yield f"- `{row.name}`: {figures}. {WHY.get(row.name, '')}"
