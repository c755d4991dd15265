"""The adapter to http-message-signatures, which builds the signature base and verifies it.

By default the library accepts a signature that covers nothing, reads the authority from the URL,
drops the URL's fragment, and ignores further signatures with another tag. So it gets two headers
and the values of the components from here, and this module compares what was covered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    MappingKeyResolver,
)

from futuretracker.auth.request_signatures.profile import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from http_sf.compat import Item

    from futuretracker.auth.request_signatures.keys import Key


@dataclass(frozen=True, slots=True)
class SignedValues:
    """A signature, and the values of the components that it must cover, and no others."""

    key_id: str
    signature_input: str
    signature: str
    values: Mapping[str, str]

    @property
    def headers(self) -> dict[str, str]:
        """The only headers that the library reads."""
        return {"Signature-Input": self.signature_input, "Signature": self.signature}


class _Components:
    """Gives the library the values of the components."""

    def __init__(self, message: SignedValues) -> None:
        self._values = message.values

    def resolve(self, component: Item) -> str:
        """Return a component's value; raise HTTPMessageSignaturesException."""
        name = component.value
        if component.params or not isinstance(name, str) or name not in self._values:
            raise HTTPMessageSignaturesException("The signature covers an unexpected component")
        return self._values[name]


class _Verifier(HTTPMessageVerifier):
    # The caller has checked the times. The library checks `created` and `expires` once more.
    max_clock_skew = timedelta(seconds=TOLERANCE)


def is_valid(signed: SignedValues, key: Key) -> bool:
    """Tell whether the key has signed exactly these values."""
    verifier = _Verifier(
        signature_algorithm=key.algorithm,
        key_resolver=MappingKeyResolver(public_keys={signed.key_id: key.material}, private_keys={}),
        component_resolver_class=_Components,
    )
    try:
        (result,) = verifier.verify(signed, max_age=None)
    except HTTPMessageSignaturesException:
        return False
    covered = {name.strip('"') for name in result.covered_components}
    return covered == {"@signature-params", *signed.values}
