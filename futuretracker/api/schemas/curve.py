"""Check that a public key of Ed25519 is a point of the curve, and no weak one (RFC 8032, 5.1.3).

The library that verifies signatures accepts any 32 bytes as a key. With a point that is not on the
curve no signature would ever be valid. With a point of small order, signatures can be made without
a private key.
"""

from __future__ import annotations

from typing import Final

P: Final = 2**255 - 19
D: Final = -121665 * pow(121666, -1, P) % P
SIGN: Final = 1 << 255  # the highest bit is the sign of x, the others are y


def is_sound(raw: bytes) -> bool:
    """Return whether 32 bytes are the usual encoding of a point that is not of small order."""
    y = int.from_bytes(raw, "little") & ~SIGN
    if y >= P:
        return False
    square = y * y % P
    x_square = (square - 1) * pow(D * square + 1, -1, P) % P
    return _is_square(x_square) and not _is_of_small_order(square)


def _is_square(number: int) -> bool:
    return pow(number, (P - 1) // 2, P) in (0, 1)


def _is_of_small_order(square: int) -> bool:
    """Return whether the point with this square of y is one of the eight of order 1, 2, 4 or 8."""
    order_8 = (D * square * square + 2 * square - 1) % P == 0  # doubling it makes y zero
    return square in (0, 1) or order_8
