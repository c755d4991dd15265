"""Check the interview rounds in a line of a file: each as a new round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed
from futuretracker.api.schemas.import_times import read_times
from futuretracker.api.schemas.loading import load
from futuretracker.api.schemas.rounds import NewRound

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from futuretracker.transfer.tables import Row

NEW: Final = NewRound()
MOST: Final = 100  # of an opportunity: each has a number from 1 to 100
MOST_IN_FILE: Final = 20_000
NO_ARRAY: Final = "Rounds must be an array of objects in JSON, as an export has it"
NO_OBJECT: Final = "A round must be an object"
TOO_MANY: Final = f"An opportunity has at most {MOST} rounds"
TOO_MANY_IN_FILE: Final = (
    f"The file has more than {MOST_IN_FILE:,} interview rounds. Split it into several files."
)
TAKEN: Final = "A round with this number already exists"


def check_number(rows: Iterable[Row]) -> None:
    """Raise ValidationFailed if the rows of a file have too many rounds."""
    given = (row.fields.get("rounds") for row in rows)
    if sum(len(rounds) for rounds in given if isinstance(rounds, list)) > MOST_IN_FILE:
        failed = FieldError(FieldCode.TOO_MANY, TOO_MANY_IN_FILE, {"maximum": MOST_IN_FILE})
        raise ValidationFailed({"file": failed})


def read_rounds(
    given: object, now: dt.datetime, errors: dict[str, FieldError]
) -> list[dict[str, Any]] | None:
    """Return the values of the rounds, or None if none are given; add the errors of bad ones.

    An error names the round by its place, which begins at 0: ``rounds.0.round_type``. A round
    without a number follows the last one before it.
    """
    if given is None:
        return None
    if not isinstance(given, list):
        errors["rounds"] = FieldError(FieldCode.WRONG_TYPE, NO_ARRAY)
        return None
    if len(given) > MOST:
        errors["rounds"] = FieldError(FieldCode.TOO_MANY, TOO_MANY, {"maximum": MOST})
        return None
    rounds, numbers = list[dict[str, Any]](), set[int]()
    for place, each in enumerate(given):
        found: dict[str, FieldError] = {}
        values = _read(each, numbers, now, found)
        errors |= {f"rounds.{place}.{name}".rstrip("."): error for name, error in found.items()}
        rounds.append(values)
    return rounds


def _read(
    given: object, numbers: set[int], now: dt.datetime, errors: dict[str, FieldError]
) -> dict[str, Any]:
    """Return the values of a round, and add its number to those of the rounds before."""
    if not isinstance(given, dict):
        errors[""] = FieldError(FieldCode.WRONG_TYPE, NO_OBJECT)
        return {}
    fields = dict(given)
    times = read_times(fields, now, errors)
    number = fields.get("round_number")
    if number is None or number == "":
        fields["round_number"] = max(numbers, default=0) + 1
    try:
        values = load(NEW, fields)
    except ValidationFailed as error:
        errors |= error.errors
        return {}
    number = values["round_number"]
    if number in numbers:
        errors["round_number"] = FieldError(FieldCode.REPEATED, TAKEN)
    numbers.add(number)
    return {**values, **times}
