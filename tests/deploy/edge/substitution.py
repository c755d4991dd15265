"""The files of deploy/ as they are, but for what cannot be the same here: paths and ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def replace_in(paths: Sequence[Path], changes: Mapping[str, str]) -> None:
    """Replace each text by another in these files; fails where none of them has it."""
    for old, new in changes.items():
        having = [path for path in paths if old in path.read_text()]
        assert having, f"no {old!r} in what is to be tested"
        for path in having:
            path.write_text(path.read_text().replace(old, new))
