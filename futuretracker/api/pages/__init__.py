"""The pages outside the API: the front page, and the files that browsers and robots ask for."""

from __future__ import annotations

from flask import Blueprint

from futuretracker.api.pages import front, well_known

blueprint = Blueprint("pages", __name__)
blueprint.register_blueprint(front.blueprint)
blueprint.register_blueprint(well_known.blueprint)
