"""Make RSA keys as Infineon's faulty library did (ROCA, CVE-2017-15361)."""

from __future__ import annotations

import secrets
from math import prod

from cryptography.hazmat.primitives.asymmetric import rsa

E = 65_537
# The product of the primes up to 701, as for keys of 2048 bits.
PRIMORIAL = prod(n for n in range(2, 702) if all(n % divisor for divisor in range(2, n)))


def predictable_key() -> rsa.RSAPrivateKey:
    """Return a key of 2048 bits; both primes are ``k * PRIMORIAL + 65537**a % PRIMORIAL``."""
    p, q = predictable_prime(), predictable_prime()
    d = pow(E, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(E, p * q),
    )
    return numbers.private_key()


def predictable_prime() -> int:
    """Return a prime of 1024 bits whose two highest bits are set."""
    lowest, highest = (3 << 1022) // PRIMORIAL + 1, (1 << 1024) // PRIMORIAL - 1
    while True:
        factor = lowest + secrets.randbelow(highest - lowest)
        number = factor * PRIMORIAL + pow(E, secrets.randbits(64), PRIMORIAL)
        if pow(2, number - 1, number) == 1 and (number - 1) % E:
            return number
