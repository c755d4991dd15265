"""The texts that fields accept, as patterns that JSON Schema, Python and ECMAScript read alike.

A pattern says what the field's code decides: what it matches is accepted, what it does not is
refused. Where only code can tell, it promises less than is accepted, and the description says so.
"""

from __future__ import annotations

from typing import Final

# What Python strips from a text's ends; ECMAScript's \s is another set.
BLANK: Final = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
STORABLE: Final = r"^[^\x00]*$"
NOT_BLANK: Final = rf"^[{BLANK}]*[^\x00{BLANK}][^\x00]*$"

ID: Final = r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
CURSOR: Final = r"^[A-Za-z0-9_-]*$"

_HOUR, _MINUTE = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
TIME: Final = rf"^{_HOUR}:{_MINUTE}(?::{_MINUTE})?$"
STORED_TIME: Final = rf"^{_HOUR}:{_MINUTE}:{_MINUTE}(?:\.[0-9]+)?$"

_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DAY = (
    rf"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
)
DAY: Final = f"^{_DAY}$"
DATE: Final = (
    rf"^{_DAY}(?:[T ]{_HOUR}:{_MINUTE}(?::{_MINUTE}(?:[.,][0-9]{{1,9}})?)?"
    rf"(?:[Zz]|[+-]{_HOUR}:?{_MINUTE})?)?$"
)

# Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, kana, Chinese, Hangul.
_SCRIPTS = (
    r"\u00df-\u00f6\u00f8-\u024f\u03b1-\u03c9\u0430-\u045f\u05d0-\u05ea\u0620-\u064a\u0904-\u0939"
    r"\u0e01-\u0e2e\u3041-\u3096\u30a1-\u30fa\u4e00-\u9ff0\uac00-\ud7a3"
)
_LETTER = rf"[A-Za-z0-9_~!$&'()*+,;={_SCRIPTS}]"
_LABEL = rf"{_LETTER}(?:{_LETTER[:-1]}-]*{_LETTER})?"
_USER = rf"(?:[A-Za-z0-9_~!$&'()*+,;=%:@.{_SCRIPTS}-]*@)?"
_PORT = (
    "(?::(?:0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]"
    "|6553[0-5]))?)?"
)
_REST = rf"""(?:[/?#][^{BLANK}\x00-\x1f\x7f<>"{{}}|\\^`]*)?"""
_URL = rf"[Hh][Tt][Tt][Pp][Ss]?://{_USER}{_LABEL}(?:\.{_LABEL})*\.?{_PORT}{_REST}"
LINK: Final = rf"^[{BLANK}]*(?:{_URL}[{BLANK}]*)?$"
