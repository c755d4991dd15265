"""A real fail2ban bans and unbans real addresses, with nftables and in nginx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.deploy.fail2ban.host import bare_host, host, install
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.deploy.fail2ban.host import Host

pytestmark = pytest.mark.needs("curl", "fail2ban", "ip", "namespaces", "nft", "nginx")
FLOODS, TOKENS, SCANNERS = (f"futuretracker-{name}" for name in ("floods", "tokens", "scanners"))
# Two addresses of one /56 network, which nginx writes differently, and one of the next network.
SAME, OTHER, NEIGHBOUR = "2001:db8::7", "2001:db8:0:ff::8", "2001:db8:0:100::7"
CLOUDFLARE, BALANCER = "173.245.48.9", "10.0.0.5"
# Small limits, a path that returns 401 without the service, and the addresses of Cloudflare's
# clients.
CHANGES = {
    "burst=8000": "burst=1",
    "rate=100r/s": "rate=1r/m",
    "    # Metrics are": "location /x/me { return 401; }\n    # Metrics are",
    "# include futuretracker/real-ip-c": "include futuretracker/real-ip-c",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host(tmp_path_factory.mktemp("host"), CHANGES) as it:
        for address in (OTHER, NEIGHBOUR):
            it.run(f"ip address add {address}/128 dev lo nodad")
        yield it


def banned_by_nginx(it: Host) -> dict[str, list[str]]:
    """Return the clients that nginx refuses, and the jails that ban each of them."""
    found = it.run("cd /run/futuretracker-banned && find . -mindepth 2 -maxdepth 2 -type d")
    clients: dict[str, list[str]] = {}
    for line in sorted(found.split()):
        _, client, jail = line.split("/")
        clients.setdefault(client, []).append(jail)
    return clients


def banned_by_nft(it: Host, jail: str, family: str = "") -> str:
    """Return what nftables drops for a jail."""
    listed = it.run(f"nft list set inet f2b-table addr{family}-set-{jail}", check=False)
    return listed.partition("elements = {")[2].partition("}")[0].strip()


def flood(it: Host, source: str, *options: str) -> list[str]:
    """Send requests at the same time, because nginx refuses them slowly."""
    together = ("--http1.1", "--parallel", "--parallel-immediate", "--parallel-max", "80")
    return it.ask(source, "/healthz", *together, *options, times=210)


def logged(it: Host, event: str) -> bool:
    """Return whether fail2ban has logged this, such as ``Ban 203.0.113.7``."""
    return f"] {event}\n" in it.run("cat /var/log/fail2ban.log")


def scan(it: Host, source: str, *options: str) -> list[str]:
    return it.ask(source, "/metrics/wp-login.php", *options, times=6)


@pytest.mark.parametrize(
    ("jail", "source", "attack"),
    [
        (FLOODS, "203.0.113.21", flood),
        (SCANNERS, "203.0.113.22", scan),
        (TOKENS, "203.0.113.23", lambda it, source: it.ask(source, "/x/me", times=310)),
    ],
)
def test_an_attacker_is_banned_and_nobody_else(
    running: Host, jail: str, source: str, attack: Callable[[Host, str], object]
) -> None:
    running.run(f"fail2ban-client set {SCANNERS} bantime 600")
    attack(running, source)
    wait_for(lambda: source in running.banned(jail))
    wait_for(lambda: source in banned_by_nft(running, jail))

    assert running.ask(source, "/metrics") == ["000"]
    assert banned_by_nginx(running)[source] == [jail]
    assert running.ask("203.0.113.250", "/metrics") != ["000"]

    running.run(f"fail2ban-client set {jail} unbanip {source}")
    assert running.ask(source, "/metrics") in (["404"], ["429"])
    assert source not in banned_by_nginx(running)
    assert source not in running.run("nft list ruleset")


def test_the_addresses_of_an_ipv6_network_count_and_are_banned_as_one(running: Host) -> None:
    """The jail bans after five requests, and each address sends three."""
    running.run(f"fail2ban-client set {SCANNERS} bantime 600")
    for source in (SAME, OTHER):
        running.ask(source, "/metrics/wp-login.php", times=3)
    wait_for(lambda: banned_by_nft(running, SCANNERS, "6") == "2001:db8::/56")

    assert banned_by_nginx(running)["2001:db8:0:00::"] == [SCANNERS]
    assert running.ask(SAME, "/metrics") == running.ask(OTHER, "/metrics") == ["000"]
    assert running.ask(NEIGHBOUR, "/metrics") != ["000"]

    running.run(f"fail2ban-client set {SCANNERS} unbanip 2001:db8::/56")
    for source in (SAME, OTHER):
        assert running.ask(source, "/metrics") != ["000"]
    assert "2001:db8:0:00::" not in banned_by_nginx(running)
    assert banned_by_nft(running, SCANNERS, "6") == ""


@pytest.mark.parametrize("first", [SAME, OTHER, "2001:db8::/56"])
def test_a_network_stays_banned_until_the_bans_of_all_its_addresses_end(
    running: Host, first: str
) -> None:
    all_of_them = (SAME, OTHER, "2001:db8::/56")
    for each in all_of_them:
        running.run(f"fail2ban-client set {FLOODS} banip {each}")
    wait_for(lambda: running.run("ls /run/futuretracker-banned/*/*").count("\n") >= 3)
    rest = [each for each in all_of_them if each != first]
    for ended, after in ((first, "000"), (rest[0], "000"), (rest[1], "")):
        running.run(f"fail2ban-client set {FLOODS} unbanip {ended}")
        is_banned = after == "000"
        assert (banned_by_nft(running, FLOODS, "6") == "2001:db8::/56") == is_banned
        assert ("2001:db8:0:00::" in banned_by_nginx(running)) == is_banned
        for source in (SAME, OTHER):
            assert (running.ask(source, "/metrics", "--max-time", "1") == ["000"]) == is_banned

    assert "ERROR" not in running.run("cat /var/log/fail2ban.log")


@pytest.mark.parametrize("network", ["2001:db8::/48", "203.0.113.0/24"])
def test_a_larger_network_cannot_be_banned_by_hand(running: Host, network: str) -> None:
    running.run(f"fail2ban-client set {FLOODS} banip {network}")
    wait_for(lambda: "Name an address, or its /56" in running.run("cat /var/log/fail2ban.log"))

    assert running.ask(NEIGHBOUR, "/metrics") != ["000"]
    assert banned_by_nginx(running) == {}
    running.run(f"fail2ban-client set {FLOODS} unbanip {network}", check=False)


def test_a_ban_ends_by_itself(running: Host) -> None:
    source = "203.0.113.31"
    running.run(f"fail2ban-client set {SCANNERS} bantime 3")
    scan(running, source)
    for event in ("Ban", "Unban"):
        wait_for(lambda event=event: logged(running, f"{event} {source}"))

    wait_for(lambda: source not in running.banned(SCANNERS))
    wait_for(lambda: source not in running.run("nft list ruleset; ls /run/futuretracker-banned"))
    assert running.ask(source, "/metrics") != ["000"]


def test_an_address_in_two_jails_stays_banned_until_both_bans_end(running: Host) -> None:
    source = "203.0.113.41"
    running.run(f"fail2ban-client set {SCANNERS} bantime 600")
    for jail in (FLOODS, SCANNERS):
        running.run(f"fail2ban-client set {jail} banip {source}")
    ls = f"ls /run/futuretracker-banned/{source}"
    wait_for(lambda: running.run(ls, check=False).split() == [FLOODS, SCANNERS])
    running.run(f"fail2ban-client set {FLOODS} unbanip {source}")
    assert running.run(ls).split() == [SCANNERS]
    assert running.ask(source, "/metrics") == ["000"]
    running.run(f"fail2ban-client set {SCANNERS} unbanip {source}")

    assert running.ask(source, "/metrics") != ["000"]


@pytest.mark.parametrize("source", [CLOUDFLARE, BALANCER])
def test_a_proxy_is_never_banned(running: Host, source: str) -> None:
    flood(running, source)
    scan(running, source)
    # fail2ban reads the log in order. So when it bans a later client, it has read these lines.
    later = "203.0.113.51" if source == CLOUDFLARE else "203.0.113.52"
    scan(running, later)
    wait_for(lambda: logged(running, f"Ban {later}"))

    assert f"Ignore {source}" in running.run("cat /var/log/fail2ban.log")
    assert not logged(running, f"Ban {source}")
    assert running.ask(source, "/metrics") != ["000"]


def test_a_client_of_cloudflare_is_banned_and_cloudflare_is_not(running: Host) -> None:
    """Its packets come from Cloudflare. nginx refuses it by the address in Cloudflare's header."""
    client = ("-H", "CF-Connecting-IP: 203.0.113.61")
    other = ("-H", "CF-Connecting-IP: 203.0.113.62")
    running.run(f"fail2ban-client set {SCANNERS} bantime 600")
    scan(running, CLOUDFLARE, *client)
    ls = "ls /run/futuretracker-banned/203.0.113.61"
    wait_for(lambda: running.run(ls, check=False) == f"{SCANNERS}\n")

    assert running.ask(CLOUDFLARE, "/metrics", *client) == ["000"]
    assert running.ask(CLOUDFLARE, "/metrics", *other) != ["000"]
    running.run(f"fail2ban-client set {SCANNERS} unbanip 203.0.113.61")
    assert running.ask(CLOUDFLARE, "/metrics", *client) != ["000"]


def test_a_stop_of_fail2ban_ends_its_bans(running: Host) -> None:
    """After a restart, fail2ban bans those again that it remembers."""
    source = "203.0.113.71"
    running.run(f"fail2ban-client set {FLOODS} banip {source}")
    wait_for(lambda: source in running.run("nft list ruleset"))
    running.run(f"fail2ban-client stop {FLOODS}")

    wait_for(lambda: running.ask(source, "/metrics") != ["000"])
    assert source not in running.run("ls /run/futuretracker-banned")


def test_debians_own_configuration_needs_our_line_for_sshd(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Debian 12 has no /var/log/auth.log, and a jail without its log file is an error."""
    with bare_host(tmp_path_factory.mktemp("bare")) as it:
        before = it.run("fail2ban-client -t", check=False)
        it.run("touch /var/log/nginx/futuretracker-api.access.log")
        install(it)
        after = it.run("fail2ban-client -t", check=False)

    assert "log file for sshd jail" in before
    assert "OK: configuration test is successful" in after
