"""A certificate authority for one test run, and the one certificate that it signs."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


class Files(NamedTuple):
    """PEM files: the authority's certificate, a server's certificate, the server's key."""

    authority: Path
    certificate: Path
    key: Path


def certify(known_by: str, folder: Path) -> Files:
    """Make an authority and let it certify a server that is known by its address or its name."""
    files = Files(folder / "ca.crt", folder / "server.crt", folder / "server.key")
    signer, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = (
        _unsigned("the tests' authority", "the tests' authority", signer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(signer, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([_general_name(known_by)])
    certificate = (
        _unsigned("a server of the tests", "the tests' authority", key)
        .add_extension(names, critical=False)
        .sign(signer, hashes.SHA256())
    )
    files.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.touch(mode=0o600)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def _unsigned(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(known_by: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(known_by))
    except ValueError:
        return x509.DNSName(known_by)
