"""``rediss://``: the store behind TLS, and a certificate that is looked at."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from futuretracker.store import Hit, open_store
from tests.support import servers
from tests.support.authority import certify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.authority import Files

HIT = Hit("key", 10, 60)


@contextmanager
def tls(files: Files, port: int) -> Iterator[int]:
    """Speak TLS in front of a port, as the Valkey of the tests is built without it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the listener is closed
                while True:
                    client, _ = listener.accept()
                    with suppress(ssl.SSLError):  # who does not trust it goes again
                        pass_on(context.wrap_socket(client, server_side=True), port)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def pass_on(near: socket.socket, port: int) -> None:
    far = socket.create_connection(("127.0.0.1", port))
    for source, target in ((near, far), (far, near)):
        threading.Thread(target=pump, args=[source, target], daemon=True).start()


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError), source, target:
        while data := source.recv(65536):
            target.sendall(data)


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A real Valkey behind TLS: its URL, and the authority that it is to be trusted for."""
    files = certify("127.0.0.1", tmp_path)
    with servers.valkey() as (url, _pid), tls(files, int(url.rpartition(":")[2])) as port:
        yield f"rediss://127.0.0.1:{port}", files.authority


def test_what_one_process_counts_and_puts_over_tls_another_finds(
    addresses: tuple[str, Path],
) -> None:
    url, authority = addresses
    one, other = (open_store(f"{url}?ssl_ca_certs={authority}") for _ in range(2))
    one.put("name", b"value", 60)
    one.visit([HIT])

    assert other.visit([HIT], ["name"]).windows[0].hits == 2
    assert other.visit([HIT], ["name"]).values == [b"value"]
    assert other.check()


def test_a_server_whose_certificate_is_not_trusted_is_no_store(
    addresses: tuple[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    url, _authority = addresses
    store = open_store(url)

    assert not store.check()
    assert store.visit([HIT]).windows[0].hits == 1
    assert [record.message for record in caplog.records] == [
        "shared store lost, budgets go on per process"
    ]
