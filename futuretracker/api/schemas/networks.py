"""Networks that a key may be used from: CIDR notation or single addresses, IPv4 and IPv6."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

from marshmallow import fields

from futuretracker.api.schemas.field_errors import FieldCode, Invalid

LONGEST: Final = 43  # characters of eight groups in IPv6 with a prefix of three digits
MAPPED: Final = IPv6Network("::ffff:0:0/96")  # IPv4 addresses as IPv6 (RFC 4291, 2.5.5.2)
SHOWN: Final = 50  # characters of a wrong network that a message repeats
# `ip_network` also reads netmasks and zone ids, which Postgres does not.
_is_network = re.compile(r"[0-9A-Fa-f:.]{2,39}(/[0-9]{1,3})?").fullmatch


class Networks(fields.Field[list[str]]):
    """At most ``most`` networks. Null means none, so that every address is allowed."""

    def __init__(self, name: str, most: int, **options: Any) -> None:
        super().__init__(allow_none=True, **options)
        self._name = name
        self.most = most

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the networks in their usual form, without host bits; raise Invalid."""
        return super().deserialize([] if value is None else value, *args, **kwargs)

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> list[str]:
        if not isinstance(value, list):
            message = f'{self._name} must be an array of networks such as ["203.0.113.0/24"]'
            raise Invalid(FieldCode.WRONG_TYPE, message)
        if len(value) > self.most:
            message = f"{self._name} must have at most {self.most} networks"
            raise Invalid(FieldCode.TOO_MANY, message, maximum=self.most)
        found: list[str] = []
        for each in value:
            network = str(self._network(each))
            if network in found:
                raise Invalid(FieldCode.REPEATED, f"{self._name}: {network} is given twice")
            found.append(network)
        return found

    def _network(self, value: object) -> IPv4Network | IPv6Network:
        text = value.strip() if isinstance(value, str) else ""
        if not _is_network(text):
            raise self._malformed(value)
        try:
            network = ip_network(text, strict=False)
        except ValueError as error:
            raise self._malformed(value) from error
        if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
            inside = ip_network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
            raise self._suggest(f"{text} is an IPv4 network in IPv6 notation", inside)
        if "/" in text and network != _strict(text):
            raise self._suggest(f"{text} is an address in a network", network)
        return network

    def _malformed(self, value: object) -> Invalid:
        shown = f"{value[:SHOWN]!r}" if isinstance(value, str) else "a value that is no text"
        message = (
            f"{self._name}: {shown} is not an IP address or a network such as 203.0.113.0/24"
            " or 2001:db8::/32"
        )
        return Invalid(FieldCode.BAD_NETWORK, message)

    def _suggest(self, problem: str, network: IPv4Network | IPv6Network) -> Invalid:
        message = f"{self._name}: {problem}; did you mean {network}?"
        return Invalid(FieldCode.BAD_NETWORK, message, suggestion=str(network))


def _strict(text: str) -> IPv4Network | IPv6Network | None:
    """Return the network, or None if the address has bits behind the prefix."""
    try:
        return ip_network(text)
    except ValueError:
        return None
