"""The forms of dates, and which comes first: the day or the month."""

from __future__ import annotations

import pytest

from futuretracker.transfer.dates import BadDate, order_of, read_date
from futuretracker.transfer.reading import read_file


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24",
        "24.11.2026",
        "24. 11. 26",
        "2026/11/24",
        "24/11/2026",
        "11/24/2026",
        "24-11-2026",
        "24 Nov 2026",
        "Nov 24, 2026",
        "Tuesday, November 24th, 2026",
        "24. November 2026",
        "24 novembre 2026",
        "24 de noviembre de 2026",
        "24/11/2026 09:30",
        "Nov 24, 2026 2:00 PM",
        "Nov-24-2026",
        "2026 Nov 24",
        "2:00 PM, Nov 24, 2026",
        "5 pm, Nov 24 2026",
        "Tue Nov 24 2026 14:03:22 GMT+0100 (CET)",
        "mar. 24 nov. 2026 à 14h30",
        "46350",
        "46350.75",
    ],
)
def test_a_date_is_read(text: str) -> None:
    assert read_date(text, None) == "2026-11-24"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3 März 2026", "2026-03-03"), ("1er août 2026", "2026-08-01"), ("5 mag 2026", "2026-05-05")],
)
def test_months_have_names_in_several_languages(text: str, expected: str) -> None:
    assert read_date(text, None) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("soon", "31/31/2026", "30.02.2026", "12345", "Nov 2026", "5 foo 2026", "1/2", "99999"),
        *("Dec 12-13, 2026", "12-13 Dec 2026", "12 \u2013 13 Dec", "Dec 12, 13, 2026"),
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    with pytest.raises(BadDate):
        read_date(text, None)


def test_a_date_with_a_time_stays_as_it_is() -> None:
    assert read_date("2026-11-24T10:00:00Z", None) == "2026-11-24T10:00:00Z"


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2026", "24/11/2026"], "day"),
        (["03/04/2026", "11/24/2026"], "month"),
        (["03/04/2026"], None),
        (["24/11/2026", "11/24/2026"], None),
        (["2026-11-24", "24.11.2026"], None),
    ],
)
def test_the_column_shows_what_comes_first(texts: list[str], order: str | None) -> None:
    assert order_of(texts) == order


def test_one_clear_date_decides_for_its_column_only() -> None:
    table = read_file(b"title,deadline,applied\nA,03/04/2026,03/04/2026\nB,24/11/2026,11/24/2026\n")

    first = table.rows[0].fields
    assert (first["deadline"], first["applied_on"]) == ("2026-04-03", "2026-03-04")


def test_an_ambiguous_date_is_a_problem_of_its_line_unless_the_order_is_given() -> None:
    data = b"title,deadline\nA,03/04/2026\nB,05/05/2026\n"

    first, second = read_file(data).rows
    assert "may be two dates" in first.problems["deadline"]
    assert second.fields["deadline"] == "2026-05-05"
    assert read_file(data, dates="day").rows[0].fields["deadline"] == "2026-04-03"
    assert read_file(data, dates="month").rows[0].fields["deadline"] == "2026-03-04"
