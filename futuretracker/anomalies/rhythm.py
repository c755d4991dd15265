"""At which hours of the day and days of the week a subject is active, in UTC."""

from __future__ import annotations

from typing import Final

from futuretracker.anomalies.histogram import LARGEST, UNIT

FEW: Final = 30  # active hours, below which those of the population are added


class Rhythm:
    """Weights of the 24 hours, then of the 7 weekdays from Monday on."""

    __slots__ = ("hours", "weekdays")

    def __init__(self, weights: list[int] | None = None) -> None:
        weights = weights or [0] * 31
        self.hours, self.weekdays = weights[:24], weights[24:]

    def live(self, slot: int) -> None:
        """Note that the subject was active in an hour, counted from the epoch."""
        hour, weekday = slot % 24, _weekday(slot)
        self.hours[hour] += UNIT
        self.weekdays[weekday] += UNIT
        if max(self.hours) > LARGEST:
            self.forget(0.5)

    def forget(self, factor: float) -> None:
        """Multiply the weights."""
        self.hours = [int(weight * factor) for weight in self.hours]
        self.weekdays = [int(weight * factor) for weight in self.weekdays]

    def total(self) -> float:
        """Return in how many hours the subject was active, old ones counting less."""
        return sum(self.hours) / UNIT

    def share(self, slot: int, population: Rhythm, *, knows_weekdays: bool) -> float:
        """Return the share of the active hours that were near this hour of the day.

        A weekday on which the subject is rarely there lowers it, if the subject is known for some
        weeks. The population's hours are added where there are few.
        """
        hours = _blend(self.hours, population.hours)
        weekdays = _blend(self.weekdays, population.weekdays)
        near = sum(hours[(slot + step) % 24] for step in (-1, 0, 1)) / max(1, sum(hours))
        if not knows_weekdays:
            return near
        return near * min(1.0, 7 * weekdays[_weekday(slot)] / max(1, sum(weekdays)))

    def dump(self) -> list[int]:
        """Return what the constructor needs."""
        return [*self.hours, *self.weekdays]


def _weekday(slot: int) -> int:
    return (slot // 24 + 3) % 7  # the epoch began on a Thursday


def _blend(own: list[int], prior: list[int]) -> list[float]:
    factor = max(0, FEW * UNIT - sum(own)) / max(1, sum(prior))
    return [a + b * factor for a, b in zip(own, prior, strict=True)]
