"""A response for a client that reads slowly takes little memory and disk."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

from tests.deploy.edge.upstream import PART, receive_head, send_part
from tests.deploy.edge.visitor import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.edge.conftest import Begin

MIB = 2**20
ALLOWED = {"proxy_max_temp_file_size 64m": "proxy_max_temp_file_size 1m"}
LONG = 64 * MIB  # of this, the buffers of the kernel take some
SILENCE = 3  # seconds after which nginx is taken to wait for the client


def test_nginx_does_not_store_a_long_response_whole(begin: Begin, tmp_path: Path) -> None:
    socket_file = tmp_path / "api.sock"
    taken = 0
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_file))
        listener.listen()
        with (
            begin(socket_file=socket_file, nginx=ALLOWED) as edge,
            closing(edge.connect()) as client,
        ):
            client.sendall(f"GET /api/v1/export HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
            with closing(receive_head(listener)) as upstream:
                upstream.settimeout(SILENCE)
                try:
                    while taken < LONG:
                        send_part(upstream, b"a" * PART)
                        taken += PART
                except OSError:  # nginx takes no more
                    pass

    assert MIB <= taken < LONG // 2
