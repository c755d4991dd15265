"""The Python clients against the real service."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from futuretracker_client import (
    AsyncClient,
    AsyncDownload,
    Client,
    FutureTrackerError,
    etag_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.clients.conftest import Addresses

numbers = count(1)
END = object()
CSV = "text/csv"
FILE = b"title,company,status\nFrom a file,Example Ltd,saved\n"


class Waiting:
    """An AsyncClient with the methods of a Client, so that one test checks both."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.runner = asyncio.Runner()
        self.client = AsyncClient(*arguments, **options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            result = method(*arguments, **options)
            if inspect.iscoroutine(result):
                result = self.runner.run(result)
            is_iterator = isinstance(result, AsyncDownload) or inspect.isasyncgen(result)
            return _items(self.runner, result) if is_iterator else result

        return call

    def close(self) -> None:
        self.runner.run(self.client.close())
        self.runner.close()


def _items(runner: asyncio.Runner, items: Any) -> Iterator[Any]:
    iterator = aiter(items)
    while (item := runner.run(anext(iterator, END))) is not END:
        yield item


@pytest.fixture(params=[Client, Waiting], ids=["sync", "async"])
def make(request: pytest.FixtureRequest, addresses: Addresses) -> Iterator[Callable[..., Any]]:
    """Make clients of one kind, with a token."""
    made = []

    def make(base_url: str = addresses.api, **options: Any) -> Any:
        client = request.param(base_url, **{"token": lambda: addresses.token, **options})
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def faulty(make: Callable[..., Any], addresses: Addresses) -> Callable[..., Any]:
    """Make a client whose requests fail as described in faults.py, and a count of its requests."""

    def faulty(faults: str, **options: Any) -> tuple[Any, Callable[[], int]]:
        name = f"python{next(numbers)}"

        def count() -> int:
            return int(httpx.get(f"{addresses.faults}/count/{name}").text)

        return make(f"{addresses.faults}/{name}/{faults}", **options), count

    return faulty


def titled(client: Any, title: str) -> int:
    return len(list(client.all_opportunities(q=f'"{title}"')))


def test_an_error_names_all_fields_its_code_and_the_request(make: Callable[..., Any]) -> None:
    with pytest.raises(FutureTrackerError) as raised:
        make().create_opportunity(title=" ", link="nonsense")

    error = raised.value
    assert (error.status, error.code, error.retry_after) == (400, "validation_error", None)
    assert error.fields["title"]["message"] == "Title is required and cannot be empty"
    assert error.fields["link"]["message"] == "Link must be a valid URL (http or https)"
    assert (error.fields["title"]["code"], error.fields["link"]["code"]) == ("empty", "bad_url")
    assert str(error) == error.message == ", ".join(f["message"] for f in error.fields.values())
    assert len(error.request_id) == 32


def test_an_expired_token_is_a_401(make: Callable[..., Any], addresses: Addresses) -> None:
    with pytest.raises(FutureTrackerError, match="Token has expired") as raised:
        make(token=lambda: addresses.expired).get_me()

    assert (raised.value.status, raised.value.code) == (401, "unauthorized")


@pytest.mark.parametrize("token", [None, lambda: None, lambda: ""])
def test_without_a_token_no_request_is_sent(faulty: Callable[..., Any], token: Any) -> None:
    client, requests = faulty("pass", token=token)

    with pytest.raises(FutureTrackerError, match="Sign the user in first") as raised:
        client.list_opportunities()

    assert (raised.value.status, raised.value.code) == (0, "no_token")
    assert requests() == 0
    assert client.get_health()["status"] == "ok"


def test_a_token_may_be_a_string(make: Callable[..., Any], addresses: Addresses) -> None:
    assert make(token=addresses.token).get_me()["userId"]


@pytest.mark.parametrize(
    "base_url", ["", "/", "api.example.com", "//api.example.com", "https://", None]
)
def test_an_address_that_is_not_one_is_refused_at_once(
    make: Callable[..., Any], base_url: Any
) -> None:
    with pytest.raises(ValueError, match=r"base_url must be .* with http:// or https://"):
        make(base_url)


@pytest.mark.parametrize("identifier", ["", ".", "..", "rounds/upcoming"])
def test_an_id_that_would_be_another_path_is_refused(
    make: Callable[..., Any], identifier: str
) -> None:
    with pytest.raises(ValueError, match="is not an id"):
        make().get_opportunity(identifier)


def test_all_pages_are_read_with_a_list_as_a_filter(make: Callable[..., Any]) -> None:
    client = make()
    for status in ("applied", "ghosted", "applied"):
        client.create_opportunity(title=f"Paged {status}", status=status)

    found = client.all_opportunities(
        limit=1, status=["applied", "ghosted"], q="paged", sort="created_at"
    )

    assert [one["title"] for one in found] == ["Paged applied", "Paged ghosted", "Paged applied"]


@pytest.mark.parametrize("empty", [[], (), None])
def test_an_empty_list_is_no_filter(make: Callable[..., Any], empty: Any) -> None:
    client = make()
    client.create_opportunity(title="Unfiltered")

    assert client.list_opportunities(q="unfiltered", status=empty)["items"]


@pytest.mark.parametrize("day", [date(2031, 5, 1), datetime(2031, 5, 1, 23, 59, tzinfo=UTC)])
def test_dates_may_be_objects(make: Callable[..., Any], day: date) -> None:
    client = make()
    one = client.create_opportunity(title="Dated", category="hackathon", deadline=day)

    def count(day: date) -> int:
        return len(client.list_opportunities(deadline_from=day, deadline_to=day)["items"])

    assert one["deadline"] == "2031-05-01"
    assert (count(day), count(day + timedelta(days=1))) == (1, 0)


def test_the_types_accept_dates_as_well(addresses: Addresses) -> None:
    expiry = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)

    with Client(addresses.api, addresses.token) as client:
        key = client.create_api_key(name="Month", scopes=["account:read"], expiresAt=expiry)
        assert list(client.all_upcoming_rounds(from_=expiry, to=expiry.date())) == []

    assert datetime.fromisoformat(key["expiresAt"]) == expiry


