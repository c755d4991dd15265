"""Texts as people store them: titles, links, notes and e-mail addresses, in ten scripts."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from random import Random

# Words of ten scripts, and what stands between words in real titles.
SCRIPTS = [
    "Software Développeur Ingénieur Größe Straße Praktikum Łódź Curaçao naïve Ærø İzmir",
    "Инженер разработчик Стажёр Київ Їжак объявление",
    "Μηχανικός Πρακτική ΟΔΟΣ Άσκηση λογισμικού",
    "مهندس برمجيات تدريب مُتَدَرِّب القاهرة",
    "מהנדס תוכנה הִתְמַחוּת ירושלים",
    "सॉफ्टवेयर इंजीनियर प्रशिक्षु दिल्ली ज़रूर",
    "วิศวกรซอฟต์แวร์ ฝึกงาน กรุงเทพ",
    "软件工程师实习生 數據分析 上海",
    "ソフトウェア エンジニア インターンシップ がくせい ｶﾞｸｾｲ 東京",
    "소프트웨어 엔지니어 인턴 서울 각각",
]
MARKS = [
    "C++", "C#", ".NET", "co-op", "DS-7604NI", "P-8A", "(m/w/d)", "-", "–", "|", "&", "or", "OR",
    "-Remote", "--", '"Best Place"', '12"', "100%", "a_b", "\\", "'", "O’Neil", "🎓", "👩🏽‍💻",
    "2026/27",
    "jobs@example.com", "https://example.com/a?b=c&d=-e", "ＦＵＬＬ", "ﬁn", "½", "²", "x\u200by",
]  # fmt: skip
HOSTS = [
    "boards.greenhouse.io", "jobs.lever.co", "acme.wd5.myworkdayjobs.com", "www.linkedin.com",
    "jobs.ashbyhq.com", "careers.example.com:8443", "EXAMPLE.COM", "bücher.example", "例え.テスト",
    "xn--bcher-kva.example", "работа.пример.рф", "straße.example", "user@jobs.example", "127.0.0.1",
    "[2001:db8::1]:8080", "localhost:3000", "paral·lel.cat",
]  # fmt: skip
FOLDERS = [
    "jobs", "careers", "en-US", "View", "job", "apply", "-", "~team", "R-0012345_Intern--Remote",
    "4f0c8a1e-7d0b-4a57-9d3e-2f5a1c0b9e77", "jobs;jsessionid=1A", "software engineer", "a'b",
    "%7Bid%7D", "Z%C3%BCrich", "100%", "..", "C++", "(m,w,d)", "{id}", "@acme",
]  # fmt: skip
PARAMETERS = [
    "utm_source=LinkedIn", "utm_medium=e-mail", "gh_jid=4012345", "gh_src=-1a2b", "lever-via=x%2Fy",
    "ref=or", "q=C%2B%2B", "q=c++ or java", 'title="Data Intern"', "f=[{%27key%27:%27x%27}]",
    "src=a|b^c`d", "trk=public_jobs_topcard-title", "loc=München", "next=https://a.example/?b=c&d",
    "fbclid=IwAR0-_x", "empty=", "flag", "from=<mail>",
]  # fmt: skip
FRAGMENTS = ["", "", "", "#apply", "#/jobs/42?tab=-1", "#:~:text=Software%20Intern", "#überblick"]
MAILBOXES = [
    "jobs", "Jane.Doe", "jane.doe+intern-2026", "o'neil", "first_last", "-dash-", "HR", "a.b-c",
    "x", "müller", "用户", "δοκιμή", "почта", '"jane doe"', "jane=doe/hr", "{jobs}", "no-reply",
    "!bang",
]  # fmt: skip
DOMAINS = [
    "example.com", "Mail.Example.ORG", "bücher.example", "xn--bcher-kva.example", "例え.テスト",
    "пример.рф", "sub-domain.jobs.example", "[192.0.2.1]", "ドメイン.テスト", "or.example",
]  # fmt: skip
WRAPPINGS = [
    "{}", "<{}>", "Jane Doe <{}>", "mailto:{}?subject=Hi", "({}),", "{};", "e-mail:{}", '"{}"',
]  # fmt: skip
LINES = [
    "- {}", "  * {}", "• {}", "1. {}", "> {}", "-- {}", "[ ] {}", "TODO: {}", "{}", '"{}"', "“{}”",
    "„{}“",
    "«{}»", "# {}", "`{}`", "if (a || b) {{ return -{} }}", "curl -X POST -d '{}'", "\t{}", "",
    "Call +49 (0)30 901820-12, or (555) 010-4477 – ask for {}", "€ 1.200,50 / month… {}?",
    "<b>{}</b>",
    "SELECT * FROM jobs WHERE title LIKE '%{}%' -- first", "{} or not, -maybe", "→ {}",
    "C:\\jobs\\{}",
    "2026-12-01T09:30+01:00 {}", "It’s {}’s “big” day — 'or' not", "™ № ½ ² ﬁ {} 👩🏽‍💻🇩🇪❤️",
]  # fmt: skip
BREAKS = ["\n", "\n", "\n\n", "\r\n", " \n", "\u2028"]
SPACES = [" ", " ", " ", "  ", "\u00a0"]


def title(rng: Random) -> str:
    """Return a title of up to 200 characters."""
    words = rng.choice(SCRIPTS).split()
    chosen = [rng.choice(words if rng.random() < 0.6 else MARKS) for _ in range(rng.randint(1, 9))]
    return rng.choice(SPACES).join(chosen)[:200].strip()


def link(rng: Random) -> str:
    """Return a link as people paste it. Some parts are percent-encoded, others are not."""
    word = rng.choice(rng.choice(SCRIPTS).split())
    folders = rng.choices([*FOLDERS, word, quote(word)], k=rng.randint(0, 6))
    query = "&".join(rng.choices([*PARAMETERS, f"loc={quote(word)}"], k=rng.randint(0, 6)))
    start = rng.choice(("https://", "https://", "http://", "HTTPS://"))
    path = "".join(f"/{folder}" for folder in folders) or rng.choice(("", "/"))
    return start + rng.choice(HOSTS) + path + (query and f"?{query}") + rng.choice(FRAGMENTS)


def note(rng: Random) -> str:
    """Return several lines, some of them composed and some decomposed."""
    lines = [_line(rng) for _ in range(rng.randint(1, 9))]
    text = "".join(one + rng.choice(BREAKS) for one in lines)
    return text[:2000].strip() or title(rng)


def email(rng: Random) -> str:
    """Return an e-mail address."""
    return f"{rng.choice(MAILBOXES)}@{rng.choice(DOMAINS)}"


def around_email(rng: Random, address: str) -> str:
    """Return the address as a signature or a posting has it, with text around it."""
    return f"{title(rng)} {rng.choice(WRAPPINGS).format(address)}\n{title(rng)}"


def _line(rng: Random) -> str:
    text = rng.choice((title, title, link, email))(rng)
    line = rng.choice(LINES).format(text)
    return unicodedata.normalize("NFC" if rng.random() < 0.5 else "NFD", line)
