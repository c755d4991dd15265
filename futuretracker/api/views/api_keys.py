"""API keys, which only a signed-in user may manage: no key can create, widen or revoke a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from futuretracker.api import audit
from futuretracker.api.audit import audited
from futuretracker.api.blueprint import ApiBlueprint
from futuretracker.api.contract import errors, returns, takes
from futuretracker.api.schemas.api_key_responses import ApiKey, ApiKeyDeleted, ApiKeyWithSecret
from futuretracker.api.schemas.api_keys import ApiKeyChanges, NewApiKey, Rotation, widened
from futuretracker.api.schemas.field_errors import ValidationFailed
from futuretracker.api.versions import V1
from futuretracker.auth.api_keys.format import make_key, prefix_of
from futuretracker.auth.api_keys.new import new_key
from futuretracker.database import read, write
from futuretracker.database.queries import api_keys as rows
from futuretracker.web.application import current_app
from futuretracker.web.errors import not_allowed, not_found
from futuretracker.web.request import request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.api.contract import Result

blueprint = ApiBlueprint("api_keys", tag="API keys")
NOTHING_TO_ROTATE: Final = "This API key has a public key, so it has no secret to replace"
SHOWN_BEFORE: Final = (
    "An earlier request with this Idempotency-Key has made the secret of API key {}, which is shown"
    " only once. If you do not have it, rotate the key."
)
# The columns of fields that have another name.
COLUMNS: Final = {"allowedNetworks": "networks", "expiresAt": "expires_at"}


@blueprint.get("/api-keys")
@returns(ApiKey, many=True)
def list_api_keys() -> Result:
    """List the API keys.

    Returns all keys of the user, the newest first, without their secrets. Of the keys that have
    expired, the last ten are kept.
    """
    return read(rows.select_keys, user_id=request.user_id, prefix=_prefix())


@blueprint.post("/api-keys")
@takes(NewApiKey)
@returns(ApiKeyWithSecret, 201, headers=["Location"], identifies={"key_id": "id"})
@errors(409)
@audited("CREATE_API_KEY")
def create_api_key(values: dict[str, Any]) -> Result:
    """Create an API key.

    The response is the only one that has the `secret`. A user may have ten keys that have not
    expired; one more is a 409 with the code `too_many_api_keys`.
    """
    environment = current_app.settings.environment
    key, secret = new_key(values, clerk_id=request.session.user_id, environment=environment)
    entry = audit.entry(
        name=key.name, scopes=key.scopes, networks=key.networks, algorithm=key.algorithm
    )
    row = write(rows.insert_key, audit=entry, key=key, prefix=_prefix())
    key_id = json.loads(row)["id"]  # that of an earlier request, if this one repeats it
    entry.committed(key_id)
    return _with_secret(row, secret), {"Location": f"{V1.prefix}/api-keys/{key_id}"}


@blueprint.patch("/api-keys/<key_id>")
@takes(ApiKeyChanges)
@returns(ApiKey)
@audited("UPDATE_API_KEY")
def update_api_key(key_id: str, values: dict[str, Any]) -> Result:
    """Rename or narrow an API key.

    Updates the fields that are sent and keeps the others, everywhere within two seconds. A change
    that would give the key more rights is a 400 with the code `wider` for each of its fields.
    """
    entry = _entry(key_id, updatedFields=list(values))
    outcome = write(
        rows.update_key,
        audit=entry,
        key_id=key_id,
        values={COLUMNS.get(name, name): value for name, value in values.items()},
        prefix=_prefix(),
    )
    if outcome.wider:
        raise ValidationFailed(widened(outcome.wider))
    if outcome.body is None:
        raise not_found("API key")
    _committed(entry, key_id)
    return outcome.body


@blueprint.post("/api-keys/<key_id>/rotate")
@takes(Rotation)
@returns(ApiKeyWithSecret)
@errors(409)
@audited("ROTATE_API_KEY")
def rotate_api_key(key_id: str, values: Mapping[str, int]) -> Result:
    """Replace the secret of an API key.

    The former secret stays valid for `keepFormerFor` seconds. After that it stops working within
    two seconds. A secret that an earlier rotation has replaced stops working at once. A key with a
    public key has no secret: that is a 409 with the code `no_secret`.
    """
    keep = values["keepFormerFor"]
    entry = _entry(key_id, keepFormerFor=keep)
    new = make_key(current_app.settings.environment, key_id)
    outcome = write(
        rows.rotate_key, audit=entry, key_id=key_id, digest=new.digest, keep=keep, prefix=_prefix()
    )
    if not outcome.found:
        raise not_found("API key")
    if outcome.body is None:
        raise not_allowed(409, "no_secret", NOTHING_TO_ROTATE)
    _committed(entry, key_id)
    return _with_secret(outcome.body, new.text)


@blueprint.delete("/api-keys/<key_id>")
@returns(ApiKeyDeleted)
@audited("DELETE_API_KEY")
def delete_api_key(key_id: str) -> Result:
    """Revoke an API key.

    Deletes the key for good. It stops working everywhere within two seconds.
    """
    entry = _entry(key_id)
    name = write(rows.delete_key, audit=entry, key_id=key_id)
    if name is None:
        raise not_found("API key")
    _committed(entry, key_id, name=name)
    return {"success": True, "message": "API key deleted"}


def _entry(key_id: str, **details: object) -> audit.Entry:
    """Return the audit entry of a change; the log line of a failed one names the key as well."""
    audit.attempted(key_id, details)
    return audit.entry(**details)


def _committed(entry: audit.Entry, key_id: str, **details: object) -> None:
    """Record the committed change, and make every process look the key up again."""
    entry.committed(key_id, **details)
    current_app.admission.revocations.announce()


def _with_secret(row: bytes, secret: str | None) -> bytes:
    """Return the JSON of a key with its secret; raise the 409 if it was shown before."""
    if secret and request.is_replayed:
        key_id = json.loads(row)["id"]
        raise not_allowed(409, "secret_shown_before", SHOWN_BEFORE.format(key_id))
    return row.removesuffix(b"}") + b',"secret":' + json.dumps(secret).encode() + b"}"


def _prefix() -> str:
    return prefix_of(current_app.settings.environment)
