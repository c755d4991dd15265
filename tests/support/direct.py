"""Tests that speak about what a reverse proxy or its firewall does before the service can.

With ``--behind waf`` they are left out. Each has the reason. A name may end in the beginning of a
parameter's id: ``test_x[deep`` stands for every parameter that begins with ``deep``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

API, AUTH = "tests/api", "tests/auth"
DIRECT: dict[str, dict[str, tuple[str, ...]]] = {
    "the firewall refuses content types that no client of the API sends": {
        f"{API}/test_bad_input.py": (
            "test_another_content_type_is_refused",
            "test_an_empty_body_is_an_empty_object[text/plain",
            "test_any_bytes_get_an_error_in_the_common_shape",
        ),
        f"{API}/test_round_fields.py": ("test_a_body_that_is_no_object_is_refused",),
        f"{API}/test_versions.py": ("test_only_errors_of_v1_have_a_code_and_the_request_id[415",),
    },
    "the firewall refuses every Content-Encoding, because it cannot look into a compressed body": {
        f"{API}/test_bad_input.py": (
            "test_a_compressed_body_is_refused_with_the_codings_that_are_accepted",
            "test_a_body_that_is_not_compressed_may_say_so",
        ),
    },
    "the firewall refuses a body that is too long or too deep to be inspected": {
        f"{API}/test_bad_input.py": (
            "test_invalid_json_is_refused[arrays without end",
            "test_invalid_json_is_refused[deep",
            "test_invalid_json_is_refused[a number of 5000",
            "test_a_body_of_exactly_one_mebibyte_is_accepted",
            "test_a_body_with_many_keys_is_accepted",
        ),
        f"{API}/test_pages.py": ("test_another_limit_is_refused[limit13",),
        f"{API}/test_ignored_fields.py": (
            "test_the_header_counts_what_it_does_not_name",
            "test_strict_handling_names_a_limited_number_of_fields",
        ),
    },
    "the firewall refuses names of fields such as $set and __proto__": {
        f"{API}/test_bad_input.py": (
            "test_the_last_of_duplicate_keys_counts",
            "test_an_unexpected_query_string_changes_nothing[$where",
        ),
        f"{API}/test_filters.py": (
            "test_a_wrong_parameter_is_refused_by_its_name[$where",
            "test_a_wrong_parameter_is_refused_by_its_name[status-applied;x",
        ),
        f"{API}/test_ignored_fields.py": (
            "test_each_route_with_a_body_names_the_fields_without_effect",
            "test_no_name_breaks_the_header",
            "test_no_name_breaks_a_response_on_the_wire",
            "test_strict_handling_refuses_fields_without_effect",
        ),
        f"{API}/test_opportunities.py": ("test_a_change_without_a_known_field_is_refused[body3",),
        f"{API}/test_round_fields.py": ("test_a_change_without_a_known_field_is_refused[body4",),
    },
    "the firewall refuses a null byte": {
        f"{API}/test_bad_input.py": ("test_an_unexpected_query_string_changes_nothing[q=%00",),
        f"{API}/test_stored_values.py": (
            "test_the_error_names_only_the_fields_that_differ_and_nothing_is_changed",
        ),
    },
    "the firewall refuses a GET with a body": {
        f"{API}/test_bad_input.py": ("test_an_unexpected_body_is_not_read",),
        f"{API}/test_opportunities.py": (
            "test_a_deleted_opportunity_is_gone",
            "test_another_users_row_looks_like_one_that_does_not_exist[GET",
        ),
        f"{AUTH}/api_keys/test_forged.py": ("test_no_forged_request_is_accepted",),
    },
    "the firewall refuses a path with characters that no path of the API has": {
        f"{API}/test_api_keys.py": ("test_an_unknown_or_malformed_id_is_a_404",),
        f"{API}/test_opportunities.py": ("test_a_malformed_id_is_a_field_error",),
        f"{API}/test_round_owners.py": (
            "test_a_malformed_opportunity_id_is_a_field_error",
            "test_a_malformed_round_id_is_a_field_error",
        ),
        f"{API}/test_versions.py": ("test_no_path_can_break_the_link_header",),
    },
    "generated requests, most of which the firewall refuses": {
        "tests/promises/test_contract.py": ("test_the_service_does_what_the_document_says",),
    },
    "nginx or the firewall refuses the request with a text of its own": {
        f"{API}/test_bad_input.py": (
            "test_a_url_that_is_not_percent_encoded_utf_8_is_refused",
            "test_a_bad_url_is_refused_before_authentication",
            "test_an_unknown_route_is_a_404",
            "test_an_unknown_method_is_a_405",
        ),
        "tests/telemetry/test_events.py": (
            "test_a_write_that_failed_is_audited_as_a_failure[POST-None-body2-413",
            "test_a_write_that_failed_is_audited_as_a_failure[DELETE-x%0A",
            "test_control_characters_in_a_path_are_escaped",
        ),
        "tests/web/test_cors.py": (
            "test_a_preflight_offers_the_methods_of_its_path",
            "test_a_preflight_offers_no_method_of_a_path_that_does_not_exist[/api/%zz",
        ),
        "tests/web/test_headers.py": (
            "test_other_sites_cannot_load_what_is_outside_the_api[/%zz",
            "test_a_405_lists_the_allowed_methods",
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
