"""Compare the service with its OpenAPI document: schemathesis sends valid and invalid requests.

All phases (examples, coverage, fuzzing, stateful) and all checks run in this process, with a real
Postgres. The seeds are fixed, but the ids in the service's responses are new in each run, and with
them the scenarios. So further seeds follow until each operation has succeeded once. Requests follow
the exact schemas of ``tests/api/exact.py``, because the formats of the published document are less
strict than the code.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from openapi_schema_validator import OAS31Validator
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.transport.wsgi import WSGITransport

from futuretracker.api.schemas.api_keys import SIGNED_ONLY, WIDER
from futuretracker.api.schemas.exports import ONLY_JSON
from futuretracker.api.schemas.filtered_changes import ALL_AND_FILTER, NO_FILTER
from futuretracker.api.schemas.visible import visible
from futuretracker.api.views.rounds import INTERNSHIPS_ONLY
from tests.api.exact import sharpen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg
    from flask import Flask

    from tests.conftest import User

pytestmark = pytest.mark.wire

DOCUMENT = "/api/v1/openapi.json"
SEEDS = (1, 2, 3, 4, 5)
SETTINGS: dict[str, Any] = {
    "headers": {"Accept-Encoding": "identity"},  # in this process, nothing decompresses
    "cache": {"enabled": False},
    "continue-on-failure": True,
    "suppress-health-check": ["too_slow"],  # a busy machine generates data slowly
    "generation": {"deterministic": True, "max-examples": 20},
    "phases": {"stateful": {"max-steps": 30, "generation": {"max-examples": 150}}},
    # These delete what the next steps of a scenario need.
    "operations": [
        {"include-operation-id": "deleteOpportunities", "phases": {"stateful": {"enabled": False}}}
    ],
}
CHECKS = {
    "allow_header_conformance",
    "content_type_conformance",
    "ensure_resource_availability",
    "ignored_auth",
    "missing_required_header",
    "negative_data_rejection",
    "not_a_server_error",
    "object_level_authorization",
    "positive_data_acceptance",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
    "use_after_free",
}
WITHIN_A_YEAR = {
    "expiresAt must be in the future",
    "expiresAt must be at most 366 days from now",
}
DAYS = {
    "deadline_to must not be before deadline_from",
    "applied_on_to must not be before applied_on_from",
}
FILTERS = {NO_FILTER, ALL_AND_FILTER, *DAYS}
# What a schema cannot express: how two fields or parameters relate, whether a cursor is for this
# user and sort, whether the opportunity in a path is an internship, and what the time is.
BEYOND_SCHEMAS = {
    "createApiKey": {SIGNED_ONLY, *WITHIN_A_YEAR},
    "updateApiKey": {*WIDER.values(), *WITHIN_A_YEAR},
    "listOpportunities": {*DAYS, "cursor is invalid or malformed"},
    "updateOpportunities": FILTERS,
    "deleteOpportunities": FILTERS,
    "exportOpportunities": {ONLY_JSON, *DAYS},
    "getAnalytics": {
        "to must not be before from",
        "from must not be before 1970-01-01",
        "to must not be before 1970-01-01",
    },
    "batchOpportunities": {"operations.N has the same id"},
    "listUpcomingRounds": {
        "to must not be before from",
        "to must be at most 366 days after from",
        "cursor is invalid or malformed",
    },
    "listHistory": {"cursor is invalid or malformed"},
    "listRounds": {INTERNSHIPS_ONLY},
    "listTrash": {"cursor is invalid or malformed"},
    "createRound": {INTERNSHIPS_ONLY},
    "updateRound": {INTERNSHIPS_ONLY},
    "deleteRound": {INTERNSHIPS_ONLY},
}


LONGEST = 8_000  # characters of a URL; a request line of a real server has at most 8,190
# A deleted opportunity keeps its history.
AFTER_DELETION = {"listHistory"}


@dataclass
class Run:
    """The results of a run of schemathesis."""

    cases: Counter[str] = field(default_factory=Counter)
    checks: set[str] = field(default_factory=set)
    succeeded: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    def take(self, event: object) -> None:
        if isinstance(event, NonFatalError | FatalError):
            info = getattr(event, "info", None)
            self.failures.append(f"{info.title}: {info.message}" if info else repr(event))
        elif isinstance(event, ScenarioFinished):
            self.cases[event.phase.value] += len(event.recorder.cases)
            for case_id in event.recorder.cases:
                self.take_case(event, case_id)

    def take_case(self, event: ScenarioFinished, case_id: str) -> None:
        exchange = event.recorder.interactions.get(case_id)
        if exchange is None or exchange.response is None or is_too_long(exchange):
            return
        operation_id = event.recorder.cases[case_id].value.operation.definition.raw["operationId"]
        if 200 <= exchange.response.status_code < 300:
            self.succeeded.add(operation_id)
        for check in event.recorder.checks.get(case_id, []):
            self.checks.add(check.name)
            if check.status == Status.FAILURE and check.failure_info:
                if check.name == "ensure_resource_availability" and (
                    was_deleted(event, exchange) or operation_id == "restoreOpportunity"
                ):
                    continue  # what was not deleted cannot be restored
                if check.name == "use_after_free" and (
                    operation_id in AFTER_DELETION or was_restored(event, exchange)
                ):
                    continue
                sent, got = exchange.request, exchange.response
                self.failures.append(
                    f"{event.phase.value}: {check.name}: {check.failure_info.failure.message}\n"
                    f"  {sent.method} {sent.uri} {sent.body!r}\n  {got.status_code} {got.content!r}"
                )


def is_too_long(exchange: Any) -> bool:
    """Return whether a server refused the URL: each parameter is valid, but not all at once."""
    return exchange.response.status_code == 414 and len(exchange.request.uri) > LONGEST


def was_deleted(event: ScenarioFinished, exchange: Any) -> bool:
    """Return whether the scenario has sent a DELETE for an id in the URL of this request.

    schemathesis looks only for a DELETE of the same path. But both APIs delete the same
    opportunities, and with an opportunity its rounds.
    """
    deleted = [
        other.request.uri.partition("?")[0].rpartition("/")[2]
        for other in event.recorder.interactions.values()
        if other.request.method == "DELETE"
    ]
    return any(id_ in exchange.request.uri for id_ in deleted if id_)


def was_restored(event: ScenarioFinished, exchange: Any) -> bool:
    """Return whether the scenario has restored an opportunity whose id is in the URL."""
    restored = [
        other.request.uri.partition("?")[0].split("/")[-2]
        for other in event.recorder.interactions.values()
        if other.request.method == "POST"
        and "/restore" in other.request.uri
        and other.response is not None
        and other.response.status_code == 200
    ]
    return any(id_ in exchange.request.uri for id_ in restored)


@pytest.fixture(autouse=True)
def _in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop socket options that the check `ignored_auth` passes to the test client."""
    send = WSGITransport.send

    def send_in_process(self: WSGITransport, case: Any, **options: Any) -> Any:
        for name in ("max_redirects", "verify", "cert", "proxies"):
            options.pop(name, None)
        return send(self, case, **options)

    monkeypatch.setattr(WSGITransport, "send", send_in_process)


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    return sharpen(app.test_client().get(DOCUMENT).json)


