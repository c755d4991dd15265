"""Replace the paths and ports in the files of deploy/ that cannot be the same in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def replace_in(paths: Sequence[Path], changes: Mapping[str, str]) -> None:
    """Replace texts in these files; fail if no file contains one of them."""
    for old, new in changes.items():
        having = [path for path in paths if old in path.read_text()]
        assert having, f"no {old!r} in what is to be tested"
        for path in having:
            path.write_text(path.read_text().replace(old, new))
