"""Let a request count as several in the rate limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

View = TypeVar("View", bound="Callable[..., object]")


def weighs(weigh: Callable[[], int]) -> Callable[[View], View]:
    """Mark a view whose requests may make several writes, or whose reads are worth several.

    ``weigh`` returns how many the current request counts as. It is called before the view, once the
    user is known. If not all of them fit into a rate limit, the request is refused, and none of
    them is counted.
    """

    def mark(view: View) -> View:
        view.weigh = weigh  # type: ignore[attr-defined]
        return view

    return mark