def is_beyond_schemas(case: Any, response: Any) -> bool:
    """Return whether a 400 is one that only code can decide, by its message."""
    body = json.loads(response.content)
    said = {
        re.sub(r"^operations\.\d+", "operations.N", entry["message"])
        for entry in body.get("details", [body])
    }
    name = case.operation.definition.raw["operationId"].removeprefix("original")
    return said <= BEYOND_SCHEMAS.get(name[0].lower() + name[1:], set())


def is_fine_once_trimmed(case: Any, document: dict[str, Any]) -> bool:
    """Return whether a text is too long only because of what cannot be seen at its ends.

    The service removes it, but JSON Schema cannot express that.
    """
    if not isinstance(case.body, dict):
        return False
    trimmed = without_ends(case.body)
    content = case.operation.definition.raw["requestBody"]["content"]["application/json"]
    schema = {**content["schema"], "components": document["components"]}
    return case.body != trimmed and OAS31Validator(schema).is_valid(trimmed)


def without_ends(value: Any) -> Any:
    """Return the value with each text as the service reads it."""
    if isinstance(value, dict):
        return {name: without_ends(each) for name, each in value.items()}
    if isinstance(value, list):
        return [without_ends(each) for each in value]
    return visible(value) if isinstance(value, str) else value


def has_results(case: Any) -> bool:
    """Return whether invalid values are an error of their operation only."""
    return isinstance(case.body, dict) and case.body.get("atomic") is False


