"""Make API keys over HTTP, and use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import User

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = "/api/v1/api-keys"
SCOPES = ["opportunities:read", "opportunities:write", "account:read"]


@dataclass
class Key(User):
    """An API key of a user, with a client that sends it as a bearer token; ``id`` is its id."""

    owner: User

    def change(self, method: str, path: str = "", body: object = None) -> dict[str, Any]:
        """Change the key as its owner; return the response."""
        response = self.owner.request(method, f"{KEYS}/{self.id}{path}", body)
        assert response.status_code == 200, response.text
        changed: dict[str, Any] = response.json
        return changed


def key_of(user: User, **fields: Any) -> Key:
    """Make an API key with all scopes, or as ``fields`` say."""
    response = user.post(KEYS, {"name": "Script", "scopes": SCOPES, **fields})
    assert response.status_code == 201, response.text
    return Key(response.json["id"], response.json["secret"], user.client, user)


@pytest.fixture
def make_key(make_user: Callable[..., User]) -> Callable[..., Key]:
    """Make an API key of a new user."""
    return lambda **fields: key_of(make_user(), **fields)


@pytest.fixture
def key(make_key: Callable[..., Key]) -> Key:
    """An API key with all scopes."""
    return make_key()
