"""``waf-log``: writes a line for each refused request, counts it, and empties the file."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands import WITHIN, environment, refused, run
from tests.conftest import METRICS_TOKEN
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

SECRET = "hunter2-ThisIsASecretTokenThatIsLongerThanANameMayBe"


def rule(number: int, variable: str, message: str = "found") -> dict[str, Any]:
    value = f"<script>{SECRET}</script>"
    return {
        "message": message,
        "details": {
            "ruleId": str(number),
            "match": f"Matched \"Operator `Rx' against variable `{variable}' (Value: `{value}' )",
            "data": f"Matched Data: {value} found within {variable}: {value}",
        },
    }


SCORE = rule(949110, "TX:ANOMALY_SCORE", "Inbound Anomaly Score Exceeded (Total Score: 10)")


def audited(*rules: dict[str, Any], number: int = 1, **changes: Any) -> bytes:
    """Return a line as ModSecurity 3.0.9 writes it."""
    said = {
        "client_ip": "203.0.113.7",
        "client_port": 40000 + number,
        "time_stamp": time.strftime("%a %b %d %H:%M:%S %Y", time.localtime(1_800_000_000)),
        "unique_id": f"request-{number}",
        "request": {"method": "POST", "uri": f"/api/v1/opportunities?q={SECRET}"},
        "response": {"http_code": 403},
        "producer": {"secrules_engine": "Enabled"},
        "messages": list(rules),
    }
    said.update(changes)
    return json.dumps({"transaction": said}).encode() + b"\n"


ATTACK = audited(rule(941100, "ARGS:json.title"), rule(941110, "ARGS:json.title"), SCORE)
DETECTED: dict[str, Any] = {
    "producer": {"secrules_engine": "DetectionOnly"},
    "response": {"http_code": 201},
}


def once(folder: Path, content: bytes) -> list[dict[str, Any]]:
    """Return the lines that the command writes about an audit log."""
    (folder / "audit.log").write_bytes(content)
    done = run(folder, "waf-log", "--once", "audit.log")
    assert (done.returncode, done.stderr) == (0, "")
    assert SECRET not in done.stdout
    assert (folder / "audit.log").read_bytes() == content
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_refused_request_is_one_line(tmp_path: Path) -> None:
    assert once(tmp_path, ATTACK) == [
        {
            "timestamp": "2027-01-15T08:00:00.000Z",
            "type": "WAF",
            "outcome": "refused",
            "requestId": "request-1",
            "ip": "203.0.113.7",
            "network": "203.0.113.7",
            "method": "POST",
            "path": "/api/v1/opportunities",
            "ruleIds": [941100, 941110],
            "field": "ARGS:json.title",
            "score": 10,
        }
    ]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:0:1ff::7", "2001:db8:0:100::/56"),
        ("::1", "::/56"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("1:2", None),
    ],
)
def test_an_ipv6_address_belongs_to_a_network(
    tmp_path: Path, address: str, network: str | None
) -> None:
    [line] = once(tmp_path, audited(SCORE, client_ip=address))

    assert (line["ip"], line["network"]) == (address, network)


def test_a_request_that_passed_is_no_line(tmp_path: Path) -> None:
    low = audited(rule(920300, "REQUEST_HEADERS"), response={"http_code": 200})
    # The service's own 403.
    own = audited(response={"http_code": 403}, producer={"secrules_engine": "DetectionOnly"})

    assert once(tmp_path, low + own) == []


def test_with_detection_only_the_line_says_so(tmp_path: Path) -> None:
    lines = audited(rule(941100, "ARGS:q"), SCORE, **DETECTED)
    lines += audited(rule(10011, "ARGS"), number=2, **DETECTED)
    lines += audited(rule(941100, "ARGS:q"), number=3, **DETECTED)

    assert [(each["outcome"], each["score"]) for each in once(tmp_path, lines)] == [
        ("detected", 10),
        ("detected", None),
    ]


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("ARGS:json.rounds.array_0.notes", "ARGS:json.rounds.array_0.notes"),
        ("REQUEST_HEADERS:User-Agent", "REQUEST_HEADERS:User-Agent"),
        ("REQUEST_URI", "REQUEST_URI"),
        (f"ARGS:json.{SECRET}", "ARGS"),
        ("ARGS:json.<script>", "ARGS"),
        (f"ARGS_NAMES:{SECRET}", "ARGS_NAMES"),
        ("ARGS_NAMES:hunter2", "ARGS_NAMES"),
        ("REQUEST_COOKIES_NAMES:hunter2", "REQUEST_COOKIES_NAMES"),
        (f"{SECRET}", None),
    ],
)
def test_a_field_is_never_a_value(tmp_path: Path, variable: str, field: str | None) -> None:
    [line] = once(tmp_path, audited(rule(941100, variable), SCORE))

    assert line["field"] == field


def test_what_a_client_chooses_cannot_break_the_line(tmp_path: Path) -> None:
    lines = audited(
        rule(941100, "ARGS:q"),
        SCORE,
        unique_id='x" y',
        client_ip=SECRET,
        request={"method": SECRET, "uri": f"/\u00e9/{'x' * 9000}?{SECRET}"},
    )
    [line] = once(tmp_path, lines.replace(b"\\u00e9", b"\xff"))

    assert (line["requestId"], line["ip"], line["method"], line["path"]) == (None, None, None, "")
    assert line["network"] is None
    [long] = once(tmp_path, audited(SCORE, request={"method": "GET", "uri": f"/{'x' * 9000}"}))
    assert len(long["path"]) == 1000


def test_the_second_line_about_a_request_is_left_out(tmp_path: Path) -> None:
    other = audited(rule(10210, "REQUEST_FILENAME"), number=2)
    assert len(once(tmp_path, ATTACK + other + ATTACK + other)) == 2
    # A client that uses an id again is not hidden by that.
    assert len(once(tmp_path, ATTACK + ATTACK + ATTACK + other)) == 3


@pytest.mark.parametrize(
    "line", [b"hunter2", b"{}", b"[]", b'{"transaction": []}', b'{"transaction": {"messages": 1}}']
)
def test_another_line_is_not_shown(tmp_path: Path, line: bytes) -> None:
    warning, attack = once(tmp_path, line + b"\n" + ATTACK)

    assert (warning["message"], warning["bytes"]) == ("audit line not understood", len(line) + 1)
    assert "hunter2" not in json.dumps(warning)
    assert attack["type"] == "WAF"


@pytest.fixture
def following(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, while it follows an audit log."""
    (tmp_path / "audit.log").touch()
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "futuretracker", "waf-log", "audit.log"],
            cwd=tmp_path,
            env=environment({"WAF_DIRECTORY": str(tmp_path)}),
            stdout=output,
            stderr=output,
        )
    wait_for((tmp_path / "waf.json").exists)
    yield process
    process.kill()
    process.wait(WITHIN)


