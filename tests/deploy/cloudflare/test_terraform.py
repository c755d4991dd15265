"""What the Terraform files for Cloudflare set up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.terraform.planned import Files, admitted_by_nginx

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("terraform")
Resources = dict[str, dict[str, Any]]
API = '(http.host eq "api.example.com")'
BAD = {
    "zone_id": ("an id", "zone_id must have 32 hexadecimal digits."),
    "hostname": ("https://api.example.com", "hostname must be a DNS name in small letters"),
    "origin_ipv4": ("2001:db8::1", "origin_ipv4 must be an IPv4 address."),
    "origin_ipv6": ("192.0.2.1", "origin_ipv6 must be an IPv6 address or null."),
    "requests_per_minute": (0.5, "requests_per_minute must be a whole number of at least 60."),
    "owasp_action": ("challenge", "owasp_action must be log or block."),
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    """What is made with the variables of the example."""
    return Files("cloudflare", tmp_path_factory.mktemp("planned")).resources()


def rules(planned: Resources, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = planned[f"cloudflare_ruleset.{name}"]["rules"]
    return found


def test_clients_get_cloudflares_address(planned: Resources) -> None:
    record = planned['cloudflare_dns_record.api["A"]']

    assert (record["content"], record["proxied"], record["ttl"]) == ("192.0.2.10", True, 1)
    assert 'cloudflare_dns_record.api["AAAA"]' not in planned


def test_every_rule_is_for_the_host_of_the_api_and_has_a_name_of_its_own(
    planned: Resources,
) -> None:
    found = [
        rule
        for address, values in planned.items()
        if address.startswith("cloudflare_ruleset.")
        for rule in values["rules"]
    ]
    names = [rule["ref"] for rule in found]

    assert len(names) == len(set(names)) == 7
    assert all(rule["expression"].startswith(API) for rule in found)


def test_a_phase_has_one_ruleset(planned: Resources) -> None:
    phases = [
        values["phase"]
        for address, values in planned.items()
        if address.startswith("cloudflare_ruleset.")
    ]

    assert sorted(phases) == [
        "http_config_settings",
        "http_ratelimit",
        "http_request_cache_settings",
        "http_request_firewall_custom",
        "http_request_firewall_managed",
    ]


def test_managed_rules_block_and_owasps_rules_of_level_1_log(planned: Resources) -> None:
    managed, owasp = rules(planned, "managed")
    overrides = owasp["action_parameters"]["overrides"]

    assert managed["action"] == owasp["action"] == "execute"
    assert managed["action_parameters"]["overrides"] is None
    assert [(one["category"], one["enabled"]) for one in overrides["categories"]] == [
        (f"paranoia-level-{level}", False) for level in (2, 3, 4)
    ]
    assert overrides["rules"][0]["action"] == "log"


def test_a_flood_gets_a_429_with_a_code_and_without_a_request_id(planned: Resources) -> None:
    (rule,) = rules(planned, "rate_limit")
    response = rule["action_parameters"]["response"]
    content = json.loads(response["content"])

    assert (response["status_code"], response["content_type"]) == (429, "application/json")
    assert set(content) == {"error", "message", "code"}
    assert content["code"] == "rate_limit_exceeded"


def test_a_browser_within_the_limits_of_the_service_is_not_refused(planned: Resources) -> None:
    (rule,) = rules(planned, "rate_limit")
    limit = rule["ratelimit"]

    # The Pro plan allows no method in this expression, so preflights count.
    assert rule["expression"] == API
    # Cloudflare requires the data center among the characteristics.
    assert limit["characteristics"] == ["cf.colo.id", "ip.src"]
    assert (limit["period"], limit["requests_per_period"]) == (60, 9000)
    assert limit["requests_per_period"] >= admitted_by_nginx()


def test_nothing_is_cached_or_changed_or_challenged(planned: Resources) -> None:
    (cache,) = rules(planned, "cache")
    (settings,) = rules(planned, "settings")
    bots = planned["cloudflare_bot_management.zone"]
    given = settings["action_parameters"]

    assert cache["action_parameters"]["cache"] is False
    assert (bots["fight_mode"], bots["enable_js"]) == (False, False)
    assert given["ssl"] == "strict"
    assert not any(given[name] for name in ("bic", "rocket_loader", "email_obfuscation"))


def test_cloudflare_shows_its_certificate_to_the_host(planned: Resources) -> None:
    assert planned["cloudflare_zone_setting.origin_pulls"]["value"] == "on"
    assert not any("authenticated_origin_pulls" in address for address in planned)


def test_variables_change_the_plan(tmp_path: Path) -> None:
    changed = Files("cloudflare", tmp_path).resources(
        {
            "origin_ipv6": "2001:db8::1",
            "own_origin_certificate": True,
            "owasp_action": "block",
            "requests_per_minute": 60,
        }
    )

    assert changed['cloudflare_dns_record.api["AAAA"]']["content"] == "2001:db8::1"
    assert changed["cloudflare_zone_setting.origin_pulls"]["value"] == "off"
    assert changed["cloudflare_authenticated_origin_pulls_settings.own[0]"]["enabled"] is True
    owasp = rules(changed, "managed")[1]["action_parameters"]["overrides"]["rules"]
    assert owasp[0]["action"] == "block"
    assert rules(changed, "rate_limit")[0]["ratelimit"]["requests_per_period"] == 60


@pytest.mark.parametrize("variable", BAD)
def test_a_wrong_value_is_refused_with_one_sentence(variable: str, tmp_path: Path) -> None:
    value, sentence = BAD[variable]
    said = Files("cloudflare", tmp_path).plan({variable: value})

    assert said.status == 1
    assert said.text.count("Error: ") == 1
    assert sentence in said.words
