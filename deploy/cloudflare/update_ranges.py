"""Keep nginx' list of Cloudflare's networks current.

The script downloads both lists, checks them, writes them into the file that nginx includes, and
reloads nginx. It writes and reloads only if the networks have changed, or if the last run did not
get as far as the reload. If a list or nginx' configuration is wrong, it prints one sentence, and
everything stays as it was.

Exit status:
    0: the file is current
    1: nothing was changed; stderr says why
    2: the command line is wrong
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ranges import Refused, current

FILE = Path("/etc/nginx/futuretracker/real-ip-cloudflare.conf")
LINE = re.compile(r"^set_real_ip_from (\S+);\n", re.MULTILINE)


def update(file: Path, urls: dict[int, str], nginx: list[str]) -> str:
    """Bring the file up to date; return a sentence about what was done."""
    before = file.read_text()
    known = LINE.findall(before)
    if not known:
        raise Refused(f"{file} has no line with set_real_ip_from.")
    names = [str(one) for version, url in urls.items() for one in current(version, url, known)]
    # It exists from before the change until nginx has reloaded. If the script is killed meanwhile,
    # the file is new and nginx has the old networks. Then the next run must reload.
    unfinished = file.with_name(f".{file.name}.unfinished")
    if set(names) == set(known) and not unfinished.exists():
        return f"The {len(names)} networks have not changed."
    unfinished.touch()
    replace(file, with_networks(before, names))
    try:
        reload(nginx)
    except BaseException:
        replace(file, before)
        raise
    unfinished.unlink()
    added, gone = len(set(names) - set(known)), len(set(known) - set(names))
    return f"nginx has {len(names)} networks now: {added} added, {gone} removed."


def with_networks(text: str, names: list[str]) -> str:
    """Return the text of the file with these networks in place of the old ones."""
    first = LINE.search(text)
    start = first.start() if first else len(text)
    lines = "".join(f"set_real_ip_from {name};\n" for name in names)
    return text[:start] + lines + LINE.sub("", text[start:])


def replace(file: Path, text: str) -> None:
    """Replace a file, so that a reader sees the old or the new text and never a part."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".", delete=False) as new:
        try:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
            shutil.copymode(file, new.name)
            Path(new.name).replace(file)
        except BaseException:
            Path(new.name).unlink()
            raise


def reload(nginx: list[str]) -> None:
    """Check nginx' configuration and reload it; raise Refused or OSError if that fails."""
    if problem := run(nginx, "-t") or run(nginx, "-s", "reload"):
        raise Refused(f"nginx was not reloaded: {problem}.")


def run(nginx: list[str], *arguments: str) -> str:
    """Run nginx; return an empty text, or what is wrong."""
    command = [*nginx, *arguments]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - the operator's command
    if ran.returncode == 0:
        return ""
    found = re.findall(r"\[(?:emerg|error|alert)\] (?:\d+#\d+: )?(.*)", ran.stderr)
    return str(found[-1] if found else ran.stderr.strip() or f"exit status {ran.returncode}")


def main() -> int:
    """Read the command line, and print one sentence."""
    home = "https://www.cloudflare.com"
    parser = argparse.ArgumentParser(
        description="Keep nginx' list of Cloudflare's networks current."
    )
    parser.add_argument("--file", type=Path, default=FILE, help="the file that nginx includes")
    parser.add_argument("--ipv4", default=f"{home}/ips-v4", help="the URL of the IPv4 networks")
    parser.add_argument("--ipv6", default=f"{home}/ips-v6", help="the URL of the IPv6 networks")
    parser.add_argument("--nginx", default="nginx", help="the command that runs nginx")
    given = parser.parse_args()
    try:
        said = update(given.file, {4: given.ipv4, 6: given.ipv6}, shlex.split(given.nginx))
    except (Refused, OSError) as problem:
        sys.stderr.write(f"Nothing was changed: {problem}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
