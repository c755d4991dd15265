"""Give a user forty opportunities with interview rounds, through the API of the running service."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg

from futuretracker.commands.local.running import base_url
from futuretracker.commands.local.seeds import HACKATHONS, HOSTS, INTERNSHIPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from futuretracker.commands.local.seeds import Hackathon, Host, Internship

OPPORTUNITIES = "/api/v1/opportunities"
# The API sets the current time. Without this, the charts by week and month would have one column.
AGE = """
update opportunities set created_at = created_at - make_interval(days => %(days)s)
where id = %(id)s
"""


class NotSeeded(Exception):
    """The service has refused the opportunities; the message says why."""


def seed(user: str, token: str, settings: Mapping[str, str]) -> str:
    """Create the opportunities, and return a sentence for the terminal; raise NotSeeded.

    If the user has opportunities already, create none.
    """
    address = urlsplit(base_url(settings)).netloc
    try:
        with closing(HTTPConnection(address, timeout=60)) as connection:
            api = Api(connection, token)
            if api.send("GET", f"{OPPORTUNITIES}?limit=1")["items"]:
                return f"{user} has opportunities already, and gets no others."
            ages = dict(_create(api))
    except (OSError, HTTPException) as error:
        message = f"The service at {address} does not respond ({error})."
        raise NotSeeded(message) from error
    if owner := settings.get("MIGRATION_DATABASE_URL"):
        with psycopg.connect(owner) as conn:
            conn.cursor().executemany(AGE, [{"id": k, "days": n} for k, n in ages.items()])
    return f"{user} has {len(ages)} opportunities now."


class Api:
    """Sends requests as one user."""

    def __init__(self, connection: HTTPConnection, token: str) -> None:
        self._connection = connection
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Return the response's JSON; raise NotSeeded for an error."""
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, self._headers)
        response = self._connection.getresponse()
        received = json.load(response)
        if response.status >= HTTPStatus.BAD_REQUEST:
            message = f"The service refused the opportunities: {received['message']}"
            raise NotSeeded(message)
        return received


def _create(api: Api) -> Iterator[tuple[str, int]]:
    """Create everything; yield the id of each opportunity, and its age in days."""
    for internship, host in zip(INTERNSHIPS, cycle(HOSTS), strict=False):
        yield _create_internship(api, internship, host), internship.age
    for hackathon, host in zip(HACKATHONS, cycle(HOSTS), strict=False):
        yield _create_hackathon(api, hackathon, host), hackathon.age


def _create_internship(api: Api, internship: Internship, host: Host) -> str:
    created = api.send("POST", OPPORTUNITIES, _internship_body(internship, host))
    for kind, result, days in internship.rounds:
        path = f"{OPPORTUNITIES}/{created['id']}/rounds"
        body = {"round_type": kind, "result": result, "scheduled_date": _day(days)}
        api.send("POST", path, body)
    return str(created["id"])


def _internship_body(internship: Internship, host: Host) -> Mapping[str, object]:
    is_saved = internship.status == "saved"
    return {
        "title": internship.title,
        "description": internship.description,
        "link": f"https://example.com/jobs/{internship.age}",
        "category": "internship",
        "campus_mode": internship.campus_mode,
        "applied_on": None if is_saved else _day(-internship.age),
        "deadline": _day(internship.deadline) if internship.deadline else None,
        "status": internship.status,
        "notes": internship.notes,
        "pay": internship.pay,
        "tags": internship.tags,
        **host._asdict(),
    }


def _create_hackathon(api: Api, hackathon: Hackathon, host: Host) -> str:
    body = {
        "title": hackathon.title,
        "description": hackathon.description,
        "link": f"https://example.com/hackathons/{hackathon.age}",
        "category": "hackathon",
        "deadline": _day(hackathon.deadline),
        "status": hackathon.status,
        "tags": hackathon.tags,
        **host._asdict(),
    }
    return str(api.send("POST", OPPORTUNITIES, body)["id"])


def _day(days: int) -> str:
    """Return the date that is ``days`` days after today (UTC)."""
    return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)).isoformat()
