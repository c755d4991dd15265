"""nginx accepts the files, which agree with each other and with the service's limits."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.firewall.exclusions import exclusions
from futuretracker.checks.firewall.statements import rule_ids, statements
from futuretracker.telemetry.firewall.transactions import OURS
from futuretracker.web.request import MAX_BODY, MAX_FILE, METHODS, WRITES
from tests.deploy.edge.nginx_server import SITE, command, debians
from tests.deploy.edge.waf.waf_server import INSTALLED, WAF, lay_out_waf

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.authority import Files

pytestmark = pytest.mark.needs("nginx", "modsecurity")


def text(name: str) -> str:
    return (WAF / name).read_text()


def test_nginx_accepts_the_files_without_a_warning(
    socket_file: Path, files: Files, tmp_path: Path
) -> None:
    lay_out_waf(tmp_path, (10080, 10443), {}, socket_file=socket_file, files=files)
    asked = command(debians(), tmp_path, "-t")
    done = subprocess.run(asked, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert not re.search(r"\[(warn|error|crit)", done.stderr), done.stderr


def test_every_file_is_included_somewhere() -> None:
    there = {path.name for path in WAF.glob("*.conf")}
    by_nginx = set(re.findall(r"# include futuretracker/waf/(\S+);", SITE.read_text()))
    rules = "".join(path.read_text() for path in WAF.glob("*.conf"))
    by_rules = set(re.findall(r"(?m)^Include ([\w.]+)$", rules))
    [main] = re.findall(rf"modsecurity_rules_file {INSTALLED}/(\S+);", text("waf.conf"))

    assert there == by_nginx | by_rules | {main}


def test_the_limits_and_methods_are_those_of_the_service() -> None:
    assert f"SecRequestBodyLimit {MAX_FILE}\n" in text("main.conf")
    assert f"SecRequestBodyNoFilesLimit {MAX_BODY}\n" in text("main.conf")
    [allowed] = re.findall(r"tx\.allowed_methods=([A-Z ]+)'", text("setup.conf"))
    assert set(allowed.split()) == METHODS
    [read] = re.findall(r'REQUEST_METHOD "@within ([A-Z ]+)"', text("before.conf"))
    assert set(read.split()) == WRITES


def test_the_audit_log_gets_neither_headers_nor_bodies() -> None:
    [parts] = re.findall(r"(?m)^SecAuditLogParts (\w+)$", text("main.conf"))

    assert set(parts) == set("AHZ")


def test_our_rules_have_ids_of_their_own() -> None:
    found = statements(WAF / "main.conf")
    ours = [each for each in found if each.file.name == "before.conf"]

    assert rule_ids(ours)
    assert all(number in OURS for number in rule_ids(ours))


def test_each_exclusion_has_a_reason_and_names_one_field() -> None:
    lines = text("exclusions.conf").splitlines()
    for statement, action, selection, value in exclusions(statements(WAF / "main.conf"), WAF):
        assert (action, selection) in {("UpdateTarget", "Id"), ("RemoveTarget", "Id")}
        number = re.findall(r"\d+", value)[0]
        above = "\n".join(lines[: statement.line])
        assert re.search(rf"(?m)^# .*{number}|^# [A-Z].*", above), statement.place
