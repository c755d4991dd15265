"""Files to import and exports pass through the proxy: whole, up to the limit, and in parts."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from futuretracker.web.request import MAX_FILE
from tests.deploy.edge.test_errors import check
from tests.deploy.edge.upstream import PART, receive_head, send_part
from tests.deploy.edge.visitor import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.edge.conftest import Begin
    from tests.deploy.edge.visitor import Edge

IMPORT = "/api/v1/opportunities/import?dry_run=true"
CSV = {"Content-Type": "text/csv"}
LARGEST = "The request body must not exceed 5 MiB"


def file_of(size: int) -> bytes:
    """Return a file with 1,000 opportunities, and a long column that is ignored."""
    rows = [f"Opportunity {number}," for number in range(1000)]
    each, rest = divmod(size - len("title,x\n") - sum(len(row) + 1 for row in rows), len(rows))
    lines = [row + "x" * (each + (number < rest)) for number, row in enumerate(rows)]
    return "".join(f"{line}\n" for line in ("title,x", *lines)).encode()


@pytest.mark.parametrize("size", [MAX_FILE - 1000, MAX_FILE])
def test_a_file_of_five_mib_is_imported(edge: Edge, token: str, size: int) -> None:
    file = file_of(size)
    assert len(file) == size

    response = edge.request("POST", IMPORT, token=token, body=file, headers=CSV)

    assert response.status == 200, response.body
    assert (response.json["created"], response.json["ignoredColumns"]) == (1000, ["x"])


def test_a_larger_file_gets_a_413(edge: Edge, token: str) -> None:
    file = file_of(MAX_FILE + 1)

    response = edge.request("POST", IMPORT, token=token, body=file, headers=CSV)

    check(response, 413, "Payload Too Large", "payload_too_large")
    assert response.json["message"] == LARGEST


def test_a_larger_file_in_chunks_gets_a_413(edge: Edge, token: str) -> None:
    pieces = b"%x\r\n%s\r\n0\r\n\r\n" % (MAX_FILE + 1, file_of(MAX_FILE + 1))
    head = f"POST {IMPORT} HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Bearer {token}\r\n"
    head += "Content-Type: text/csv\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    said = edge.raw(head.encode() + pieces, until=60)

    assert said.startswith(b"HTTP/1.1 413 ")
    assert f'"message": "{LARGEST}"'.encode() in said


def test_an_export_arrives_before_it_is_complete(begin: Begin, tmp_path: Path) -> None:
    socket_file = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_file))
        listener.listen()
        with begin(socket_file=socket_file) as edge, closing(edge.connect()) as client:
            client.sendall(f"GET /api/v1/export HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
            upstream = receive_head(listener)
            with closing(upstream):
                send_part(upstream, b"a" * PART)
                received = b""
                while b"aaaa" not in received:
                    received += client.recv(65536)
                send_part(upstream, b"the end")
                send_part(upstream, b"")
                while b"the end" not in received:
                    received += client.recv(65536)

    assert received.startswith(b"HTTP/1.1 200 ")
