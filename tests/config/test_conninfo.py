"""Connection strings are read as libpq reads them: what decides on TLS must not differ."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from futuretracker.config import conninfo

ENDS = "@:/?#=&,[] '\\%"
WORDS = ["postgresql://", "postgres://", *ENDS, "%40", "%00", "%2", "host", "user", "port", "ssl"]
WORDS += [
    "true",
    "dbname",
    "a",
    "7",
    "é",
    "localhost",
    "sslmode",
    "options",
    "::1",
    "\n",
    "hostaddr",
]


def by_libpq(text: str) -> dict[str, str] | None:
    try:
        return {name: str(value) for name, value in conninfo_to_dict(text).items()}
    except (psycopg.ProgrammingError, UnicodeDecodeError):
        return None


def by_us(text: str) -> dict[str, str] | None:
    try:
        return conninfo.parse(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "u:hunter2",
        "postgresql://",
        "postgresql://u:p@h:5432/db",
        "postgres://h",
        "postgresql://h/",
        "postgresql://h?sslmode=verify-full",
        "postgresql:///db?host=/tmp/socket&user=u",
        "postgresql://postgres:@/postgres?host=/tmp/a%20b",
        "postgresql://%2Ftmp%2Fsocket/db",
        "postgresql://u:p%40ss@h/db",
        "postgresql://u:p?s#s@h/db",
        "postgresql://u:p@ss@localhost/db",
        "postgresql://u@[::1]:5432/db",
        "postgresql://h1:1,h2,[::1]:3/db",
        "postgresql://h/db?ssl=true",
        "postgresql://h/db?sslmode",
        "postgresql://h/db?sslmode=a=b",
        "postgresql://h/db?nonsense=1",
        "postgresql://h/db?host=other&host=last",
        "postgresql://h/db?options=-c%20statement_timeout%3D1s",
        "postgresql://h/%zz",
        "host=localhost user = u dbname='a b' password='it\\'s' options=a\\ b",
        "host=/tmp user=u password=",
        "host= user=u",
        "host='unterminated",
        "nonsense=1",
        "host=h  ",
        "postgresql+psycopg://h/db",
    ],
)
def test_a_connection_string_means_what_it_means_to_libpq(text: str) -> None:
    assert by_us(text) == by_libpq(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14).map("".join))
@example("postgresql://[::1]x/")
def test_any_text_means_what_it_means_to_libpq(text: str) -> None:
    assert by_us(text) == by_libpq(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map("".join), st.sampled_from(["", "host="]))
def test_added_parameters_change_nothing_else(text: str, start: str) -> None:
    for form in (start + text, f"postgresql://{text}"):
        parameters = by_us(form)
        if parameters is None or "sslmode" in parameters:
            continue
        more = conninfo.with_parameters(form, {"sslmode": "verify-full"})
        assert by_libpq(more) == {**parameters, "sslmode": "verify-full"}


def test_every_parameter_of_libpq_is_known() -> None:
    assert {option.keyword.decode() for option in pq.Conninfo.get_defaults()} == conninfo.PARAMETERS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("host=/tmp", True),
        ("host=@abstract", True),
        ("postgresql://localhost,127.0.0.1/db", True),
        ("postgresql://[::1]/db", True),
        ("postgresql://db.example.com/db", False),
        ("postgresql://localhost,db.example.com/db", False),
        ("host=localhost hostaddr=192.0.2.1", False),
        ("hostaddr=192.0.2.1", False),
    ],
)
def test_only_connections_that_stay_on_this_host_are_local(text: str, *, expected: bool) -> None:
    assert conninfo.is_local(conninfo.parse(text)) is expected