def lacks_id(case: Any) -> bool:
    """Return whether schemathesis has found no id for the path in an earlier response."""
    return "None" in map(str, (case.path_parameters or {}).values())


def is_file(case: Any) -> bool:
    """Return whether the body is a file, which may have other forms than the document says."""
    return isinstance(case.body, list)


def is_called_valid(case: Any) -> bool:
    """Return whether schemathesis calls a request valid that was meant to be invalid."""
    description = getattr(case.meta.phase.data, "description", None) if case.meta else None
    return description == "Positive test case"


def keep(document: dict[str, Any]) -> Callable[..., bool]:
    """Return the hook that decides whether a failure counts."""

    def filter_failure(_context: Any, failure: Any, case: Any, response: Any) -> bool:
        if response.status_code == HTTPStatus.EXPECTATION_FAILED:
            return False  # the server answers a header `Expect` before the service sees the request
        if isinstance(failure, RejectedPositiveData):
            # No schema knows which ETag is current.
            return not (
                response.status_code == 412 or lacks_id(case) or is_beyond_schemas(case, response)
            )
        if isinstance(failure, AcceptedNegativeData):
            return not (
                has_results(case)
                or is_file(case)
                or is_called_valid(case)
                or is_fine_once_trimmed(case, document)
            )
        return True

    return filter_failure


@pytest.fixture
def _any_number_of_keys(owner: psycopg.Connection[Any]) -> Iterator[None]:
    """Let a user have more keys than ten, because a run creates many."""
    owner.execute("alter table api_keys disable trigger limit_api_keys")
    yield
    owner.execute("alter table api_keys enable trigger limit_api_keys")


def signed_in(name: str, user: User) -> dict[str, Any]:
    header = {"name": "Authorization", "value": f"Bearer {user.token}"}
    return {"name": name, "fixedHeaders": [header]}


def only_scenarios(phases: dict[str, Any]) -> dict[str, Any]:
    others = ("examples", "coverage", "fuzzing")
    return {**phases, **{phase: {"enabled": False} for phase in others}}


def send_all(document: dict[str, Any], app: Flask, config: SchemathesisConfig, run: Run) -> None:
    """Send what schemathesis makes of the document, and note the results."""
    # schemathesis would leave out the route that it loads a document from.
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = app
    schema.hook(keep(document))
    for event in from_schema(schema).execute():
        run.take(event)


@pytest.mark.usefixtures("_any_number_of_keys")
def test_the_service_does_what_the_document_says(
    app: Flask, alice: User, bob: User, document: dict[str, Any], tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"auth": [signed_in("alice", alice), signed_in("bob", bob)]}))
    peers = {"wfc": {"path": str(tokens), "peers": ["alice", "bob"]}}
    operations = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    }
    run = Run()
    for seed in SEEDS:
        settings = {**SETTINGS, "seed": seed, "auth": peers}
        if seed != SEEDS[0]:
            settings["phases"] = only_scenarios(settings["phases"])
        send_all(document, app, SchemathesisConfig.from_dict(settings), run)
        if run.failures or run.succeeded == operations:
            break

    assert run.failures == []
    assert run.checks >= CHECKS
    assert set(run.cases) == {"examples", "coverage", "fuzzing", "stateful"}
    assert run.succeeded == operations
