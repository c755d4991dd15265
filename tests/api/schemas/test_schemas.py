"""The fields of an opportunity, and the message for each invalid value."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from futuretracker.api.schemas.body import read_object
from futuretracker.api.schemas.visible import visible

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.conftest import User

PATH = "/api/opportunities"
FIELDS = ("title", "description", "link", "deadline", "category", "status", "notes")
LINK = "Link must be a valid URL (http or https)"
DEADLINE = "Deadline must be a valid ISO date format"
CATEGORY = 'Category must be either "internship" or "hackathon"'
STATUS = "Status must be one of: applied, interviewed, shortlisted, selected, rejected"
EMOJI = "🎓"  # one code point, two UTF-16 units, four bytes
# The messages for a value of a wrong type.
WRONG_TYPE = {
    "title": "Title must be a string",
    "description": "Description must be a string",
    "link": LINK,
    "deadline": DEADLINE,
    "category": CATEGORY,
    "status": STATUS,
    "notes": "Notes must be a string",
}
LONGEST = {"title": 200, "description": 2000, "notes": 5000}
UNSTORABLE = ["\0", "a\0b"]
HALF_PAIRS = {  # as sent, and as stored
    "cut at the end\ud83c": "cut at the end\ufffd",
    "\udf93cut at the start": "\ufffdcut at the start",
    "a\udfffb": "a\ufffdb",
    "\udc00\ud800": "\ufffd\ufffd",
    f"{EMOJI}\ud83c": f"{EMOJI}\ufffd",
}

# All examples share one application; they do not depend on each other.
thorough = settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# With unpaired surrogates, which JSON can escape but UTF-8 cannot encode.
any_text = st.text(st.characters())
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=10,
)
plausible = st.fixed_dictionaries(
    {},
    optional={
        "title": any_text | any_json,
        "description": any_text | any_json,
        "link": any_text.map("https://".__add__) | any_json,
        "deadline": st.dates().map(str) | st.datetimes().map(str) | any_json,
        "category": st.sampled_from(["internship", "hackathon"]) | any_json,
        "status": st.sampled_from(["applied", "selected"]) | any_json,
        "notes": any_text | any_json,
        "id": any_json,
        "$where": any_json,
    },
)


def failures(response: TestResponse) -> list[tuple[str, str]]:
    """Return the field and the message of each entry of a 400; check the shape."""
    assert response.status_code == 400, response.text
    assert list(response.json) == ["error", "message", "details"]
    assert response.json["error"] == "Validation Error"
    assert response.json["message"] == "The request data is invalid"
    return [(entry["field"], entry["message"]) for entry in response.json["details"]]


def post_failures(user: User, **fields: Any) -> list[tuple[str, str]]:
    return failures(user.post(PATH, {"title": "Intern", **fields}))


def patch_failures(user: User, **fields: Any) -> list[tuple[str, str]]:
    """Return the errors of a PATCH. Validation comes first, so any id will do."""
    return failures(user.patch(f"{PATH}/550e8400-e29b-41d4-a716-446655440000", fields))


def test_a_title_is_required(alice: User) -> None:
    assert failures(alice.post(PATH, {})) == [("title", "Title is required")]
    assert failures(alice.post(PATH, {"notes": "n"})) == [("title", "Title is required")]
    assert failures(alice.post(PATH)) == [("title", "Title is required")]


INVISIBLE = [
    "\u200b", "\ufeff", "\u00ad", "\u2060", "\u3164", "\u2800", "\uffa0", "\u034f", "\u180e",
    "\u200c", "\u200d", "\u200e\u200f\u061c", "\u202a\u202c\u2066\u2069", "\ufe0f", "\ufe00",
    "\U000e0100", "\U000e0067\U000e007f", "\u0301", "\u0301\u200d \u20e3", "\x01\x7f\x85",
    "\u2061", "\ufffa", "\U0001d159", "\U0001d173", " \u200b\u00a0\ufeff\n",
]  # fmt: skip
BLANK = ["", "   ", "\n\t\r\x0b", "\u00a0\u2003\u3000", *INVISIBLE]
WHOLE = [
    "a", "0", "-", "\u00b7", "é", "e\u0301", "👨\u200d👩\u200d👧", "❤\ufe0f", "❤\ufe0f\u200d🔥",
    "👍🏽", "1\ufe0f\u20e3",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "👨\u200d", "©\ufe0e",
    "葛\U000e0100", "می\u200cخواهم", "ه\u200d", "ന്\u200d", "क्\u200c", "\u1820\u180b",
    "a\u200bb\u00adc\u2060d", "a \u2067אב\u2069", "\u06dd1", "\ufffd",
]  # fmt: skip


@pytest.mark.parametrize("empty", [None, *BLANK])
def test_a_title_cannot_be_empty(alice: User, empty: str | None) -> None:
    assert post_failures(alice, title=empty) == [("title", "Title is required and cannot be empty")]
    assert patch_failures(alice, title=empty) == [("title", "Title cannot be empty")]


@pytest.mark.parametrize("name", LONGEST)
@pytest.mark.parametrize("character", ["a", "é", "語", EMOJI])
def test_lengths_count_code_points(alice: User, name: str, character: str) -> None:
    longest = LONGEST[name]
    message = f"{name.capitalize()} cannot exceed {longest} characters"

    assert alice.create(**{name: character * longest})[name] == character * longest
    too_long = {name: character * (longest + 1)}
    assert post_failures(alice, **too_long) == [(name, message)]
    assert patch_failures(alice, **too_long) == [(name, message)]


def test_a_link_of_500_characters_is_the_longest(alice: User) -> None:
    link = "https://example.com/".ljust(500, "é")

    assert alice.create(link=link)["link"] == link
    assert post_failures(alice, link=f"{link}é") == [("link", "Link cannot exceed 500 characters")]


@pytest.mark.parametrize("name", ["title", "description", "link", "notes"])
def test_text_is_trimmed_before_it_is_measured(alice: User, name: str) -> None:
    text = "https://example.com/".ljust(LONGEST.get(name, 500), "a")

    assert alice.create(**{name: f" \t\r\n{text}\u00a0 "})[name] == text


@pytest.mark.parametrize(
    "edge", ["\ufeff", "\u200b", "\u00ad\n", "\u2060\u3164", "\u200e", "\u2800 "]
)
@pytest.mark.parametrize("text", WHOLE)
def test_invisible_characters_at_the_ends_are_removed(alice: User, text: str, edge: str) -> None:
    row = alice.create(title=f"{edge}{text}{edge}", notes=f"{edge}{text}", description=text)

    assert (row["title"], row["notes"], row["description"]) == (text, text, text)


def test_a_joiner_or_a_selector_without_its_letter_is_removed(alice: User) -> None:
    assert alice.create(title="Cook\u200d\ufe0f\u200c")["title"] == "Cook"
    assert alice.create(title="\u200dCook!\U000e0067")["title"] == "Cook!"


def test_text_keeps_what_is_inside_it(alice: User) -> None:
    text = "a  b\n\n\tc \u2028 \x01\x7f \u200d🏳️‍🌈 '\"\\ </script> %s {0} $1"
    row = alice.create(title=text, description=text, notes=text)

    assert (row["title"], row["description"], row["notes"]) == (text, text, text)


@pytest.mark.parametrize("name", ["description", "link", "notes"])
@pytest.mark.parametrize("nothing", [None, *BLANK])
def test_empty_optional_text_becomes_null(alice: User, name: str, nothing: str | None) -> None:
    assert alice.create(**{name: nothing})[name] is None


@pytest.mark.parametrize("name", ["deadline", "category"])
def test_other_optional_fields_may_be_null(alice: User, name: str) -> None:
    assert alice.create(**{name: None})[name] is None


@pytest.mark.parametrize("name", ["deadline", "category", "status"])
@pytest.mark.parametrize("blank", ["", " "])
def test_other_optional_fields_do_not_accept_blank_text(alice: User, name: str, blank: str) -> None:
    expected = [(name, WRONG_TYPE[name])]

    assert post_failures(alice, **{name: blank}) == expected
    assert patch_failures(alice, **{name: blank}) == expected


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [0, 1, 1.5, 1e400, True, False, [], ["a"], {}, {"a": "b"}])
def test_a_value_of_another_type_is_a_field_error(alice: User, name: str, value: object) -> None:
    body = json.dumps({"title": "Intern", name: value}).replace("Infinity", "1e400").encode()

    assert failures(alice.post(PATH, body)) == [(name, WRONG_TYPE[name])]


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("text", UNSTORABLE)
def test_text_that_cannot_be_stored_is_a_field_error(alice: User, name: str, text: str) -> None:
    for found in (post_failures(alice, **{name: text}), patch_failures(alice, **{name: text})):
        assert [field for field, _ in found] == [name]
        assert all(message for _, message in found)


@pytest.mark.parametrize("text", UNSTORABLE)
def test_unstorable_text_in_an_unknown_field_is_dropped(alice: User, text: str) -> None:
    assert alice.create(**{text: text, "unknown": [text, {text: text}]})["title"] == "Internship"


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
@pytest.mark.parametrize("name", ["title", "description", "notes", "link"])
@pytest.mark.parametrize(("sent", "stored"), HALF_PAIRS.items())
def test_half_a_pair_of_surrogates_is_replaced(
    alice: User, prefix: str, name: str, sent: str, stored: str
) -> None:
    start = "https://example.com/" if name == "link" else ""
    sent = sent.replace(" ", "-")
    stored = start + stored.replace(" ", "-")
    path = f"{prefix}/opportunities"
    row = alice.post(path, {"title": "Intern", name: start + sent}).json
    assert row[name] == stored
    changed = alice.patch(f"{path}/{row['id']}", {name: start + sent})
    assert (changed.status_code, changed.json[name]) == (200, stored)


def test_a_description_cut_by_utf_16_units_is_stored(alice: User) -> None:
    text = "a" * 4999 + EMOJI
    cut = text.encode("utf-16-le")[:10_000].decode("utf-16-le", "surrogatepass")
    row = alice.post("/api/v1/opportunities", {"title": "Intern", "description": cut}).json

    assert row["description"] == "a" * 4999 + "\ufffd"


def test_a_pair_of_escaped_surrogates_is_one_character(alice: User) -> None:
    response = alice.post(PATH, rb'{"title": "\ud83c\udf93"}')

    assert response.json["title"] == EMOJI


def test_every_failing_field_is_reported_at_once_and_in_order(alice: User) -> None:
    wrong = {
        "notes": "n" * 5001,
        "status": "ghosted",
        "category": "job",
        "deadline": "soon",
        "link": "ftp://example.com",
        "description": "d" * 2001,
        "title": "t" * 201,
    }
    expected = [
        ("title", "Title cannot exceed 200 characters"),
        ("description", "Description cannot exceed 2000 characters"),
        ("link", LINK),
        ("deadline", DEADLINE),
        ("category", CATEGORY),
        ("status", STATUS),
        ("notes", "Notes cannot exceed 5000 characters"),
    ]

    assert post_failures(alice, **wrong) == expected
    assert patch_failures(alice, **wrong) == expected


def test_a_missing_title_is_reported_with_the_others_and_first(alice: User) -> None:
    assert failures(alice.post(PATH, {"link": "x", "notes": 1})) == [
        ("title", "Title is required"),
        ("link", LINK),
        ("notes", "Notes must be a string"),
    ]


def test_a_field_that_is_wrong_in_two_ways_has_one_entry(alice: User) -> None:
    assert post_failures(alice, link="x" * 501) == [("link", "Link cannot exceed 500 characters")]


def test_the_documented_example_gets_the_documented_errors(alice: User) -> None:
    response = alice.post(PATH, {"title": "", "link": "not a url"})

    assert response.status_code == 400
    assert response.json == {
        "error": "Validation Error",
        "message": "The request data is invalid",
        "details": [
            {"field": "title", "message": "Title is required and cannot be empty"},
            {"field": "link", "message": "Link must be a valid URL (http or https)"},
        ],
    }


@pytest.mark.parametrize("status", STATUS.partition(": ")[2].split(", "))
def test_each_status_is_accepted(alice: User, status: str) -> None:
    assert alice.create(status=status)["status"] == status


@pytest.mark.parametrize("status", ["ghosted", "Applied", " applied", "applied\n", "null"])
def test_another_status_is_refused(alice: User, status: str) -> None:
    assert post_failures(alice, status=status) == [("status", STATUS)]
    assert patch_failures(alice, status=status) == [("status", STATUS)]


@pytest.mark.parametrize("category", ["internship", "hackathon"])
def test_each_category_is_accepted(alice: User, category: str) -> None:
    assert alice.create(category=category)["category"] == category


@pytest.mark.parametrize("category", ["Internship", "job", "internship "])
def test_another_category_is_refused(alice: User, category: str) -> None:
    assert post_failures(alice, category=category) == [("category", CATEGORY)]
    assert patch_failures(alice, category=category) == [("category", CATEGORY)]


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01",
        "2026-03-01T00:00:00Z",
        "2026-03-01T23:59:59.999Z",
        "2026-03-01T23:30:00-11:00",
        "2026-03-01T00:30:00+14:00",
        "2026-03-01T00:30:00+0530",
        "2026-03-01T12:00",
        "2026-03-01T12:00Z",
        "2026-03-01 12:00:00",
        "2026-03-01T12:00:00.123456789Z",
        "2026-03-01 23:59:59+00",
        "2026-03-01 23:59:59.12345+05:30",
        "2026-03-01 23:59:59-0930",
        "2026-03-01 00:53:28+00:53:28",
        "2026-03-01t12:00:00z",
        "2026-03-01T23:59:60Z",
        "2026-03-01T23:59:60.5",
        "2026-03-01T15:59:60-08:00",
        "2026-03-01 05:29:60+05:30",
    ],
)
def test_a_deadline_keeps_its_date_as_written(alice: User, written: str) -> None:
    row = alice.create(deadline=written)

    assert row["deadline"] == "2026-03-01"
    changed = alice.patch(f"{PATH}/{alice.create()['id']}", {"deadline": written})
    assert changed.json["deadline"] == "2026-03-01"


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2024-02-29", "9999-12-31"])
def test_a_deadline_may_be_any_day_of_the_calendar(alice: User, day: str) -> None:
    assert alice.create(deadline=day)["deadline"] == day


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-30",
        "2026-02-29",
        "2025-02-29T10:00:00Z",
        "2026-04-31",
        "2026-13-01",
        "2026-00-10",
        "2026-01-00",
        "0000-01-01",
        "-2026-01-01",
        "+002026-01-01",
        "12026-01-01",
        "99999-12-31",
        "2026-1-1",
        "20260101",
        "2026-W01-1",
        "2026-001",
        "2026",
        "2026-01",
        "01/02/2026",
        "Jan 1, 2026",
        "tomorrow",
        "infinity",
        "-infinity",
        "epoch",
        "now",
        "today",
        "NaN",
        "2026-01-01T",
        "2026-01-01T25:00:00Z",
        "2026-01-01T12:60:00Z",
        "2026-01-01T12:00:61Z",
        "2026-01-01T23:59:61Z",
        "2026-01-01T12:00:60Z",
        "2026-01-01T23:59:60+05:30",
        "2026-01-01T24:00:00Z",
        "2026-01-01+00",
        "2026-01-01 12:00:00 +00",
        "2026-01-01T12:00:00+24:00",
        "2026-01-01T12:00:00+99:99",
        "2026-01-01T12:00:00Z; drop table opportunities",
        "2026-01-01 BC",
        "2026-01-01\n",
        "\u0662\u0660\u0662\u0666-01-01",
        "1767225600",
        "2026-01-01T12:00:00[Europe/Berlin]",
    ],
)
def test_an_invalid_date_is_refused(alice: User, written: str) -> None:
    assert post_failures(alice, deadline=written) == [("deadline", DEADLINE)]
    assert patch_failures(alice, deadline=written) == [("deadline", DEADLINE)]


@pytest.mark.parametrize(
    "link",
    [
        "http://example.com",
        "https://example.com/",
        "HTTPS://EXAMPLE.COM/Path",
        "https://example.com:8443/jobs?id=1&x=%20#top",
        "https://example.com:65535",
        "https://user@example.com/",
        "https://bücher.example/stellen",
        "https://例え.テスト/求人",
        "https://xn--bcher-kva.example/",
        "https://example.com/straße/München?stadt=köln#über",
        "https://example.com/🎓",
        "http://localhost:3000/",
        "http://127.0.0.1/",
        "http://[::1]:8080/",
        "https://example.com/a,b;c(d)[e]'f!$*@:",
        "https://example.com?x=https://other.example/",
        "https://jobs.example.com/search?f=[{%27key%27:%27x%27}]",
        "https://jobs.example.com/a|b^c?q={x}|^`\\#{y}|^",
        "https://example.com/?q=%zz",
    ],
)
def test_a_link_that_a_browser_opens_is_stored_unchanged(alice: User, link: str) -> None:
    assert alice.create(link=link)["link"] == link


@pytest.mark.parametrize(
    "link",
    [
        "https://.",
        "https://%",
        "https://a..example",
        "https://256.256.256.256/",
        "http://1.2.3.4.5/",
        "https://xn--a/",
        "https://a%zz.example/",
        "https://[fe80::1%25eth0]/",
        "https://[v1.a]/",
        "https://-a.example",
        "https://example.com\u202e",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "javascript://example.com/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "ftp://example.com/",
        "file:///etc/passwd",
        "mailto:a@example.com",
        "ws://example.com/",
        "blob:https://example.com/1",
        "example.com",
        "www.example.com/jobs",
        "//example.com",
        "/jobs",
        "https",
        "https:",
        "https:example.com",
        "https:/example.com",
        "https://",
        "https:///jobs",
        "https://:443",
        "https://?x=1",
        "https://#top",
        "https://user@",
        "https://user:password@/jobs",
        "https://example .com/",
        "https://example.com/a\tb",
        "https://example.com/a\nb",
        "https://example.com/\u00a0b",
        "https://example.com/\u2028b",
        "https://example.com/a\\b",
        "https://example.com/a\x7f",
        "https://example.com\\@evil.example/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:http/",
        "https://example.com:-1/",
        "https://[::1/",
        "https://[nonsense]/",
        "http s://example.com",
        "hхttps://example.com",
        "httpſ://example.com",
    ],
)
def test_a_link_that_a_browser_does_not_open_over_http_is_refused(alice: User, link: str) -> None:
    assert post_failures(alice, link=link) == [("link", LINK)]
    assert patch_failures(alice, link=link) == [("link", LINK)]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("https://example.com/a b?c d", "https://example.com/a%20b?c%20d"),
        ("https://example.com/<script>", "https://example.com/%3Cscript%3E"),
        ('https://example.com/?q="onclick="', "https://example.com/?q=%22onclick=%22"),
        ("\ufeffhttps://example.com/jobs\u200b", "https://example.com/jobs"),
    ],
)
def test_a_link_is_stored_as_browsers_print_it(alice: User, written: str, stored: str) -> None:
    assert alice.create(link=written)["link"] == stored


def test_the_length_of_a_link_counts_what_is_stored(alice: User) -> None:
    link = "https://example.com/".ljust(497, "a")

    assert alice.create(link=f"{link[:-1]} a")["link"] == f"{link[:-1]}%20a"
    too_long = post_failures(alice, link=f"{link} a")
    assert too_long == [("link", "Link cannot exceed 500 characters")]


def test_unknown_fields_are_dropped(alice: User) -> None:
    row = alice.create(unknown=1, campus_mode="on_campus", applied_on="2026-01-01", _schema="x")

    assert not {"unknown", "campus_mode", "applied_on", "_schema"} & row.keys()


@pytest.mark.parametrize("key", ["$gt", "$", "$where", "a.b", ".", "title.x", "$title"])
def test_operator_keys_are_dropped(alice: User, key: str) -> None:
    assert alice.create(**{key: {"$ne": None}}) == alice.get(PATH).json[0]
    ((field, message),) = patch_failures(alice, **{key: "x"})
    assert field == ""
    assert message.startswith(f"None of these fields can be updated: {key}")


@pytest.mark.parametrize("value", [{"$gt": ""}, {"$ne": None}, {"a.b": "x"}, [{"$gt": ""}]])
def test_an_operator_as_a_field_value_is_a_field_error(alice: User, value: object) -> None:
    assert post_failures(alice, title=value) == [("title", "Title must be a string")]


def test_operator_keys_are_dropped_at_every_depth(app: Flask) -> None:
    sent = {"a": {"$b": 1, "c": [{"d.e": 1, "f": [[{"$": 1, "g": {}, "h$": 1}]]}]}, "$i": {}}
    with app.test_request_context(method="POST", json=sent):
        assert read_object() == {"a": {"c": [{"f": [[{"g": {}, "h$": 1}]]}]}}


@pytest.mark.parametrize("name", FIELDS)
def test_sql_in_a_field_is_text_or_refused(alice: User, name: str) -> None:
    attack = "'); drop table opportunities; --"
    response = alice.post(PATH, {"title": "Intern", name: attack})

    assert response.status_code in {201, 400}
    assert response.status_code == 400 or response.json[name] == attack
    assert alice.create()["title"] == "Internship"


@thorough
@given(body=any_json | plausible)
def test_any_json_is_stored_or_refused(alice: User, body: object) -> None:
    response = alice.post(PATH, json.dumps(body).encode())

    assert response.status_code in {201, 400}, response.text
    if response.status_code == 400:
        assert response.json["error"]
        assert response.json["message"]


@thorough
@given(body=any_json | plausible)
def test_any_json_updates_an_opportunity_or_is_refused(alice: User, body: object) -> None:
    row = alice.get(PATH).json or [alice.create()]
    response = alice.patch(f"{PATH}/{row[0]['id']}", json.dumps(body).encode())

    assert response.status_code in {200, 400}, response.text


@thorough
@given(title=any_text)
def test_an_accepted_title_is_returned_trimmed_but_otherwise_unchanged(
    alice: User, title: str
) -> None:
    """Half a surrogate pair becomes U+FFFD."""
    response = alice.post(PATH, {"title": title})
    whole = re.sub("[\ud800-\udfff]", "\ufffd", title)

    assert response.status_code in {201, 400}
    if response.status_code == 201:
        assert response.json["title"] == visible(whole)
        assert response.json["title"] in whole
        assert alice.get(response.headers["Location"]).json["title"] == visible(whole)


@thorough
@given(day=st.dates())
def test_any_day_is_returned_unchanged(alice: User, day: object) -> None:
    assert alice.create(deadline=str(day))["deadline"] == str(day)
