"""Views state their contracts with decorators, and the blueprint applies them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import errors, returns, takes
from futuretracker.api.openapi.operations import operations_of
from futuretracker.api.schemas.health import Liveness
from futuretracker.api.schemas.query_string import UpcomingParameters
from futuretracker.web import errors as web_errors
from futuretracker.web.application import Application

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

ID = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture
def blueprint() -> ApiBlueprint:
    return ApiBlueprint("example", tag="Examples")


def application(blueprint: ApiBlueprint) -> Flask:
    app = Application("example")
    web_errors.init_app(app)
    app.register_blueprint(blueprint)
    return app


def client(blueprint: ApiBlueprint) -> FlaskClient:
    return application(blueprint).test_client()


def test_a_view_without_a_contract_is_refused(blueprint: ApiBlueprint) -> None:
    with pytest.raises(TypeError, match="get_nothing states no contract"):

        @blueprint.get("/nothing")
        def get_nothing() -> bytes:
            return b"{}"


def test_the_status_and_the_headers_are_those_of_the_contract(blueprint: ApiBlueprint) -> None:
    @blueprint.post("/thing")
    @returns(Liveness, 201, headers=["Location"])
    def create_thing() -> Any:
        return b'{"status":"ok"}', {"Location": "/thing/1"}

    created = client(blueprint).post("/thing")

    assert (created.status_code, created.data) == (201, b'{"status":"ok"}')
    assert created.headers["Location"] == "/thing/1"
    assert created.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("status", [200, 503])
def test_a_view_may_return_another_status(blueprint: ApiBlueprint, status: int) -> None:
    @blueprint.get("/thing")
    @returns(Liveness, 200, 503)
    def get_thing() -> Any:
        return {"status": "ok"}, status

    assert client(blueprint).get("/thing").status_code == status


def test_ids_are_checked_before_the_query_string(blueprint: ApiBlueprint) -> None:
    @blueprint.get("/opportunities/<opportunity_id>")
    @takes(query=UpcomingParameters)
    @returns(Liveness)
    def get_thing(opportunity_id: object, query: dict[str, Any]) -> Any:
        return {"id": str(opportunity_id), "values": sorted(map(str, query.values()))}

    things = client(blueprint)
    fine = things.get(f"/opportunities/{ID.upper()}?from=2026-12-01&to=2026-12-02&limit=5")

    assert fine.json == {"id": ID, "values": ["2026-12-01", "2026-12-02", "5"]}
    fields = [
        [entry["field"] for entry in things.get(path).json["details"]]
        for path in ("/opportunities/x?from=x", f"/opportunities/{ID}?from=x&to=x")
    ]
    assert fields == [["id"], ["from", "to"]]


def test_the_document_has_the_same_contract(blueprint: ApiBlueprint) -> None:
    @blueprint.get("/opportunities/<opportunity_id>")
    @returns(Liveness)
    @errors(409)
    def get_thing(opportunity_id: object) -> Any:
        return {"id": str(opportunity_id)}

    app = application(blueprint)
    (rule,) = (rule for rule in app.url_map.iter_rules() if rule.endpoint == "example.get_thing")
    (operation,) = operations_of(rule, app.view_functions[rule.endpoint])

    assert (operation.id, operation.ids, operation.public) == (
        "getThing",
        ["opportunity_id"],
        False,
    )
    assert operation.contract.tag == "Examples"
    assert operation.contract.errors == (409,)
