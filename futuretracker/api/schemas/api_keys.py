"""The requests about API keys."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from marshmallow import Schema, post_load

from futuretracker.api.schemas.base import Request, about, require_changes
from futuretracker.api.schemas.choices import Choices, Flag
from futuretracker.api.schemas.field_errors import FieldCode, FieldError, Invalid, required
from futuretracker.api.schemas.fields import Number, Text
from futuretracker.api.schemas.moments import FutureTime
from futuretracker.api.schemas.networks import Networks
from futuretracker.api.schemas.public_keys import PublicKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCOPES: Final = ("opportunities:read", "opportunities:write", "account:read")
MAX_DAYS: Final = 366  # until a key expires: a year, also a leap year
MAX_NETWORKS: Final = 10
MAX_OVERLAP: Final = 604_800  # seconds that a former secret stays valid: 7 days
NAME: Final = about("A name, to recognise the key by.", "Spreadsheet")
SCOPE: Final = about(
    f"What the key may do: {', '.join(f'`{scope}`' for scope in SCOPES)}.", ["opportunities:read"]
)
SIGNED_ONLY: Final = "A key with a public key has no secret, so signedOnly cannot be false"
READ_ONLY: Final = frozenset(
    {
        *("id", "prefix", "algorithm", "createdAt", "lastUsed", "formerSecretValidUntil"),
        *("suspendedAt", "secret"),
    }
)
WIDER: Final = {
    "scopes": "A key cannot get scopes that it does not have. Create another key",
    "allowedNetworks": "Each network must be inside one that the key has. Create another key",
    "expiresAt": "The key cannot expire later than now set. Create another key",
}
EXAMPLE: Final[dict[str, object]] = {
    "name": "Spreadsheet",
    "scopes": ["opportunities:read"],
    "allowedNetworks": ["203.0.113.0/24"],
}
JWK: Final = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


class Fields(Schema):
    """The fields that a client may set, in the order in which their errors are reported."""

    name = Text("Name", 100, empty="Name cannot be empty", metadata=NAME)
    scopes = Choices("Scopes", SCOPES, metadata=SCOPE)
    expiresAt = FutureTime(
        "expiresAt",
        MAX_DAYS,
        metadata=about("When the key stops working; null if it does not expire.", None),
    )
    allowedNetworks = Networks(
        "allowedNetworks",
        MAX_NETWORKS,
        metadata=about(
            "The networks that the key works from; none means everywhere.", ["203.0.113.0/24"]
        ),
    )


class NewApiKey(Request, Fields):
    """A new key. Without `publicKey` the service makes a secret."""

    EMPTY_IS_NULL = frozenset({"expiresAt"})
    NULL_IS_ABSENT = frozenset({"publicKey", "signedOnly"})
    READ_ONLY = READ_ONLY
    EXAMPLES: ClassVar = {
        "bearer": EXAMPLE,
        "signed": {"name": "Robot", "scopes": list(SCOPES), "signedOnly": True},
        "public key": {"name": "Server", "scopes": ["account:read"], "publicKey": JWK},
    }

    name = Text(
        "Name",
        100,
        empty="Name is required and cannot be empty",
        metadata=NAME,
        **required("Name is required"),
    )
    scopes = Choices("Scopes", SCOPES, metadata=SCOPE, **required("Scopes are required"))
    publicKey = PublicKey(
        metadata=about(
            "The client's ed25519 public key, as PEM or as a JWK. The key then has no secret, and"
            " works only for signed requests.",
            JWK,
        )
    )
    signedOnly = Flag(
        "signedOnly",
        metadata=about("Whether the key works only for signed requests, never as a bearer.", False),
    )

    @post_load
    def _with_defaults(self, values: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        has_public_key = "publicKey" in values
        if has_public_key and values.get("signedOnly") is False:
            raise Invalid(FieldCode.CONTRADICTION, SIGNED_ONLY, field="signedOnly")
        values.setdefault("signedOnly", has_public_key)
        return {"expiresAt": None, "allowedNetworks": [], "publicKey": None, **values}


class ApiKeyChanges(Request, Fields):
    """The fields to update; at least one. A key can only lose rights, never gain any.

    `scopes` are some of the present ones, each network is inside a present one, and `expiresAt` is
    not later than the present one.
    """

    PARTIAL = True
    EMPTY_IS_NULL = frozenset({"expiresAt"})
    READ_ONLY = READ_ONLY | {"signedOnly"}
    EXAMPLES: ClassVar = {"name": {"name": "Old spreadsheet"}}

    @post_load(pass_original=True)
    def _check_changes(
        self, values: dict[str, Any], given: Mapping[str, Any], **_kwargs: Any
    ) -> dict[str, Any]:
        require_changes(self, values, given)
        return values


class Rotation(Request):
    """How to replace the secret of a key."""

    NULL_IS_ABSENT = frozenset({"keepFormerFor"})
    EMPTY_IS_NULL = frozenset({"keepFormerFor"})
    EXAMPLES: ClassVar = {"a day": {"keepFormerFor": 86_400}, "at once": {}}

    keepFormerFor = Number(
        "keepFormerFor",
        0,
        MAX_OVERLAP,
        load_default=0,
        metadata=about(
            "For how many seconds the former secret stays valid: at most 604800, which is 7 days.",
            86_400,
        ),
    )


def widened(fields: Sequence[str]) -> dict[str, FieldError]:
    """Return the errors of fields that would give a key more rights."""
    return {name: FieldError(FieldCode.WIDER, WIDER[name]) for name in fields}
