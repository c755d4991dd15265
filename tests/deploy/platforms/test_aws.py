"""The CloudFormation template, and the script that each host runs at its first start."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

from tests.deploy.platforms.files import PLATFORMS
from tests.support.servers import ROOT

AWS = PLATFORMS / "aws"
TEMPLATE = AWS / "template.yaml"


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    found: dict[str, Any] = cfn_yaml.load(str(TEMPLATE))["Resources"]
    return found


def attributes(resource: dict[str, Any], kind: str) -> dict[str, str]:
    return {given["Key"]: given["Value"] for given in resource["Properties"][kind]}


def user_data(resources: dict[str, Any]) -> str:
    text = resources["HostTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]
    return str(text["Fn::Base64"]["Fn::Sub"])


def shellcheck(script: str) -> str:
    program = shutil.which("shellcheck")
    assert program
    return subprocess.run(
        [program, "--shell=bash", "-"], check=False, input=script, capture_output=True, text=True
    ).stdout


def test_cfn_lint_accepts_the_template() -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--template", TEMPLATE],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.needs("shellcheck")
def test_shellcheck_accepts_the_scripts(resources: dict[str, Any]) -> None:
    filled = re.sub(r"\$\{[\w:]+\}", "value", user_data(resources))

    assert shellcheck(filled) == ""
    assert shellcheck((AWS / "install").read_text()) == ""


def test_a_host_runs_the_install_script_at_its_first_start(
    resources: dict[str, Any],
) -> None:
    (script,) = re.findall(r"^/opt/futuretracker/(\S+)$", user_data(resources), re.MULTILINE)

    assert (ROOT / script).stat().st_mode & 0o111 == 0o111


def test_the_load_balancer_checks_readiness_and_lets_a_host_drain(
    resources: dict[str, Any],
) -> None:
    targets = resources["Targets"]

    assert targets["Properties"]["HealthCheckPath"] == "/readyz"
    delay = attributes(targets, "TargetGroupAttributes")["deregistration_delay.timeout_seconds"]
    assert int(delay) > 30  # gunicorn's graceful_timeout


def test_the_load_balancer_appends_the_clients_address_without_its_port(
    resources: dict[str, Any],
) -> None:
    given = attributes(resources["Balancer"], "LoadBalancerAttributes")

    assert given["routing.http.xff_header_processing.mode"] == "append"
    assert given["routing.http.xff_client_port.enabled"] == "false"
    assert (
        "| [aws/](aws/) | `template.yaml` (EC2 behind an ALB) | at the start of a host | 1 |"
        in ((PLATFORMS / "README.md").read_text())
    )


def test_the_load_balancer_closes_idle_connections_before_the_host(
    resources: dict[str, Any],
) -> None:
    given = attributes(resources["Balancer"], "LoadBalancerAttributes")
    (keepalive,) = re.findall(
        r"^keepalive = (\d+)", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE
    )

    assert int(given["idle_timeout.timeout_seconds"]) < int(keepalive)


def test_only_the_load_balancer_reaches_the_hosts_port(
    resources: dict[str, Any],
) -> None:
    (rule,) = resources["HostGroup"]["Properties"]["SecurityGroupIngress"]

    assert rule["SourceSecurityGroupId"] == {"Ref": "BalancerGroup"}
    assert "CidrIp" not in rule
    assert rule["FromPort"] == rule["ToPort"] == resources["Targets"]["Properties"]["Port"]
    assert f"ListenStream=0.0.0.0:{rule['FromPort']} " in (AWS / "install").read_text()


def test_an_update_waits_until_a_host_is_ready(resources: dict[str, Any]) -> None:
    update = resources["AutoScaling"]["UpdatePolicy"]["AutoScalingRollingUpdate"]

    assert update["WaitOnResourceSignals"] is True
    assert "--logical-resource-id AutoScaling" in user_data(resources)