def test_all_pages_of_upcoming_rounds_are_read_for_one_range_of_days(
    make: Callable[..., Any],
) -> None:
    client = make()
    one = client.create_opportunity(title="Pages", category="internship")["id"]
    days = ["2031-02-01", "2031-02-02", "2031-02-03"]
    for day in days:
        client.create_round(one, round_type="oa", scheduled_date=day)

    def read(**query: Any) -> list[str]:
        return [found["scheduled_date"] for found in client.all_upcoming_rounds(**query)]

    assert read(from_=days[0], limit=1) == days
    assert read(to=days[1], limit=1) == days[:2]
    assert read(from_="2031-03-01") == []
    client.delete_opportunity(one)


def test_a_request_that_changed_nothing_is_sent_again_with_a_token_for_each(
    faulty: Callable[..., Any], make: Callable[..., Any], addresses: Addresses
) -> None:
    tokens = []

    def token() -> str:
        tokens.append(addresses.token)
        return addresses.token

    client, requests = faulty("503,503", token=token)

    client.create_opportunity(title="Created once")

    assert requests() == len(tokens) == 3
    assert titled(make(), "Created once") == 1


def test_retries_end(faulty: Callable[..., Any]) -> None:
    client, requests = faulty("503,503,503,503")

    with pytest.raises(FutureTrackerError) as raised:
        client.get_me()

    error = raised.value
    assert (error.status, error.code, error.retry_after) == (503, "overloaded", 0)
    assert requests() == 3


@pytest.mark.parametrize(
    ("fault", "code"), [("504", "outcome_unknown"), ("break", "connection_failed")]
)
def test_a_creation_with_an_unknown_outcome_is_not_sent_again(
    faulty: Callable[..., Any], make: Callable[..., Any], fault: str, code: str
) -> None:
    client, requests = faulty(fault)

    with pytest.raises(FutureTrackerError) as raised:
        client.create_opportunity(title=f"Unknown {fault}")

    assert raised.value.code == code
    assert requests() == 1
    assert titled(make(), f"Unknown {fault}") == 1


@pytest.mark.parametrize("fault", ["504", "break", "html"])
def test_every_change_with_a_key_is_sent_again_and_made_once(
    faulty: Callable[..., Any], make: Callable[..., Any], fault: str
) -> None:
    client, requests = faulty(f"{fault},pass,{fault}")
    title = f"Key and {fault}"

    created = client.create_opportunity(idempotency_key=f"create-{fault}", title=title)
    assert created["title"] == title
    assert titled(make(), title) == 1
    assert client.delete_opportunity(created["id"], idempotency_key=f"delete-{fault}")["success"]
    assert titled(make(), title) == 0
    assert requests() == 4


@pytest.mark.parametrize("fault", ["504", "break", "html"])
def test_reads_and_changes_with_an_unknown_outcome_are_sent_again(
    faulty: Callable[..., Any], make: Callable[..., Any], fault: str
) -> None:
    identifier = make().create_opportunity(title="Changed")["id"]
    client, requests = faulty(f"{fault},pass,{fault}")

    assert client.update_opportunity(identifier, status="ghosted")["status"] == "ghosted"
    assert client.get_opportunity(identifier)["title"] == "Changed"
    assert requests() == 4


