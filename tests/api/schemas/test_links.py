"""Links, compared with a parser that browsers share: ``new URL()`` of Node."""

from __future__ import annotations

import json
import random
import string
from typing import TYPE_CHECKING

import pytest

from futuretracker.api.schemas.links import web_url
from tests.support.node import node

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.in_process
PARSE = """
const read = (link) => {
  try { const url = new URL(link); return [url.protocol, url.host, url.href] } catch { return null }
}
const links = JSON.parse(require("fs").readFileSync(process.argv[1]))
console.log(JSON.stringify(links.map(read)))
"""
PRINTABLE = "".join(sorted(string.printable.strip() + " é語🎓"))
HOSTS = [
    "example.com", "EXAMPLE.com", "jobs.example.com.", "localhost", "a_b.example", "a-b.example",
    "xn--bcher-kva.example", "xn--ls8h.la", "xn--a", "xn--", "xn--a-0hc.com", "xn--zckzah.example",
    "bücher.example", "例え.テスト", "例え。テスト", "пример.рф", "straße.example", "paral·lel.cat",
    "אתר.example", "موقع.example", "aא.com", "123.אב.com", "\u0301a.example", "☕.example",
    "１２７.0.0.1", "１.２.３.４.５", "ａ.example", "℀.example", "a⁄b.example", "a／b.example",
    "127.0.0.1", "127.1", "0x7f.1", "2130706433", "4294967296", "0177.0.0.1", "08.0.0.1", "1.2.3",
    "1.2.3.4.", "1.2.3.4.5", "256.256.256.256", "1.2.3.256", "256.1", "1.16777216", "0x", "a.0x7g",
    "a.1", "a.0xff", "1.a", "a.b.9", "0xffffffffff", "1..2", "[::1]", "[::]", "[1::2::3]", "[::1",
    "[fe80::1%25eth0]", "[fe80::1%eth0]", "[v1.a]", "[::ffff:1.2.3.4]", "[::1.2.3.4.5]", "[::g]",
    "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8:9]", "[12345::]", "[]", "::1", "a%", "a%zz", "a%20b",
    "a b", "a<b", "a>b", "a^b", "a|b", "a#b", "a\\b", "a%00", "a\x7fb", "%", "%41", "a@b@c.example",
    "u:p@example.com", "u:p@", "@", ":443", "example.com:", "example.com:1", "example.com:65535",
    "example.com:65536", "example.com:00080", "example.com:99999999999", "example.com:1a",
    "example.com:-1", "example.com:8 0", "example.com:1:2", "", ".", "..",
]  # fmt: skip
# What we refuse although the parser accepts it: no host of these resolves, or programs differ.
STRICTER = {
    f"https://{host}/"
    for host in ("1..2", ".", "..", "a..b", ".a", "-a.b", "a-.b", "a.b:0", "a%20b", "%41", "a\\b")
}


def read_by_node(links: list[str], folder: Path) -> list[list[str] | None]:
    file = folder / "links.json"
    file.write_text(json.dumps(links))
    result = node(folder, "node", "-e", PARSE, str(file))
    assert result.returncode == 0, result.stderr
    found: list[list[str] | None] = json.loads(result.stdout)
    return found


def generated(number: int) -> list[str]:
    chance = random.Random(14)  # noqa: S311 - the same links in each run

    def any_text(most: int) -> str:
        return "".join(chance.choices(PRINTABLE, k=chance.randrange(most)))

    def a_host() -> str:
        if chance.random() < 0.7:
            return chance.choice(HOSTS)
        letters = chance.choice(["0123456789.", "abx0-.", "a%[]:.1", "אب1-.", "äßа語.", "xn--ab12"])
        return "".join(chance.choices(letters, k=chance.randrange(1, 12)))

    schemes = ["https", "http", "HTTPS", "HtTp", "ftp", "javascript", "data", "ws", "httpſ"]
    weights = [20, 10, 2, 1, 1, 1, 1, 1, 1]
    links = [
        f"{chance.choices(schemes, weights)[0]}://{a_host()}"
        + chance.choice(["", "/", f"/{any_text(12)}", f"?{any_text(12)}", f"#{any_text(12)}"])
        + chance.choice(["", f"?{any_text(12)}", f"#{any_text(12)}"])
        for _ in range(number)
    ]
    return [link.strip() for link in links]


@pytest.mark.needs("node")
def test_no_link_is_accepted_that_the_parser_refuses(tmp_path: Path) -> None:
    links = [link for link in generated(20_000) if web_url(link) is not None]
    stored = [str(web_url(link)) for link in links]
    as_given, as_stored = read_by_node(links, tmp_path), read_by_node(stored, tmp_path)

    for link, given, kept in zip(links, as_given, as_stored, strict=True):
        assert given is not None, link
        assert given[0] in {"http:", "https:"}, link
        assert kept is not None, link
        assert (kept[1:], web_url(kept[2]) is not None) == (given[1:], True), link
    assert len(links) > 5000


@pytest.mark.needs("node")
def test_what_the_parser_prints_is_stored_as_it_is(tmp_path: Path) -> None:
    paths = [link.partition("://")[2] for link in generated(10_000)]
    rest = [path.partition("/")[1] + path.partition("/")[2] for path in paths]
    links = [f"https://jobs.example.com{path}" for path in rest if "\\" not in path]
    printed = [found[2] for found in read_by_node(links, tmp_path) if found]
    refused = [link for link in printed if web_url(link) != link]

    assert refused == []
    assert len(printed) > 5000


@pytest.mark.needs("node")
def test_a_host_is_judged_as_by_the_parser(tmp_path: Path) -> None:
    links = [f"https://{host}/" for host in HOSTS]
    opened = read_by_node(links, tmp_path)

    for link, found in zip(links, opened, strict=True):
        is_opened = found is not None and link not in STRICTER
        assert (web_url(link) is not None) == is_opened, link


@pytest.mark.parametrize("link", STRICTER)
def test_what_no_name_server_knows_is_refused_as_well(link: str) -> None:
    assert web_url(link) is None


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("https://a.example/b c?d e#f g", "https://a.example/b%20c?d%20e#f%20g"),
        ('https://a.example/"?"#"', "https://a.example/%22?%22#%22"),
        ("https://a.example/<b>?<c>#<d>", "https://a.example/%3Cb%3E?%3Cc%3E#%3Cd%3E"),
        ("https://a.example/{b}`|^", "https://a.example/%7Bb%7D%60|^"),
        ("https://a.example/?{b}`|^\\'", "https://a.example/?{b}`|^\\'"),
        ("https://a.example/#{b}`|^\\'", "https://a.example/#{b}%60|^\\'"),
        ("https://bücher.example/stellen für dich", "https://bücher.example/stellen%20für%20dich"),
        ("HTTPS://A.Example", "HTTPS://A.Example"),
    ],
)
def test_only_what_browsers_encode_and_people_type_is_encoded(written: str, stored: str) -> None:
    assert web_url(written) == stored


def test_the_name_of_a_host_is_as_long_as_dns_allows() -> None:
    longest = ".".join(["a" * 63] * 3 + ["b" * 61])

    for host, fits in ((longest, True), (f"{longest}b", False), ("a" * 64, False)):
        assert (web_url(f"https://{host}/") is not None) == fits
    assert web_url(f"https://{'é' * 60}.example") is None  # 65 bytes in Punycode
