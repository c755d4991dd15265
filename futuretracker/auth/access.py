"""Mark views that need no token, and those that an API key may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from futuretracker.web.application import current_app

if TYPE_CHECKING:
    from collections.abc import Callable

View = TypeVar("View", bound="Callable[..., object]")


def public(view: View) -> View:
    """Mark a view that needs no token."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def allows(scope: str) -> Callable[[View], View]:
    """Mark a view that an API key with this scope may use; all others need a signed-in user."""

    def mark(view: View) -> View:
        view.key_scope = scope  # type: ignore[attr-defined]
        return view

    return mark


def scope_of(endpoint: str | None) -> str | None:
    """Return the scope that an API key needs for the view; None if no key may use it."""
    view = current_app.view_functions.get(endpoint or "")
    return getattr(view, "key_scope", None)


def is_public(endpoint: str | None) -> bool:
    """Return whether no token is needed: the view is public, or there is no view to protect."""
    view = current_app.view_functions.get(endpoint or "")
    return view is None or getattr(view, "is_public", False)
