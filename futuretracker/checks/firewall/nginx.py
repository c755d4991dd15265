"""Let nginx test its configuration, and reload it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from futuretracker.checks.firewall.problem import FirewallProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 120  # seconds
# What the site includes when the firewall is switched on (docs/operations/waf.md).
INCLUDES = ("refusal.conf", "waf.conf", "inspect.conf", "inspect-file.conf")

_PROBLEM = re.compile(r"\[emerg\] (?:\d+#\d+: )?(.*)").search
# The number of the line is that of no file, because ModSecurity does not count comments.
_RULES = re.compile(
    r'"modsecurity_rules_file" directive Rules error\. File: (\S+?)\. Line: \d+\.'
    r"(?: Column: \d+\.)? *(.*?)\s*(?: in \S+:\d+)?$"
).match
_MISSING = re.compile(r'"modsecurity_rules_file" directive (.*?)\. File: 0x').match
_MODULE = re.compile(r'unknown directive "modsecurity').match
_UNLOADABLE = re.compile(r'(?:dlopen\(\) |module )"(\S*modsecurity\S*)"').match


def check(nginx: Sequence[str]) -> None:
    """Raise FirewallProblem if nginx refuses its configuration, or if it lacks the firewall."""
    done = _run([*nginx, "-T"])
    if done.returncode != 0:
        raise FirewallProblem(_sentence(done.stderr))
    active = re.sub(r"(?m)#.*", "", done.stdout)
    for name in INCLUDES:
        if not re.search(rf"include \S*waf/{re.escape(name)};", active):
            message = f"The site does not include waf/{name}: remove the # in front of that line."
            raise FirewallProblem(message)


def reload(nginx: Sequence[str]) -> None:
    """Reload the configuration; no request is lost."""
    done = _run([*nginx, "-s", "reload"])
    if done.returncode != 0:
        raise FirewallProblem(_sentence(done.stderr))


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - the operator names the command
            command, capture_output=True, text=True, errors="replace", timeout=LONGEST, check=False
        )
    except OSError as error:
        message = f"{command[0]} cannot be run: {error.strerror}."
        raise FirewallProblem(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"{command[0]} took longer than {LONGEST} seconds to read its configuration."
        raise FirewallProblem(message) from error


def _sentence(said: str) -> str:
    """Return the cause in what nginx says, as one sentence."""
    found = _PROBLEM(said)
    text = found[1] if found else (said.strip().splitlines() or ["no reason was given"])[-1]
    if rules := _RULES(text):
        return f"{rules[1]}: ModSecurity does not understand a rule: {rules[2].rstrip('.')}."
    if missing := _MISSING(text):
        return f"ModSecurity does not understand the rules: {missing[1]}."
    if _MODULE(text):
        return "nginx has no ModSecurity: install the package libnginx-mod-http-modsecurity."
    if module := _UNLOADABLE(text):
        return (
            f"nginx cannot load {module[1]}: reinstall the packages"
            " libnginx-mod-http-modsecurity and nginx."
        )
    return f"nginx refuses its configuration: {text.rstrip('.')}."
