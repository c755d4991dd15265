"""The columns of an exported file."""

from __future__ import annotations

from typing import Final

# In the order of the file. An import knows the same names, and others (see ``headers``).
COLUMNS: Final = (
    "id", "title", "company", "location", "category", "status", "link", "description", "notes",
    "deadline", "applied_on", "campus_mode", "pay", "contact", "tags", "time_zone", "created_at",
    "updated_at",
)  # fmt: skip
DATES: Final = ("deadline", "applied_on", "created_at", "updated_at")
