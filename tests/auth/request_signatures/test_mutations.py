"""Any change of what a signature covers is refused, with a reason and no other exception."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from futuretracker.auth.request_signatures import BadSignature, signature_of
from tests.auth.request_signatures.signing import ALGORITHMS, NOW, Request, change, check, sign

PARTS = (
    "method", "authority", "path", "query", "body",
    "content-type", "content-digest", "signature-input", "signature",
)  # fmt: skip
# Characters that mean something here come more often than in arbitrary text.
CHARACTERS = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from('/?#&=%:;,"\\() \n0A'))
)


@st.composite
def mutations(draw: st.DrawFn, text: str) -> str:
    """The text with one slice replaced."""
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(start + 4, len(text))))
    return text[:start] + draw(CHARACTERS) + text[end:]


@given(data=st.data(), algorithm=st.sampled_from(ALGORITHMS), part=st.sampled_from(PARTS))
def test_a_mutation_is_refused(data: st.DataObject, algorithm: str, part: str) -> None:
    request = sign(Request(), algorithm)
    check(request, algorithm)
    old = request.body.decode() if part == "body" else vars(request).get(part)
    old = request.headers[part] if old is None else old
    new = data.draw(mutations(old))
    assume(new != old)
    change(request, part, new)

    with pytest.raises(BadSignature, match=r"^signature-[a-z-]+$"):
        check(request, algorithm)


@given(given=st.text(), signature=st.text())
def test_arbitrary_headers_are_refused(given: str, signature: str) -> None:
    with pytest.raises(BadSignature, match=r"^signature-[a-z-]+$"):
        signature_of({"signature-input": given, "signature": signature}, NOW)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_byte_of_a_signature_counts(algorithm: str) -> None:
    request = sign(Request(), algorithm)
    text = request.headers["signature"]
    for position in range(len("sig=:"), len(text)):
        request.headers["signature"] = (
            text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        )
        with pytest.raises(BadSignature, match=r"signature-(invalid|malformed)"):
            check(request, algorithm)
