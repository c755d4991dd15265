"""Networks: homes, a campus, mobile carriers, VPNs and clouds, and which addresses they give."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from benchmarks.anomalies.chance import chance, happens
from benchmarks.anomalies.terms import DAY

if TYPE_CHECKING:
    from random import Random

Blocks = tuple[str, ...]


class Network(Protocol):
    """Something that gives a device an address."""

    def address(self, rng: Random, at: float) -> str:
        """Return the address of a connection that is opened at this time."""


@dataclass(frozen=True)
class Home:
    """A connection whose provider changes its address from time to time, and perhaps gives IPv6."""

    name: str
    pool: Blocks
    lease: float  # seconds
    ipv6: bool

    def address(self, rng: Random, at: float) -> str:
        """Return the IPv6 address of the day, or the IPv4 address that the household shares."""
        four, prefix = _lease(self.name, self.pool, int(at // self.lease))
        if self.ipv6 and happens(rng, 0.8):
            return f"{prefix}{_suffix(self.name, int(at // DAY))}"
        return four


@dataclass(frozen=True)
class Shared:
    """Many users behind few addresses: a campus, a dormitory, a cafe, a hotel, a VPN's exit."""

    blocks: Blocks
    width: int  # addresses in use in each block

    def address(self, rng: Random, at: float) -> str:  # noqa: ARG002 - of the protocol
        """Return one of the addresses."""
        return f"{rng.choice(self.blocks)}.{10 + rng.randrange(self.width)}"


@dataclass(frozen=True)
class Carrier:
    """A mobile network, where each connection may get another address of many blocks."""

    blocks: Blocks
    prefixes: Blocks

    def address(self, rng: Random, at: float) -> str:  # noqa: ARG002 - of the protocol
        """Return an address of the carrier's NAT, or an IPv6 address."""
        if happens(rng, 0.5):
            return f"{rng.choice(self.prefixes)}:{_group(rng)}::{_group(rng)}:{_group(rng)}"
        return f"{rng.choice(self.blocks)}.{1 + rng.randrange(254)}"


@dataclass(frozen=True)
class Networks:
    """The networks that the people of a world share."""

    campus: Shared
    dormitory: Shared
    carriers: tuple[Carrier, ...]
    providers: tuple[Blocks, ...]
    cloud: Shared

    def home(self, rng: Random, name: str) -> Home:
        """Return a household; some providers keep an address for months, some for a day."""
        pool = rng.choice(self.providers)
        region = tuple(rng.sample(pool, rng.choice((1, 4, 30))))
        return Home(name, region, DAY * rng.choice((1, 7, 30, 200)), happens(rng, 0.45))


def networks(seed: int) -> Networks:
    """Return the networks of a world."""
    rng = chance(seed, "networks")
    carriers = tuple(Carrier(blocks(rng, 16, 3), prefixes(rng, 8)) for _ in range(3))
    return Networks(
        campus=Shared(blocks(rng, 1), 60),
        dormitory=Shared(blocks(rng, 1), 20),
        carriers=carriers,
        providers=tuple(blocks(rng, 200, 10) for _ in range(4)),
        cloud=Shared(blocks(rng, 80, 30), 200),
    )


def somewhere(rng: Random) -> Shared:
    """Return a network that nobody uses yet: a cafe, a hotel, or an attacker's server."""
    return Shared(blocks(rng, 1), 4)


def blocks(rng: Random, number: int, ranges: int = 0) -> Blocks:
    """Return random /24 blocks, without their last part, in this many /16 ranges."""
    owned = [f"{rng.randint(20, 99)}.{rng.randrange(256)}" for _ in range(ranges or number)]
    return tuple(f"{owned[n % len(owned)]}.{rng.randrange(256)}" for n in range(number))


def prefixes(rng: Random, number: int) -> Blocks:
    """Return random /48 prefixes of one provider."""
    provider = f"2a0{rng.randrange(10)}:{_group(rng)}"
    return tuple(f"{provider}:{_group(rng)}" for _ in range(number))


@lru_cache(maxsize=65536)
def _lease(name: str, pool: Blocks, number: int) -> tuple[str, str]:
    rng = chance(name, number)
    four = f"{rng.choice(pool)}.{1 + rng.randrange(254)}"
    # A provider's /48 prefixes belong to a region, as its IPv4 blocks do.
    region = chance(rng.choice(pool))
    return four, f"2a02:{_group(chance(pool))}:{_group(region)}:{_group(rng)}"


@lru_cache(maxsize=65536)
def _suffix(name: str, day: int) -> str:
    rng = chance(name, "suffix", day)
    return f":{_group(rng)}:{_group(rng)}:{_group(rng)}:{_group(rng)}"


def _group(rng: Random) -> str:
    return f"{rng.randint(0x1000, 0xFFFF):x}"
