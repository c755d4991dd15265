"""Wrong claims with a valid signature: one wrong claim is enough to refuse the token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.auth.forge import ISSUER, NOT_THERE, ORIGIN, Forge, In
from tests.auth.tokens.conftest import EXTENSION
from tests.auth.tokens.sender import EXPIRED

if TYPE_CHECKING:
    from tests.auth.tokens.sender import TokenSender

pytestmark = pytest.mark.in_process  # the reason of a refusal is in the log

HUGE = 10**2500  # as many digits as a token has room for
CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    **{f"no {name}": ({name: NOT_THERE}, "token-missing-claim") for name in ("exp", "iat", "nbf")},
    **{f"no {name}": ({name: NOT_THERE}, "token-missing-claim") for name in ("iss", "sub", "sid")},
    **{f"{name} null": ({name: None}, "token-missing-claim") for name in ("exp", "iat", "nbf")},
    **{f"{name} null": ({name: None}, "token-missing-claim") for name in ("iss", "sub", "sid")},
    "exp string": ({"exp": "9999999999"}, "token-invalid-times"),
    "exp float": ({"exp": In(60.5)}, "token-invalid-times"),
    "exp 1e308": ({"exp": 1e308}, "token-invalid-times"),
    "exp infinite": ({"exp": float("inf")}, "token-malformed"),
    "exp NaN": ({"exp": float("nan")}, "token-malformed"),
    "exp list": ({"exp": [9999999999]}, "token-malformed"),
    "exp object": ({"exp": {}}, "token-malformed"),
    "exp huge": ({"exp": HUGE}, "token-lifetime"),
    "exp empty": ({"exp": ""}, "token-malformed"),
    "nbf string": ({"nbf": "1"}, "token-invalid-times"),
    "nbf float": ({"nbf": 1.5}, "token-invalid-times"),
    "nbf true": ({"nbf": True}, "token-invalid-times"),
    "nbf false": ({"nbf": False}, "token-invalid-times"),
    "nbf list": ({"nbf": [1]}, "token-malformed"),
    "nbf NaN": ({"nbf": float("nan")}, "token-malformed"),
    "nbf in the future": ({"nbf": In(10)}, "token-not-active-yet"),
    "nbf huge": ({"nbf": HUGE}, "token-not-active-yet"),
    "iat string": ({"iat": "1"}, "token-invalid-times"),
    "iat float": ({"iat": In(-1.5)}, "token-invalid-times"),
    "iat true": ({"iat": True}, "token-invalid-times"),
    "iat list": ({"iat": [1]}, "token-invalid-times"),
    "iat NaN": ({"iat": float("nan")}, "token-invalid-times"),
    "iat in the future": ({"iat": In(10)}, "token-not-active-yet"),
    "lives 601 s": ({"iat": In(0), "exp": In(601)}, "token-lifetime"),
    "lives for years": ({"exp": In(10**8)}, "token-lifetime"),
    "lives since long": ({"iat": 0}, "token-lifetime"),
    "iat negative": ({"iat": -1}, "token-lifetime"),
    "ends as it begins": ({"iat": In(0), "exp": In(0)}, "token-lifetime"),
    "ends before it begins": ({"iat": In(3), "exp": In(-2)}, "token-lifetime"),
    "sub empty": ({"sub": ""}, "token-invalid-sub"),
    "sub int": ({"sub": 1}, "token-malformed"),
    "sub list": ({"sub": ["user_2abc"]}, "token-malformed"),
    "sub object": ({"sub": {"user_2abc": 1}}, "token-malformed"),
    "sub true": ({"sub": True}, "token-malformed"),
    "sub NUL": ({"sub": "user_2abc\0"}, "token-invalid-sub"),
    "sub line feed": ({"sub": "user_2abc\n"}, "token-invalid-sub"),
    "sub spaces": ({"sub": " user_2abc "}, "token-invalid-sub"),
    "sub space inside": ({"sub": "user_2 abc"}, "token-invalid-sub"),
    "sub look-alike": ({"sub": "us\u0435r_2abc"}, "token-invalid-sub"),
    "sub look-alike digit": ({"sub": "user_\u0662abc"}, "token-invalid-sub"),
    "sub full width": ({"sub": "user_2\uff41bc"}, "token-invalid-sub"),
    "sub lone surrogate": ({"sub": "user_2\ud800"}, "token-invalid-sub"),
    "sub 1 KB": ({"sub": "user_" + "a" * 1024}, "token-invalid-sub"),
    "sub prefix alone": ({"sub": "user_"}, "token-invalid-sub"),
    "sub upper case": ({"sub": "USER_2abc"}, "token-invalid-sub"),
    "sub machine": ({"sub": "mch_2abc"}, "token-invalid-sub"),
    "sub organisation": ({"sub": "org_2abc"}, "token-invalid-sub"),
    "sub SQL": ({"sub": "user_2abc' or '1'='1"}, "token-invalid-sub"),
    "sid empty": ({"sid": ""}, "token-invalid-sid"),
    "sid int": ({"sid": 1}, "token-invalid-sid"),
    "sid list": ({"sid": ["sess_2abc"]}, "token-invalid-sid"),
    "sid object": ({"sid": {}}, "token-invalid-sid"),
    "sid true": ({"sid": True}, "token-invalid-sid"),
    "sid of something else": ({"sid": "user_2abc"}, "token-invalid-sid"),
    "sid NUL": ({"sid": "sess_2abc\0"}, "token-invalid-sid"),
    **{
        f"iss {iss!r}": ({"iss": iss}, "token-invalid-issuer")
        for iss in (
            *("https://evil.example", f"{ISSUER}/", f"{ISSUER}.evil.example", f" {ISSUER}", ""),
            *(f"{ISSUER}@evil.example", f"{ISSUER}:443", f"{ISSUER}#", f"{ISSUER}\0", "http"),
            *(ISSUER.replace("https", "http"), ISSUER.upper(), ISSUER.removeprefix("https://")),
            *(ISSUER[:-1], [ISSUER], {ISSUER: 1}, 1, True),
        )
    },
    **{
        f"azp {azp!r}": ({"azp": azp}, "token-invalid-azp")
        for azp in (
            *("https://evil.example", f"{ORIGIN}/", f"{ORIGIN}/path", ORIGIN[:-1], f"{ORIGIN}0"),
            *("null", None, "", "localhost:3000", ORIGIN.replace("http", "https"), ORIGIN.upper()),
            *(f"{ORIGIN}.evil.example", f"{ORIGIN}@evil.example", "http://localhost", "*"),
            *("chrome-extension://", "chrome-extension://aaaa", f"{ORIGIN},{EXTENSION}"),
            *([ORIGIN], {ORIGIN: 1}, 1, True, [], {}),
        )
    },
    "no azp": ({"azp": NOT_THERE}, "token-invalid-azp"),
    "aud": ({"aud": "https://api.example.com"}, "token-invalid-audience"),
    "aud list": ({"aud": [ORIGIN]}, "token-invalid-audience"),
    "aud int": ({"aud": 1}, "token-invalid-audience"),
    **{
        f"aud {aud!r}": ({"aud": aud}, "token-invalid-audience")
        for aud in ([], {}, 0, 0.0, False, "", None, [""], [None])
    },
    **{
        f"sts {sts!r}": ({"sts": sts}, "token-session-pending")
        for sts in ("pending", "revoked", "ACTIVE", "", "active ", None, 1, True, ["active"], {})
    },
    "o a string": ({"o": "org_2abc"}, "token-invalid-claims"),
    "o a list": ({"o": ["org_2abc"]}, "token-invalid-claims"),
    "fea an int": ({"fea": 1}, "token-invalid-claims"),
    **{
        f"act {act!r}": ({"act": act}, "token-invalid-claims")
        for act in (
            *(None, "", "user_support", 1, True, [], ["user_support"], {}, {"iss": ISSUER}),
            *({"sub": sub} for sub in (None, "", "user_", 1, True, [], {}, ["user_support"])),
            *({"sub": sub} for sub in ("support", "org_2abc", "mch_2abc", "user_a b", "user_a\n")),
            *(
                {"sub": sub}
                for sub in ("user_" + "a" * 129, "user_\0", "user_\ud800", "us\u0435r_a")
            ),
            *({"sub": "user_support", "iss": iss} for iss in (None, 1, [], {}, False)),
        )
    },
    "jti int": ({"jti": 1}, "token-malformed"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_token_with_other_claims_is_refused(sender: TokenSender, forge: Forge, name: str) -> None:
    changes, reason = CLAIMS[name]

    assert sender.refusal(f"Bearer {forge.token(changes)}") == reason


@pytest.mark.parametrize(
    "exp",
    [In(-6), In(-3600), 1, 0, -1, -(10**12), True, False, "1", 1.5],
    ids=str,
)
def test_an_expired_token_has_a_message_of_its_own(
    sender: TokenSender, forge: Forge, exp: object
) -> None:
    token = forge.token({"exp": exp, "iat": In(-60)})

    assert sender.refusal(f"Bearer {token}", EXPIRED) == "token-expired"