def append(file: Path, line: bytes) -> None:
    """Write a line as ModSecurity does: append, with a lock."""
    with file.open("ab", buffering=0) as audit:
        fcntl.lockf(audit, fcntl.LOCK_EX)
        audit.write(line)


def test_no_line_is_lost_and_the_file_becomes_empty(
    tmp_path: Path, following: subprocess.Popen[bytes], build: Callable[..., Flask]
) -> None:
    """Four writers append while the command empties the file."""
    audit = tmp_path / "audit.log"
    each = 500

    def attack(first: int) -> None:
        for number in range(first, first + each):
            append(audit, audited(rule(941100, "ARGS:q"), SCORE, number=number))

    threads = [threading.Thread(target=attack, args=(n * each,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: audit.stat().st_size == 0)
    following.send_signal(signal.SIGTERM)

    assert following.wait(WITHIN) == 0
    lines = [json.loads(line) for line in (tmp_path / "output").read_text().splitlines()]
    ids = [line["requestId"] for line in lines]
    assert sorted(ids) == sorted(f"request-{number}" for number in range(4 * each))
    assert json.loads((tmp_path / "waf.json").read_text())["refused"] == 4 * each
    assert (tmp_path / "waf.json").stat().st_mode & 0o777 == 0o644
    client = build(METRICS_TOKEN=METRICS_TOKEN, WAF_DIRECTORY=str(tmp_path)).test_client()
    shown = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).text
    assert f'futuretracker_waf_requests_total{{outcome="refused"}} {4 * each}.0\n' in shown
    assert "\nfuturetracker_waf_log_timestamp_seconds " in shown


def test_the_file_is_not_emptied_while_nginx_writes(
    tmp_path: Path, following: subprocess.Popen[bytes]
) -> None:
    """A lock of fcntl belongs to a process: this one stands for nginx."""
    audit, output = tmp_path / "audit.log", tmp_path / "output"
    with audit.open("ab", buffering=0) as nginx:
        fcntl.lockf(nginx, fcntl.LOCK_EX)
        nginx.write(ATTACK)
        wait_for(lambda: b"request-1" in output.read_bytes())
        time.sleep(1)  # the command would empty the file now
        assert audit.stat().st_size == len(ATTACK)
        nginx.write(audited(SCORE, number=2))
        fcntl.lockf(nginx, fcntl.LOCK_UN)

    wait_for(lambda: b"request-2" in output.read_bytes())
    wait_for(lambda: audit.stat().st_size == 0)


def test_the_counts_continue_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "waf.json").write_text('{"refused": 41, "detected": 2, "read_at": 1}')
    os.mkfifo(tmp_path / "audit.log")
    command = [sys.executable, "-m", "futuretracker", "waf-log", "audit.log"]
    env = environment({"WAF_DIRECTORY": str(tmp_path)})
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE) as process:
        (tmp_path / "audit.log").write_bytes(ATTACK)
        output, _ = process.communicate(timeout=WITHIN)

    assert json.loads(output)["requestId"] == "request-1"
    counts = json.loads((tmp_path / "waf.json").read_text())
    assert (counts["refused"], counts["detected"]) == (42, 2)


def test_without_an_audit_log_it_ends_with_one_sentence(tmp_path: Path) -> None:
    refused(
        run(tmp_path, "waf-log", "nowhere.log", WAF_DIRECTORY=str(tmp_path)),
        "The audit log nowhere.log cannot be read and emptied: No such file or directory.",
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"refused": "many"}', b"[" * 100_000])
def test_a_damaged_file_of_counts_has_no_values(
    tmp_path: Path, build: Callable[..., Flask], content: bytes
) -> None:
    (tmp_path / "waf.json").write_bytes(content)
    client = build(METRICS_TOKEN=METRICS_TOKEN, WAF_DIRECTORY=str(tmp_path)).test_client()
    response = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})

    assert response.status_code == 200
    assert "\nfuturetracker_waf_" not in response.text
