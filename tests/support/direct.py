"""Tests of requests that a reverse proxy or its firewall refuses before the service can.

With ``--behind waf`` they are left out. Each has the reason. A name may end in the beginning of a
parameter's id: ``test_x[deep`` stands for every parameter that begins with ``deep``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

API, AUTH, INPUT = "tests/api", "tests/auth", "tests/api/test_bad_input.py"
# Ids with a brace, a space, a line break or SQL.
BAD_IDS = ("[{550e", "[550e8400-e29b-41d4-a716-446655440000%0A", "[%20", "[' or")
DIRECT: dict[str, dict[str, tuple[str, ...]]] = {
    "the firewall refuses a Content-Type that is no media type": {
        INPUT: tuple(
            f"test_another_content_type_is_refused[{each}"
            for each in ("*/*", "application/json, text/plain", "applicatio\\xf1", ";")
        ),
    },
    "the firewall refuses a body that is too long or too deep to be inspected": {
        INPUT: (
            "test_invalid_json_is_refused[arrays without end",
            "test_invalid_json_is_refused[deep",
            "test_invalid_json_is_refused[a number of 5000",
            "test_a_body_of_exactly_one_mebibyte_is_accepted",
            "test_a_body_with_many_keys_is_accepted",
        ),
        f"{API}/test_ignored_fields.py": (
            "test_the_header_counts_what_it_does_not_name",
            "test_strict_handling_names_a_limited_number_of_fields",
        ),
    },
    "the firewall refuses an Idempotency-Key that looks like code": {
        f"{API}/idempotency/test_keys.py": ("test_a_key_is_visible_ascii[!#",),
    },
    "the firewall refuses a query parameter of more than 1000 characters": {
        f"{API}/test_pages.py": ("test_another_limit_is_refused[limit13",),
    },
    "the firewall refuses a choice with a semicolon in the query": {
        f"{API}/test_filters.py": (
            "test_a_wrong_parameter_is_refused_by_its_name[status-applied;x",
        ),
    },
    "the firewall refuses names with quotes, tags, separators or line breaks, and __proto__": {
        f"{API}/test_ignored_fields.py": tuple(
            f"test_no_name_breaks_the_header[{each}"
            for each in (
                *("a\\r\\nSet-Cookie", "\\n", "\\r", "a\\n b", "\\x00", ";", '"', "\\\\", "\\t"),
                *("%0d%0aX", "<script>", "__proto__"),
            )
        ),
    },
    "the firewall refuses a null byte": {
        INPUT: ("test_an_unexpected_query_string_changes_nothing[q=%00",),
        f"{API}/test_stored_values.py": (
            "test_the_error_names_only_the_fields_that_differ_and_nothing_is_changed",
        ),
    },
    "the firewall refuses a GET with a body, and a DELETE with a body that is no JSON": {
        INPUT: (
            *(
                "test_an_unexpected_body_is_not_read[cut",
                "test_an_unexpected_body_is_not_read[binary",
            ),
        ),
        f"{API}/test_opportunities.py": (
            "test_a_deleted_opportunity_is_gone",
            "test_another_users_row_looks_like_one_that_does_not_exist[GET",
            *(
                f"test_a_malformed_id_is_a_field_error[{each}-GET"
                for each in (
                    *("1", "undefined", "null", "550e8400-e29b-41d4-a716-44665544000"),
                    *("550e8400-e29b-41d4-a716-4466554400000", "550e8400e29b41d4a716446655440000"),
                    *(
                        "urn:uuid:550e8400-e29b-41d4-a716-446655440000",
                        "\\u066550e8400-e29b-41d4-a716-446655440000",
                    ),
                    "550e8400-e29b-41d4-a716-44665544000g",
                )
            ),
        ),
        f"{AUTH}/api_keys/test_forged.py": ("test_no_forged_request_is_accepted",),
    },
    "the firewall refuses a path with characters that no path of the API has": {
        INPUT: (
            *(
                "test_an_unknown_route_is_a_404[/api/<script>",
                "test_an_unknown_route_is_a_404[/api/{",
            ),
            "test_an_unknown_route_is_a_404[/api/%0d",
        ),
        f"{API}/test_api_keys.py": (
            *(
                "test_an_unknown_or_malformed_id_is_a_404[a b",
                "test_an_unknown_or_malformed_id_is_a_404[000000000000%0A",
            ),
        ),
        f"{API}/test_opportunities.py": tuple(
            f"test_a_malformed_id_is_a_field_error{each}" for each in BAD_IDS
        ),
        f"{API}/test_round_owners.py": tuple(
            f"test_a_malformed_{kind}_id_is_a_field_error{each}"
            for kind in ("opportunity", "round")
            for each in BAD_IDS
        ),
        f"{API}/test_versions.py": ("test_no_path_can_break_the_link_header",),
        "tests/telemetry/test_events.py": (
            "test_a_write_that_failed_is_audited_as_a_failure[DELETE-x%0A",
            "test_control_characters_in_a_path_are_escaped",
        ),
    },
    "generated requests, most of which the firewall refuses": {
        "tests/promises/test_contract.py": ("test_the_service_does_what_the_document_says",),
    },
    "nginx refuses a URL that is not percent-encoded, with a text of its own": {
        INPUT: (
            *(
                f"test_a_url_that_is_not_percent_encoded_utf_8_is_refused[/{each}"
                for each in (
                    "api/opportunities/%",
                    "api/opportunities%00",
                    "api/%00",
                    "api/nowhere",
                    "api/health?%zz",
                    "%ff",
                )
            ),
            "test_a_bad_url_is_refused_before_authentication",
        ),
        "tests/web/test_cors.py": (
            "test_a_preflight_offers_no_method_of_a_path_that_does_not_exist[/api/%zz",
        ),
        "tests/web/test_headers.py": ("test_other_sites_cannot_load_what_is_outside_the_api[/%zz",),
    },
    "nginx resolves dots in a path, and knows which paths the service has": {
        INPUT: tuple(
            f"test_an_unknown_route_is_a_404[{each}"
            for each in ("/API/", "/api/../", "/api/opportunities/%2e", "/.env")
        ),
    },
    "nginx or the firewall refuses a method that the service does not have": {
        INPUT: tuple(
            f"test_an_unknown_method_is_a_405[/{each}"
            for each in ("api", "healthz-TRACE", "healthz-CONNECT")
        ),
        "tests/web/test_cors.py": ("test_a_preflight_offers_the_methods_of_its_path",),
        "tests/web/test_headers.py": ("test_a_405_lists_the_allowed_methods",),
    },
    "nginx refuses a body of more than 1 MiB, so the service neither audits nor deprecates it": {
        "tests/telemetry/test_events.py": (
            "test_a_write_that_failed_is_audited_as_a_failure[POST-None-body2-413",
        ),
        f"{API}/test_versions.py": ("test_only_errors_of_v1_have_a_code_and_the_request_id[413",),
    },
}


def reason_of(nodeid: str) -> str | None:
    """Return why a test does not run behind the firewall; None if it does."""
    return next((why for name, why in _names() if _is(nodeid, name)), None)


def _names() -> Iterator[tuple[str, str]]:
    for why, files in DIRECT.items():
        for file, tests in files.items():
            yield from ((f"{file}::{test}", why) for test in tests)


def _is(nodeid: str, name: str) -> bool:
    return nodeid.startswith(name) if "[" in name else nodeid.partition("[")[0] == name
