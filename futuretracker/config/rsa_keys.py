"""Tell which RSA keys are too weak to sign session tokens."""

from __future__ import annotations

from functools import cache
from math import isqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

MIN_BITS, EXPONENT = 2048, 65_537


def is_strong(key: RSAPublicKey) -> bool:
    """Tell whether the size and the exponent of a key are good enough."""
    return key.key_size >= MIN_BITS and key.public_numbers().e == EXPONENT


def is_predictable(key: RSAPublicKey) -> bool:
    """Tell whether a key was made by a faulty library, so that others can compute it (ROCA).

    Infineon's library made each prime as ``k * M + 65537**a % M``, where M is a product of small
    primes. So the modulus is a power of 65537 modulo each of them. Nemec et al., "The Return of
    Coppersmith's Attack", 2017, section 2. For any other key, the chance of this is 2**-167.
    """
    modulus = key.public_numbers().n
    return all(modulus % prime in powers for prime, powers in _powers_of_65537().items())


@cache
def _powers_of_65537() -> Mapping[int, frozenset[int]]:
    """Return the powers of 65537 modulo each odd prime up to 701.

    These primes divide M for keys of 2048 bits and more.
    """
    primes = (
        number
        for number in range(3, 702, 2)
        if all(number % divisor for divisor in range(3, isqrt(number) + 1, 2))
    )
    return {
        prime: frozenset(pow(EXPONENT, exponent, prime) for exponent in range(prime - 1))
        for prime in primes
    }
