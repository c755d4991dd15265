"""Parse connection strings as libpq does: URLs, and ``key=value`` pairs.

psycopg can parse them too, but it takes a tenth of a second to import. A test compares both.
See "Connection Strings" in the PostgreSQL manual's chapter on libpq.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

# The parameters of libpq 18. A test fails if psycopg's libpq has others.
_NAMES = """
application_name channel_binding client_encoding connect_timeout dbname fallback_application_name
gssdelegation gssencmode gsslib host hostaddr keepalives keepalives_count keepalives_idle
keepalives_interval krbsrvname load_balance_hosts max_protocol_version min_protocol_version
oauth_client_id oauth_client_secret oauth_issuer oauth_scope options passfile password port
replication require_auth requirepeer scram_client_key scram_server_key service sslcert sslcertmode
sslcompression sslcrl sslcrldir sslkey sslkeylogfile ssl_max_protocol_version
ssl_min_protocol_version sslmode sslnegotiation sslpassword sslrootcert sslsni target_session_attrs
tcp_user_timeout user
"""
PARAMETERS = frozenset(_NAMES.split())
_ONE = r"(?:\[[^\]]+\]|(?!\[)[^:/?,]*)(?::[^/?,]*)?"  # a host, and its port
_HOST = re.compile(r"(?:^|,)(?:\[(?P<ipv6>[^\]]+)\]|(?P<host>[^:,]*))(?::(?P<port>[^,]*))?")
# Unlike in urllib, the first @ ends the credentials, and a password may contain ? and #.
_URL = re.compile(
    r"(?s)postgres(?:ql)?://(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@|(?![^@/]*@))"
    rf"(?P<hosts>{_ONE}(?:,{_ONE})*)(?:/(?P<dbname>[^?]*))?(?:\?(?P<query>.*))?"
).fullmatch
_PAIR = re.compile(
    r"(?sa)\s*(?P<key>[^\s=]+)\s*=\s*(?:'(?P<quoted>(?:[^'\\]|\\.)*)'|(?P<bare>(?:[^\s'\\]|\\.?)"
    r"(?:[^\s\\]|\\.?)*|))\s*"
).match
_PLAIN = re.compile(r"[A-Za-z][A-Za-z_]{1,39}").fullmatch
SPACE = " \t\n\r\f\v"  # as C's isspace, not Unicode's
_LOCAL = {"", "localhost", "127.0.0.1", "::1"}


class UnknownParameter(ValueError):
    """A parameter that libpq does not know. The name is empty if it may be a part of a secret."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def parse(text: str) -> dict[str, str]:
    """Return libpq's parameters by name; raise ValueError if ``text`` is malformed."""
    is_url = text.startswith(("postgresql://", "postgres://"))
    parameters = dict(_parts_of_url(text) if is_url else _pairs(text))
    for name in parameters:
        if name not in PARAMETERS:
            # With a second @, or in key=value pairs, it may be the end of a password.
            is_plain = is_url and text.count("@") <= 1 and _PLAIN(name)
            raise UnknownParameter(name if is_plain else "")
    return parameters


def is_local(parameters: dict[str, str]) -> bool:
    """Tell whether a connection stays on this host, which must hold for every host."""
    hosts = f"{parameters.get('host', '')},{parameters.get('hostaddr', '')}".split(",")
    return all(host in _LOCAL or host.startswith(("/", "@")) for host in hosts)


def with_parameters(text: str, parameters: dict[str, str]) -> str:
    """Return a URL or ``key=value`` string with more parameters, none of which needs quotes."""
    pairs = [f"{key}={value}" for key, value in parameters.items()]
    url = _URL(text)
    if not url:
        return " ".join([*pairs, text])
    return text + ("?" if url["query"] is None else "&" if url["query"] else "") + "&".join(pairs)


def _parts_of_url(text: str) -> Iterator[tuple[str, str]]:
    url = _URL(text)
    if not url:
        raise ValueError
    hosts = list(_HOST.finditer(url["hosts"]))
    parts = {
        "user": url["user"],
        "password": url["password"],
        "host": ",".join(host["ipv6"] or host["host"] for host in hosts),
        "port": ",".join(host["port"] or "" for host in hosts),
        "dbname": url["dbname"],
    }
    yield from ((key, _decode(value)) for key, value in parts.items() if value)
    for pair in url["query"].split("&") if url["query"] else ():
        key, equals, value = pair.partition("=")
        if not equals or "=" in value:
            raise ValueError
        yield ("sslmode", "require") if pair == "ssl=true" else (_decode(key), _decode(value))


def _decode(text: str) -> str:
    text = text.strip(" ")
    if re.search("%(?![0-9A-Fa-f]{2})|%00| ", text):
        raise ValueError
    return unquote(text, errors="strict")


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text.rstrip(SPACE)):
        pair = _PAIR(text, position)
        if not pair:
            raise ValueError
        value = pair["quoted"] if pair["bare"] is None else pair["bare"]
        yield pair["key"], re.sub(r"(?s)\\(.?)", r"\1", value)
        position = pair.end()
