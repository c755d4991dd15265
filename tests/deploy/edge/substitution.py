"""The files of deploy/ as they are, but for what cannot be the same here: paths and ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """Replace each text by another; fails where one is not there."""
    for old, new in changes.items():
        assert old in text, f"no {old!r} in what is to be tested"
        text = text.replace(old, new)
    return text
