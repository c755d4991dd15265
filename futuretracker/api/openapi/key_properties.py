"""Turn the fields of API keys into JSON Schema; importing this module is enough."""

from __future__ import annotations

from futuretracker.api.openapi.properties import Json, json_schema, or_empty, takes_null
from futuretracker.api.schemas.choices import Choices, Flag
from futuretracker.api.schemas.moments import FutureTime
from futuretracker.api.schemas.networks import LONGEST, Networks
from futuretracker.api.schemas.public_keys import LONGEST as LONGEST_PEM
from futuretracker.api.schemas.public_keys import PublicKey, X


@json_schema.register(Choices)
def _choices(field: Choices) -> Json:
    items = {"type": "string", "enum": list(field.choices)}
    return {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}


@json_schema.register(Flag)
def _flag(field: Flag) -> Json:
    return {"type": ["boolean", "null"] if takes_null(field) else "boolean"}


@json_schema.register(FutureTime)
def _future_time(field: FutureTime) -> Json:
    return or_empty(field, {"type": ["string", "null"], "format": "date-time"})


@json_schema.register(Networks)
def _networks(field: Networks) -> Json:
    items = {"type": "string", "maxLength": LONGEST}
    return {"type": ["array", "null"], "items": items, "maxItems": field.most, "uniqueItems": True}


@json_schema.register(PublicKey)
def _public_key(_field: PublicKey) -> Json:
    jwk = {
        "type": "object",
        "properties": {
            "kty": {"type": "string", "const": "OKP"},
            "crv": {"type": "string", "const": "Ed25519"},
            "x": {"type": "string", "pattern": f"^{X}$"},
        },
        "required": ["kty", "crv", "x"],
    }
    return {"anyOf": [{"type": "string", "maxLength": LONGEST_PEM}, jwk, {"type": "null"}]}
