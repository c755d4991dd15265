"""The types of interview rounds, each with the label that clients show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

if TYPE_CHECKING:
    from collections.abc import Mapping

ROUND_LABELS: Final[Mapping[LiteralString, LiteralString]] = {
    "resume_shortlisted": "Resume Shortlisted",
    "oa": "Online Assessment",
    "assignment": "Assignment",
    "technical_assignment": "Technical Assignment",
    "technical": "Technical Interview",
    "hr": "HR Interview",
    "group_discussion": "Group Discussion",
    "managerial": "Managerial",
    "final": "Final Round",
    "other": "Other",
}
# SQL for the label of the column ``round_type``. A type without a label can only come from a
# database that existed before this service; its own name is its label.
LABEL: Final[LiteralString] = (
    "coalesce('{"
    + ", ".join(f'"{name}": "{label}"' for name, label in ROUND_LABELS.items())
    + "}'::jsonb ->> round_type, round_type)"
)
# SQL for the place of the column ``round_type`` in the order above, or null.
PLACE: Final[LiteralString] = (
    "array_position(array['" + "', '".join(ROUND_LABELS) + "'], round_type)"
)
