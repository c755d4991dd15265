"""Compile regular expressions with the library that ModSecurity uses.

ModSecurity does not say so if an expression does not compile, and the rule is of no use. Python's
expressions differ: they lack some of PCRE's, such as ``(?|a|b)`` and ``[[:space:](]``.
"""

from __future__ import annotations

import ctypes
from functools import cache

from futuretracker.checks.firewall.problem import FirewallProblem

LIBRARY = "libpcre2-8.so.0"
LONGEST = 256  # bytes of an error message


def fault(expression: str) -> str | None:
    """Return why an expression does not compile; None if it does."""
    library = _library()
    text = expression.encode(errors="replace")
    code, offset = ctypes.c_int(), ctypes.c_size_t()
    compiled = library.pcre2_compile_8(
        text, len(text), 0, ctypes.byref(code), ctypes.byref(offset), None
    )
    if compiled:
        library.pcre2_code_free_8(compiled)
        return None
    message = ctypes.create_string_buffer(LONGEST)
    library.pcre2_get_error_message_8(code, message, LONGEST)
    return f"{message.value.decode()} (character {offset.value})"


@cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        message = f"{LIBRARY} cannot be loaded: install the package libpcre2-8-0."
        raise FirewallProblem(message) from error
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    library.pcre2_compile_8.restype = pointer
    library.pcre2_compile_8.argtypes = [
        *(ctypes.c_char_p, size, ctypes.c_uint32),
        *(pointer, pointer, pointer),
    ]
    library.pcre2_code_free_8.restype = None
    library.pcre2_code_free_8.argtypes = [pointer]
    library.pcre2_get_error_message_8.argtypes = [ctypes.c_int, pointer, size]
    return library
