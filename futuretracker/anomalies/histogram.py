"""Histograms that forget.

Quantile libraries keep what they have seen forever, or need kilobytes for one distribution. A
profile has many distributions, two kilobytes, and has to follow people whose habits change.
So this is ours: buckets whose bounds double, with weights that halve every four weeks.
"""

from __future__ import annotations

from typing import Final, Self

UNIT: Final = 10  # the weight of one value; weights are integers, so that storing loses nothing
LARGEST: Final = 0xFFFF  # of a weight
BUCKETS: Final = 32  # bucket b has the values below 2 ** b that bucket b - 1 does not have
HALF_LIFE: Final = 4  # weeks
PRIOR: Final = 10  # values that the population's histogram counts for


class Histogram:
    """How often a quantity had which size, lately."""

    __slots__ = ("weights",)

    def __init__(self, weights: dict[int, int] | None = None) -> None:
        self.weights = weights or {}

    def add(self, value: float) -> None:
        """Add one value."""
        bucket = min(int(value).bit_length(), BUCKETS)
        weight = self.weights[bucket] = self.weights.get(bucket, 0) + UNIT
        if weight > LARGEST:
            self.scale(0.5)

    def scale(self, factor: float) -> None:
        """Multiply the weights. Small ones become 0, so that rare values are forgotten too."""
        scaled = ((bucket, int(weight * factor)) for bucket, weight in self.weights.items())
        self.weights = {bucket: weight for bucket, weight in scaled if weight}

    def total(self) -> float:
        """Return how many values there are, old ones counting less."""
        return sum(self.weights.values()) / UNIT

    def quantile(self, share: float, prior: Histogram | None = None) -> float:
        """Return the upper bound of the bucket that has the quantile; 0 without any values.

        The prior counts like a few values. It decides where there is little else, and its part
        shrinks with each value.
        """
        weights: dict[int, float] = dict(self.weights)
        if prior is not None and (total := prior.total()):
            for bucket, weight in prior.weights.items():
                weights[bucket] = weights.get(bucket, 0) + weight * min(1, PRIOR / total)
        left = share * sum(weights.values())
        for bucket in sorted(weights):
            left -= weights[bucket]
            if left <= 0:
                return float(2**bucket - 1)
        return 0.0

    def dump(self) -> str:
        """Return the weights as text: the bucket in base 36, the weight in base 16, a point."""
        return "".join(f"{_DIGITS[b]}{w:x}." for b, w in sorted(self.weights.items()))

    @classmethod
    def load(cls, text: str) -> Self:
        """Return the histogram that ``dump`` has written."""
        return cls({int(part[0], 36): int(part[1:], 16) for part in text.split(".") if part})


_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
