"""What the Terraform files for AWS set up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.terraform.planned import Files, admitted_by_nginx

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("terraform")
Resources = dict[str, dict[str, Any]]
ACL = "aws_wafv2_web_acl.api"
LOG = "aws_wafv2_web_acl_logging_configuration.api"
BAD = {
    "region": ("Frankfurt", "region must be the name of an AWS region, such as eu-central-1."),
    "load_balancer_arn": (
        "arn:aws:elasticloadbalancing:eu-central-1:000000000000:loadbalancer/net/api/0",
        "load_balancer_arn must be the ARN of an application load balancer.",
    ),
    "name": ("An ACL", "name must have small letters, digits and hyphens."),
    "requests_per_minute": (9, "requests_per_minute must be a whole number of at least 10."),
    "log_retention_days": (2, "log_retention_days must be 1, 3, 5, 7, 14, 30, 60, 90, 180 or 365."),
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    """What is made with the variables of the example."""
    return Files("aws", tmp_path_factory.mktemp("planned")).resources()


@pytest.fixture(scope="module")
def rules(planned: Resources) -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule for rule in planned[ACL]["rule"]}


def test_priorities_and_names_of_metrics_are_unique(rules: dict[str, dict[str, Any]]) -> None:
    priorities = [rule["priority"] for rule in rules.values()]
    metrics = [rule["visibility_config"][0]["metric_name"] for rule in rules.values()]

    assert len(rules) == 6
    assert len(set(priorities)) == len(set(metrics)) == len(rules)
    # A flood costs nothing more once the rate rule refuses it.
    assert sorted(rules, key=lambda name: rules[name]["priority"])[:2] == ["metrics", "requests"]


def test_every_rule_has_the_kind_of_action_that_its_statement_needs(
    rules: dict[str, dict[str, Any]],
) -> None:
    for rule in rules.values():
        (statement,) = rule["statement"]
        kinds = [kind for kind, given in statement.items() if given]
        assert len(kinds) == 1, rule["name"]
        group = kinds == ["managed_rule_group_statement"]
        assert bool(rule["override_action"]) is group, rule["name"]
        assert bool(rule["action"]) is not group, rule["name"]


def test_managed_rules_block_except_those_that_read_the_body(
    rules: dict[str, dict[str, Any]],
) -> None:
    groups = {
        (group := rule["statement"][0]["managed_rule_group_statement"][0])["name"]: [
            each["name"] for each in group["rule_action_override"]
        ]
        for rule in rules.values()
        if rule["statement"][0]["managed_rule_group_statement"]
    }

    assert set(groups) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    }
    counted = {name for names in groups.values() for name in names}
    assert {name for name in counted if not name.endswith("_BODY")} == {"NoUserAgent_HEADER"}


def test_a_flood_gets_a_429_with_a_code_and_without_a_request_id(
    planned: Resources, rules: dict[str, dict[str, Any]]
) -> None:
    (body,) = planned[ACL]["custom_response_body"]
    rule = rules["requests"]
    response = rule["action"][0]["block"][0]["custom_response"][0]

    assert response["response_code"] == 429
    assert response["custom_response_body_key"] == body["key"]
    assert body["content_type"] == "APPLICATION_JSON"
    content = json.loads(body["content"])
    assert set(content) == {"error", "message", "code"}
    assert content["code"] == "rate_limit_exceeded"


def test_a_browser_within_the_limits_of_the_service_is_not_refused(
    rules: dict[str, dict[str, Any]],
) -> None:
    (limit,) = rules["requests"]["statement"][0]["rate_based_statement"]
    (counted,) = limit["scope_down_statement"]
    (preflight,) = counted["not_statement"][0]["statement"][0]["byte_match_statement"]

    assert (limit["aggregate_key_type"], limit["evaluation_window_sec"]) == ("IP", 60)
    assert limit["limit"] == 5000
    # Half of what nginx admits at once are preflights.
    assert limit["limit"] >= admitted_by_nginx() / 2
    assert preflight["field_to_match"][0]["method"] == [{}]
    assert (preflight["positional_constraint"], preflight["search_string"]) == (
        "EXACTLY",
        "OPTIONS",
    )


def test_refused_requests_are_logged_without_their_tokens(planned: Resources) -> None:
    log = planned[LOG]
    hidden = [
        field["single_header"][0]["name"] if field["single_header"] else "query_string"
        for field in log["redacted_fields"]
    ]

    assert hidden == ["authorization", "cookie", "signature", "query_string"]
    assert planned["aws_cloudwatch_log_group.waf"]["name"] == "aws-waf-logs-futuretracker-api"
    assert planned["aws_cloudwatch_log_group.waf"]["retention_in_days"] == 30
    assert log["logging_filter"][0]["default_behavior"] == "DROP"


def test_no_sample_of_a_request_is_kept(
    planned: Resources, rules: dict[str, dict[str, Any]]
) -> None:
    shown = [*planned[ACL]["visibility_config"]]
    shown += [rule["visibility_config"][0] for rule in rules.values()]

    assert not any(one["sampled_requests_enabled"] for one in shown)


def test_the_web_acl_protects_the_load_balancer(planned: Resources) -> None:
    association = planned["aws_wafv2_web_acl_association.load_balancer"]

    assert ":loadbalancer/app/futuretracker/" in association["resource_arn"]
    assert planned[ACL]["scope"] == "REGIONAL"
    assert not any(address.startswith("aws_shield") for address in planned)


def test_shield_advanced_is_an_option(tmp_path: Path) -> None:
    changed = Files("aws", tmp_path).resources({"shield_advanced": True})
    response = changed["aws_shield_application_layer_automatic_response.load_balancer[0]"]

    assert response["action"] == "BLOCK"
    assert "aws_shield_protection.load_balancer[0]" in changed
    # A subscription costs a lot, so no plan makes one.
    assert not any("subscription" in address for address in changed)


@pytest.mark.parametrize("variable", BAD)
def test_a_wrong_value_is_refused_with_one_sentence(variable: str, tmp_path: Path) -> None:
    value, sentence = BAD[variable]
    said = Files("aws", tmp_path).plan({variable: value})

    assert said.status == 1
    assert said.text.count("Error: ") == 1
    assert sentence in said.words