def test_a_deletion_with_an_unknown_outcome_is_not_sent_again(
    faulty: Callable[..., Any], make: Callable[..., Any]
) -> None:
    identifier = make().create_opportunity(title="Deleted")["id"]
    client, requests = faulty("break")

    with pytest.raises(FutureTrackerError) as raised:
        client.delete_opportunity(identifier)

    assert raised.value.code == "connection_failed"
    assert requests() == 1


def test_a_long_wait_is_left_to_the_caller(faulty: Callable[..., Any]) -> None:
    client, requests = faulty("120")

    with pytest.raises(FutureTrackerError) as raised:
        client.get_me()

    assert (raised.value.status, raised.value.retry_after) == (503, 120)
    assert requests() == 1


def test_a_rate_limit_says_when_the_window_ends(
    make: Callable[..., Any], addresses: Addresses
) -> None:
    client = make(addresses.limited)
    client.get_me()

    with pytest.raises(FutureTrackerError) as raised:
        client.get_me()

    assert (raised.value.status, raised.value.code) == (429, "rate_limit_exceeded")
    assert 20 < raised.value.retry_after <= 900


def test_a_response_that_is_not_json_is_an_error(faulty: Callable[..., Any]) -> None:
    client, _requests = faulty("html", retries=0)

    with pytest.raises(FutureTrackerError) as raised:
        client.get_me()

    assert (raised.value.status, raised.value.code) == (502, "unexpected_response")


def test_a_creation_that_was_never_sent_is_sent_again(
    make: Callable[..., Any], addresses: Addresses
) -> None:
    tokens = []

    def token() -> str:
        tokens.append(addresses.token)
        return addresses.token

    with pytest.raises(FutureTrackerError) as raised:
        make("http://127.0.0.1:1", token=token).create_opportunity(title="Never sent")

    assert (raised.value.status, raised.value.code) == (0, "connection_failed")
    assert isinstance(raised.value.__cause__, httpx.ConnectError)
    assert len(tokens) == 3


def test_every_operation_works(make: Callable[..., Any]) -> None:
    client, day = make(), "2026-12-01"
    one = client.create_opportunity(title="Whole day", category="internship")["id"]
    added = client.create_round(one, round_type="oa", scheduled_date=day)["round"]["id"]

    assert client.get_opportunity(one)["id"] == one
    assert client.put_opportunity(one, notes="n")["notes"] == "n"
    assert len(client.list_rounds(one)) == 1
    assert client.list_upcoming_rounds(from_=day, to=day)
    changed = client.update_round(one, added, result="cleared")
    assert changed["opportunity"]["status"] == "shortlisted"
    assert client.delete_round(one, added)["success"]
    assert client.list_history(one)["items"][-1]["action"] == "CREATE_OPPORTUNITY"
    assert client.delete_opportunity(one)["success"]
    assert "total" in client.get_analytics()
    assert client.get_dependencies()["status"] == "ok"
    assert client.get_specification()["openapi"] == "3.1.0"
    assert client.get_me()["userId"]


def test_a_change_with_an_old_etag_overwrites_nothing(make: Callable[..., Any]) -> None:
    client = make()
    one = client.create_opportunity(title="Two clients")
    old, identifier = etag_of(one), one["id"]
    new = client.update_opportunity(identifier, notes="first", if_match=old)

    assert old != etag_of(new) == etag_of(client.get_opportunity(identifier))
    with pytest.raises(FutureTrackerError) as raised:
        client.put_opportunity(identifier, notes="second", if_match=old)
    assert (raised.value.status, raised.value.code) == (412, "precondition_failed")
    with pytest.raises(FutureTrackerError) as raised:
        client.delete_opportunity(identifier, if_match=old)
    assert raised.value.status == 412
    assert client.get_opportunity(identifier) == new


def test_an_opportunity_with_an_id_of_the_client_is_created_once(make: Callable[..., Any]) -> None:
    client, identifier = make(), str(uuid4())
    made = client.put_opportunity(identifier, title="Mine", if_none_match="*")

    assert made["id"] == identifier
    with pytest.raises(FutureTrackerError) as raised:
        client.put_opportunity(identifier, title="Again", if_none_match="*")
    assert raised.value.status == 412


@pytest.mark.parametrize("kind", [bytes, BytesIO])
def test_a_file_is_imported_and_exported(make: Callable[..., Any], kind: Any) -> None:
    client = make()

    planned = client.import_opportunities(FILE, content_type=CSV, dry_run=True)
    done = client.import_opportunities(kind(FILE), content_type=CSV)
    again = client.import_opportunities(FILE, content_type=CSV, duplicates="skip")

    assert (planned["dryRun"], planned["created"]) == (True, 1)
    assert (done["created"], again["created"], again["skipped"]) == (1, 0, 1)
    exported = b"".join(client.export_opportunities(status=["saved"]))
    assert exported.decode("utf-8-sig").splitlines()[1].split(",")[1:3] == [
        "From a file",
        "Example Ltd",
    ]
    assert client.import_opportunities(exported, content_type=CSV)["skipped"] == 1


