"""The script that keeps Cloudflare's networks current, with a real nginx."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from tests.deploy.cloudflare.conftest import listed
from tests.deploy.edge.visitor import logged_ip
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.deploy.cloudflare.conftest import Host
    from tests.support.servers import Service


def test_the_same_networks_in_another_order_change_nothing(host: Host) -> None:
    inode = host.file.stat().st_ino
    host.lists.set(listed(4)[::-1], [*listed(6), listed(6)[0], ""])
    done = host.update()

    assert (done.returncode, done.stdout) == (0, "The 22 networks have not changed.\n")
    assert (host.file.stat().st_ino, host.asked()) == (inode, [])


def test_new_networks_are_used_and_old_ones_are_not(host: Host, service: Service) -> None:
    """The address of the test's client stands in the file in place of one of Cloudflare's."""
    trusted, says = "127.0.66.1", {"CF-Connecting-IP": "203.0.113.9"}
    text = host.file.read_text().replace(f"{listed(4)[0]};", "127.0.66.0/24;")
    host.file.write_text(text)
    host.file.chmod(0o640)
    done = host.update()

    assert done.stdout == "nginx has 22 networks now: 1 added, 1 removed.\n", done.stderr
    assert host.asked() == ["-t", "-s reload"]
    # An old process may still accept a connection.
    wait_for(lambda: logged_ip(host.edge, service, trusted, says) == trusted)
    written = host.file.read_text()
    assert written == text.replace("127.0.66.0/24", listed(4)[0])
    assert os.stat(host.file).st_mode & 0o777 == 0o640  # noqa: PTH116
    assert [file.name for file in host.file.parent.glob(".*")] == []


def test_lines_that_are_no_networks_stay(host: Host) -> None:
    own = "# Our own line.\nreal_ip_recursive on;\n"
    host.file.write_text(host.file.read_text() + own)
    host.lists.set([*listed(4)[1:], "8.8.8.0/24"], listed(6))
    done = host.update()

    assert done.returncode == 0, done.stderr
    written = host.file.read_text()
    assert written.endswith(own)
    assert written.startswith("# For hosts behind Cloudflare")
    assert "set_real_ip_from 8.8.8.0/24;" in written
    assert f"set_real_ip_from {listed(4)[0]};" not in written


def test_a_wrong_configuration_keeps_the_old_list(host: Host) -> None:
    before = host.file.read_text()
    site = host.folder / "sites-enabled/futuretracker-api"
    site.write_text(site.read_text().replace("limit_conn ", "limit_con ", 1))
    host.lists.set([*listed(4), "8.8.8.0/24"], listed(6))
    done = host.update()

    assert done.returncode == 1
    assert done.stderr.startswith(
        'Nothing was changed: nginx was not reloaded: unknown directive "limit_con" in '
    )
    assert done.stderr.count("\n") == 1
    assert host.file.read_text() == before
    assert host.asked() == ["-t"]


def test_a_reload_that_fails_is_tried_again(host: Host) -> None:
    before = host.file.read_text()
    pid = host.folder / "nginx.pid"
    pid.rename(host.folder / "away.pid")
    host.lists.set([*listed(4), "8.8.8.0/24"], listed(6))
    failed = host.update()

    assert failed.returncode == 1
    assert "Nothing was changed: nginx was not reloaded: " in failed.stderr
    assert host.file.read_text() == before
    (host.folder / "away.pid").rename(pid)
    assert host.update().stdout == "nginx has 23 networks now: 1 added, 0 removed.\n"


def test_an_nginx_that_cannot_be_run_keeps_the_old_list(host: Host) -> None:
    before = host.file.read_text()
    host.lists.set([*listed(4), "8.8.8.0/24"], listed(6))
    failed = host.update("--nginx", "/no/nginx")

    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == (
        "Nothing was changed: [Errno 2] No such file or directory: '/no/nginx'\n"
    )
    assert host.file.read_text() == before
    assert host.update().stdout == "nginx has 23 networks now: 1 added, 0 removed.\n"


def test_the_run_after_a_kill_reloads_nginx(host: Host) -> None:
    """nginx kills the script that runs it, so the file is new and nginx has the old networks."""
    kills = host.folder / "kills"
    kills.write_text("#!/bin/sh\nkill -KILL $PPID\n")
    kills.chmod(0o755)
    host.lists.set([*listed(4), "8.8.8.0/24"], listed(6))
    killed = host.update("--nginx", str(kills))

    assert killed.returncode == -signal.SIGKILL
    assert "set_real_ip_from 8.8.8.0/24;" in host.file.read_text()
    assert host.update().stdout == "nginx has 23 networks now: 0 added, 0 removed.\n"
    assert host.asked() == ["-t", "-s reload"]
    assert host.update().stdout == "The 23 networks have not changed.\n"
    assert host.asked() == ["-t", "-s reload"]
