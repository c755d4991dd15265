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


def certify(known_by: str, folder: Path, *, days: float = 1) -> Files:
    """Make an authority and let it certify a server that is known by its address or its name.

    The certificate has so many days left; with fewer than none it ended in the last minutes. It has
    what Python 3.13 asks of one beyond the name.
    """
    files = Files(folder / "ca.crt", folder / "server.crt", folder / "server.key")
    signer, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(signer.public_key())
    authority = (
        _unsigned("the tests' authority", "the tests' authority", signer, 1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .sign(signer, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([_general_name(known_by)])
    certificate = (
        _unsigned("a server of the tests", "the tests' authority", key, days)
        .add_extension(names, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .add_extension(_usage(digital_signature=True), critical=True)
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
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, days: float
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _usage(*, key_cert_sign: bool = False, digital_signature: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(known_by: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(known_by))
    except ValueError:
        return x509.DNSName(known_by)