def test_an_import_names_the_line_that_is_wrong(make: Callable[..., Any]) -> None:
    with pytest.raises(FutureTrackerError) as raised:
        make().import_opportunities(b"title,status\nA,odd\n", content_type=CSV)

    assert raised.value.status == 400
    assert raised.value.fields["lines.2.status"]["code"] == "not_one_of"


def test_an_export_that_is_refused_is_an_error(make: Callable[..., Any]) -> None:
    with pytest.raises(FutureTrackerError) as raised:
        make().export_opportunities(format="odd")

    assert (raised.value.status, raised.value.code) == (400, "validation_error")
    assert list(raised.value.fields) == ["format"]


@pytest.mark.parametrize("fault", ["504", "break"])
def test_an_import_with_a_key_is_sent_again_and_made_once(
    faulty: Callable[..., Any], make: Callable[..., Any], fault: str
) -> None:
    client, requests = faulty(fault)
    title = f"Imported after {fault}"
    file = BytesIO(f"title\n{title}\n".encode())

    done = client.import_opportunities(file, content_type=CSV, idempotency_key=f"import-{fault}")

    assert (done["created"], requests()) == (1, 2)
    assert titled(make(), title) == 1


def test_an_export_is_sent_again_until_it_begins(
    faulty: Callable[..., Any], make: Callable[..., Any]
) -> None:
    make().create_opportunity(title="Exported late")
    client, requests = faulty("503,html")

    assert b"Exported late" in b"".join(client.export_opportunities())
    assert requests() == 3


def test_an_export_arrives_in_parts(
    faulty: Callable[..., Any], make: Callable[..., Any], addresses: Addresses
) -> None:
    make().create_opportunity(title="Exported in parts")
    client, requests = faulty("half")

    parts = iter(client.export_opportunities(format="json"))
    first = next(parts)
    httpx.get(f"{addresses.faults}/continue/python{next(numbers) - 1}")
    rest = b"".join(parts)

    assert requests() == 1
    assert first
    assert b"Exported in parts" in first + rest


def test_an_export_that_is_cut_off_is_an_error(
    faulty: Callable[..., Any], make: Callable[..., Any]
) -> None:
    make().create_opportunity(title="Cut off")
    client, requests = faulty("cut")

    with pytest.raises(FutureTrackerError) as raised:
        list(client.export_opportunities())

    assert (raised.value.status, raised.value.code) == (0, "connection_failed")
    assert isinstance(raised.value.__cause__, httpx.RequestError)
    assert requests() == 1


def test_a_download_may_be_read_at_once_or_closed(addresses: Addresses) -> None:
    with Client(addresses.api, addresses.token) as client:
        with client.export_opportunities(format="json") as file:
            assert ".json" in file.headers["Content-Disposition"]
            assert file.read() == b"[]\n"
        with client.export_opportunities() as file:
            pass
        with pytest.raises(httpx.StreamError):
            file.read()

    async def use() -> bytes:
        async with (
            AsyncClient(addresses.api, addresses.token) as client,
            await client.export_opportunities(format="json") as file,
        ):
            return await file.read()

    assert asyncio.run(use()) == b"[]\n"


def test_an_async_client_may_await_its_token(addresses: Addresses) -> None:
    async def token() -> str:
        return addresses.token

    async def use() -> str:
        async with AsyncClient(addresses.api, token) as client:
            return (await client.get_me())["userId"]

    assert asyncio.run(use()).startswith("user_client")


def test_a_client_closes_its_own_connections_only(addresses: Addresses) -> None:
    with httpx.Client() as http, Client(addresses.api, lambda: addresses.token, http=http) as used:
        used.get_me()
        used.close()
        assert not http.is_closed
        with Client(addresses.api, lambda: addresses.token) as own:
            own.get_me()
        with pytest.raises(RuntimeError, match="closed"):
            own.get_me()


def test_the_package_is_typed_and_installs_alone(fresh_python: Path) -> None:
    script = """
from importlib.resources import files
import futuretracker_client
print(files(futuretracker_client).joinpath("py.typed").is_file())
"""
    done = subprocess.run(
        [fresh_python, "-c", script], check=False, capture_output=True, text=True, cwd="/"
    )

    assert (done.stdout, done.stderr) == ("True\n", "")
