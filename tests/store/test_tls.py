"""``rediss://``: the store over TLS, with a certificate that the client verifies."""

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
    """Terminate TLS in front of a port, because the Valkey of the tests has no TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):  # the listener is closed
                while True:
                    client, _ = listener.accept()
                    with suppress(ssl.SSLError):  # the client does not trust the certificate
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
    """The URL of a Valkey behind TLS, and the certificate of its authority."""
    files = certify("127.0.0.1", tmp_path)
    with servers.valkey() as (url, _pid), tls(files, int(url.rpartition(":")[2])) as port:
        yield f"rediss://127.0.0.1:{port}", files.authority


def test_counters_and_values_are_shared_over_tls(
    addresses: tuple[str, Path],
) -> None:
    url, authority = addresses
    one, other = (open_store(f"{url}?ssl_ca_certs={authority}") for _ in range(2))
    one.put("name", b"value", 60)
    one.visit([HIT])

    assert other.visit([HIT], ["name"]).windows[0].hits == 2
    assert other.visit([HIT], ["name"]).values == [b"value"]
    assert other.check()


def test_a_server_with_an_untrusted_certificate_is_not_used(
    addresses: tuple[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    url, _authority = addresses
    store = open_store(url)

    assert not store.check()
    assert store.visit([HIT]).windows[0].hits == 1
    assert [record.message for record in caplog.records] == [
        "shared store unavailable, rate limits are counted per process"
    ]
