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

    from futuretracker.checks.firewall.statements import Statement
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
    by_nginx |= set(re.findall(r"(?m)^ +include futuretracker/waf/(\S+);", text("waf.conf")))
    by_rules = set(re.findall(r"(?m)^Include ([\w.]+)$", rules))
    [main] = re.findall(rf"modsecurity_rules_file {INSTALLED}/(\S+);", text("waf.conf"))

    assert there == by_nginx | by_rules | {main}


def test_the_limits_and_methods_are_those_of_the_service() -> None:
    # The service sees bodies that are a little too large, so that it can say so.
    assert f"SecRequestBodyLimit {MAX_FILE + 2**20}\n" in text("main.conf")
    read = re.findall(r"client_max_body_size (\w+);", text("waf.conf"))
    assert read == [f"{MAX_BODY // 2**20 + 1}m", "10k", f"{MAX_FILE // 2**20 + 1}m"]
    assert f"SecRequestBodyNoFilesLimit {MAX_BODY}\n" in text("main.conf")
    [allowed] = re.findall(r"tx\.allowed_methods=([A-Z ]+)'", text("setup.conf"))
    assert set(allowed.split()) == METHODS
    read = re.findall(r'REQUEST_METHOD "@within ([A-Z ]+)"', text("before.conf"))
    assert {frozenset(methods.split()) for methods in read} == {WRITES}


def test_the_audit_log_gets_neither_headers_nor_bodies() -> None:
    [parts] = re.findall(r"(?m)^SecAuditLogParts (\w+)$", text("main.conf"))

    assert set(parts) == set("AHZ")


def test_our_rules_have_ids_of_their_own() -> None:
    found = statements(WAF / "main.conf")
    ours = [each for each in found if each.file.name == "before.conf"]

    assert rule_ids(ours)
    assert all(number in OURS for number in rule_ids(ours))


def comment_above(statement: Statement, found: list[Statement], number: str) -> str:
    """Return the comment directly above the rule to which a statement belongs.

    A chain has it above its first rule. Exclusions for one rule that follow one another share it.
    """
    position = found.index(statement)
    while position and re.search(r"\bchain\W*$", found[position - 1].text):
        position -= 1
    first = found[position]
    lines = first.file.read_text().splitlines()[: first.line - 1]
    while lines and lines[-1].startswith(f"SecRuleUpdateTargetById {number} "):
        lines.pop()
    comment: list[str] = []
    while lines and lines[-1].startswith("#"):
        comment.insert(0, lines.pop().lstrip("# "))
    return " ".join(comment)


def without_reason(main: Path) -> list[str]:
    """Return the places of the exclusions that have no comment with a reason."""
    found, wrong = statements(main), []
    for statement, action, _, value in exclusions(found, main.parent):
        number = re.findall(r"\d+", value)[0]
        comment = comment_above(statement, found, number)
        # The comment of a directive names its rule; a rule with actions excludes several.
        named = rf"\b{number}\b\W+" if action == "UpdateTarget" else ""
        if not re.search(rf"{named}\w+\W+\w+", comment):
            wrong.append(f"{statement.file.name}:{statement.line}: {number}")
    return wrong


def test_each_exclusion_has_its_reason_directly_above() -> None:
    assert without_reason(WAF / "main.conf") == []


def test_each_exclusion_names_one_field() -> None:
    one_field = re.compile(r'\d+(?:;| "!?)[A-Z_]+(?::[\w.-]+)?"?').fullmatch
    for statement, action, selection, value in exclusions(statements(WAF / "main.conf"), WAF):
        assert (action, selection) in {("UpdateTarget", "Id"), ("RemoveTarget", "Id")}
        controls = re.findall(r"ctl:ruleRemoveTargetById=([^,\"]+)", statement.text)
        for each in controls or [value]:
            assert one_field(each), statement.place


EXCLUSION = 'SecRuleUpdateTargetById 930100 "!ARGS:q"\n'
CHAIN = """SecRule REQUEST_FILENAME "@rx ^/a$" \\
    "id:10100,\\
    chain"
    SecRule &ARGS "@eq 1" \\
        "t:none,\\
        ctl:ruleRemoveTargetById=930100;REQUEST_URI"
"""


@pytest.mark.parametrize(
    ("rules", "wrong"),
    [
        ("# 930100: Paths in prose.\n" + EXCLUSION + EXCLUSION.replace("q", "link"), []),
        ("# Rule 930100 knows\n# paths.\n" + EXCLUSION, []),
        ("# Links have dots.\n" + CHAIN, []),
        (EXCLUSION, ["rules.conf:1: 930100"]),
        ("# Files are in prose.\n" + EXCLUSION, ["rules.conf:2: 930100"]),
        ("# 930100\n" + EXCLUSION, ["rules.conf:2: 930100"]),
        ("# 930110: The same, decoded.\n" + EXCLUSION, ["rules.conf:2: 930100"]),
        ("# 930100: Paths in prose.\n\n" + EXCLUSION, ["rules.conf:3: 930100"]),
        ("# 930100: Paths.\nSecMarker A\n" + EXCLUSION, ["rules.conf:3: 930100"]),
        ("# Links have dots.\n\n" + CHAIN, ["rules.conf:6: 930100"]),
        (CHAIN, ["rules.conf:4: 930100"]),
    ],
)
def test_an_exclusion_without_a_reason_is_found(
    tmp_path: Path, rules: str, wrong: list[str]
) -> None:
    main = tmp_path / "main.conf"
    main.write_text("# 930100: Paths in prose.\n" * 8 + "Include rules.conf\n")
    (tmp_path / "rules.conf").write_text(rules)

    assert without_reason(main) == wrong
