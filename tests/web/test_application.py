"""Flask's hooks and signals work in this application."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from flask import (
    Blueprint,
    Flask,
    appcontext_tearing_down,
    request_finished,
    request_started,
    request_tearing_down,
)

from futuretracker.web.application import Application

if TYPE_CHECKING:
    from blinker import NamedSignal

HOOKS = ("before_request", "after_request", "teardown_request")
SIGNALS = (request_started, request_finished, request_tearing_down, appcontext_tearing_down)


def ask(app: Flask, blueprint: Blueprint) -> None:
    """Request the only route of an application."""
    blueprint.get("/here")(lambda: "")
    app.register_blueprint(blueprint)
    app.test_client().get("/here")


@pytest.mark.parametrize(
    ("of", "name"),
    [*product(["application", "blueprint"], HOOKS), ("application", "teardown_appcontext")],
)
def test_a_hook_is_called_once_for_each_request(of: str, name: str) -> None:
    app, blueprint = Application("hooks"), Blueprint("room", __name__)
    called: list[object] = []

    def hook(*given: object) -> object:
        called.append(given)
        return given[0] if name == "after_request" else None

    getattr(app if of == "application" else blueprint, name)(hook)
    ask(app, blueprint)
    assert len(called) == 1


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: str(signal.name))
def test_a_signal_reaches_its_receiver(signal: NamedSignal) -> None:
    app, blueprint = Application("signals"), Blueprint("room", __name__)
    seen: list[object] = []

    def see(sender: object, **_given: object) -> None:
        seen.append(sender)

    with signal.connected_to(see, app):
        ask(app, blueprint)
    assert seen == [app]
