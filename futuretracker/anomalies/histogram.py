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
PRIOR: Final = 10  # values; where there are fewer, those of the population are added


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
        """Return a quantile, linear within its bucket; 0 without any values.

        The prior decides where there is nothing else. Each value takes from its weight, and after
        ten values nothing is left of it.
        """
        weights: dict[int, float] = dict(self.weights)
        room = PRIOR * UNIT - sum(weights.values())
        if prior is not None and room > 0 and prior.weights:
            factor = room / sum(prior.weights.values())
            for bucket, weight in prior.weights.items():
                weights[bucket] = weights.get(bucket, 0) + weight * factor
        left = share * sum(weights.values())
        for bucket in sorted(weights):
            if left <= weights[bucket]:
                low, high = (1 << bucket) >> 1, (1 << bucket) - 1
                return low + (high - low) * left / weights[bucket]
            left -= weights[bucket]
        return 0.0

    def dump(self) -> str:
        """Return the weights as text: the bucket in base 36, the weight in base 16, a point."""
        return "".join(f"{_DIGITS[b]}{w:x}." for b, w in sorted(self.weights.items()))

    @classmethod
    def load(cls, text: str) -> Self:
        """Return the histogram that ``dump`` has written."""
        return cls({int(part[0], 36): int(part[1:], 16) for part in text.split(".") if part})


_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
