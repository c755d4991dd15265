"""Ask a host for the service's health by its address, past the proxy in front of it."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from contextlib import closing
from enum import Enum, auto
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from futuretracker.checks.probes.exchange import WITHIN
from futuretracker.config.checks import USER_AGENT


class Outcome(Enum):
    """What a host does with a request."""

    CLOSED = auto()  # there is no connection
    REFUSED = auto()  # there is one, but no response of the service
    SERVED = auto()


# nginx returns 400 to a client without the right certificate, unless it is told otherwise.
REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST}


def try_origin(place: tuple[str, int], host: str, path: str, *, certificate: bool) -> Outcome:
    """Send one request for ``host`` to this address and port.

    With ``certificate`` it shows a client certificate that nobody has signed.
    """
    try:
        sock = socket.create_connection(place, timeout=WITHIN)
    except OSError:
        return Outcome.CLOSED
    with sock:
        try:
            status = _status(sock, host, path, _context(certificate=certificate))
        except (OSError, HTTPException):
            return Outcome.REFUSED
    return Outcome.REFUSED if status in REFUSALS else Outcome.SERVED


def _status(sock: socket.socket, host: str, path: str, context: ssl.SSLContext) -> int:
    with closing(HTTPConnection(host, timeout=WITHIN)) as connection:
        connection.sock = context.wrap_socket(sock, server_hostname=host)
        sent = {"User-Agent": USER_AGENT, "Connection": "close"}
        connection.request("GET", path, headers=sent)
        return connection.getresponse().status


def _context(*, certificate: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    # The origin may have a certificate that only Cloudflare trusts, and nothing secret is sent.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        with TemporaryDirectory(prefix="futuretracker-check-") as folder:
            file = Path(folder) / "client.pem"
            file.touch(mode=0o600)
            file.write_bytes(_self_signed())
            context.load_cert_chain(file)
    return context


def _self_signed() -> bytes:
    """Return a new key and a certificate for it that it has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, USER_AGENT)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(encoding)
