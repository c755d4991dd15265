"""What the script refuses, each with one sentence and nothing changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.deploy.cloudflare.conftest import listed

if TYPE_CHECKING:
    from tests.deploy.cloudflare.conftest import Host

# Each mistake in the list of IPv4 or IPv6: the list, and what is said after the URL.
REFUSED: dict[str, tuple[int, list[str], str]] = {
    "empty": (4, [], "is empty."),
    "only empty lines": (6, ["", " "], "is empty."),
    "a page": (4, ["<html>"], "holds '<html>', which is not a network."),
    "a word": (6, ["2606:4700::/32", "sorry"], "holds 'sorry', which is not a network."),
    "an address with bits of a host": (
        4,
        ["173.245.48.1/20"],
        "holds '173.245.48.1/20', which is not a network.",
    ),
    "a setting": (
        4,
        ["173.245.48.0/20; real_ip_header X"],
        "holds '173.245.48.0/20; real_ip_header X', which is not a network.",
    ),
    "everybody": (4, ["0.0.0.0/0"], "holds 0.0.0.0/0, which is wider than /12."),
    "half of everybody": (4, ["128.0.0.0/1"], "holds 128.0.0.0/1, which is wider than /12."),
    "half of everybody in parts": (
        4,
        [f"{first}.0.0.0/8" for first in range(11, 129) if first not in {100, 127}],
        "holds 11.0.0.0/8, which is wider than /12.",
    ),
    "one provider": (4, [*listed(4), "8.0.0.0/8"], "holds 8.0.0.0/8, which is wider than /12."),
    "just too wide": (4, [*listed(4), "8.0.0.0/11"], "holds 8.0.0.0/11, which is wider than /12."),
    "too many addresses": (
        4,
        [*listed(4), "8.0.0.0/12", "9.0.0.0/12"],
        "has more than twice as many addresses as were known until now.",
    ),
    "too many addresses with IPv6": (
        6,
        [*listed(6), "2600::/28"],
        "has more than twice as many addresses as were known until now.",
    ),
    "everybody with IPv6": (6, ["::/0"], "holds ::/0, which is wider than /28."),
    "too wide": (6, ["2600::/27"], "holds 2600::/27, which is wider than /28."),
    "private": (4, ["10.0.0.0/12"], "holds 10.0.0.0/12, which is not on the public internet."),
    "partly private": (
        4,
        ["192.0.0.0/12"],
        "holds 192.0.0.0/12, which is not on the public internet.",
    ),
    "loopback": (4, ["127.0.0.1/32"], "holds 127.0.0.1/32, which is not on the public internet."),
    "local": (6, ["fd00::/32"], "holds fd00::/32, which is not on the public internet."),
    "the other version": (
        4,
        ["2606:4700::/32"],
        "holds 2606:4700::/32, which is not an IPv4 network.",
    ),
    "few": (4, listed(4)[:7], "has 7 networks, but 15 were known until now."),
    "few with IPv6": (6, listed(6)[:3], "has 3 networks, but 7 were known until now."),
    "long": (4, ["173.245.48.0/20"] * 5000, "is longer than 65536 bytes."),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_broken_list_is_refused_and_nothing_changes(mistake: str, host: Host) -> None:
    version, networks, said = REFUSED[mistake]
    before = host.file.read_bytes()
    inode = host.file.stat().st_ino
    host.lists.texts[f"/ips-v{version}"] = "\n".join(networks)
    done = host.update()

    sentence = f"Nothing was changed: {host.lists.url(version)} {said}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)
    assert (host.file.read_bytes(), host.file.stat().st_ino) == (before, inode)
    assert host.asked() == []


def test_a_list_elsewhere_is_not_followed(host: Host) -> None:
    host.lists.texts["/ips-v6"] = None
    done = host.update()

    assert done.returncode == 1
    assert f"{host.lists.url(6)} cannot be read: HTTP Error 302" in done.stderr


def test_a_list_without_tls_is_not_used(host: Host) -> None:
    done = host.update("--ipv4", "http://www.cloudflare.com/ips-v4")

    assert done.stderr == (
        "Nothing was changed: http://www.cloudflare.com/ips-v4 is not an https URL.\n"
    )


def test_a_server_that_is_down_changes_nothing(host: Host) -> None:
    done = host.update("--ipv6", "http://127.0.0.1:9/ips-v6")

    assert done.returncode == 1
    assert done.stderr.startswith("Nothing was changed: http://127.0.0.1:9/ips-v6 cannot be read: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory"),
        ("real_ip_header CF-Connecting-IP;\n", "has no line with set_real_ip_from."),
    ],
)
def test_a_file_that_nginx_does_not_use_is_not_made(
    text: str | None, said: str, host: Host
) -> None:
    host.file.unlink()
    if text:
        host.file.write_text(text)
    done = host.update()

    assert done.returncode == 1
    assert done.stderr.startswith("Nothing was changed: ")
    assert said in done.stderr
    assert host.file.exists() is bool(text)
