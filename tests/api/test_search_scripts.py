"""Every text finds its own opportunity, in any script, Unicode form and case."""

from __future__ import annotations

import random
import unicodedata
from typing import TYPE_CHECKING, Any

from futuretracker.api.schemas.search import parse_search
from futuretracker.database.queries.search import condition

if TYPE_CHECKING:
    import psycopg

TITLES = 7000
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


def some_title(rng: random.Random) -> str:
    words = rng.choice(SCRIPTS).split()
    chosen = [rng.choice(words if rng.random() < 0.6 else MARKS) for _ in range(rng.randint(1, 9))]
    return rng.choice((" ", " ", " ", "  ", "\u00a0")).join(chosen)[:200].strip()


def rewritten(rng: random.Random, text: str) -> str:
    """Return the text in another case and Unicode form, as another keyboard would send it."""
    text = rng.choice((str, str.upper, str.lower, str.casefold))(text)
    return unicodedata.normalize(rng.choice(("NFC", "NFD")), text)


def queries(rng: random.Random, title: str) -> dict[str, str]:
    word = rng.choice(title.split())
    begin = rng.randint(0, max(0, len(title) - 3))
    return {
        "the whole": title,
        "a word": word,
        "the beginning of a word": word[: rng.randint(1, len(word))],
        "a part": title[begin : begin + rng.randint(3, 30)],
    }


def is_found(owner: psycopg.Connection[Any], title: str, q: str) -> bool:
    """Return whether a search for ``q`` finds an opportunity with the title."""
    matches, terms = condition(parse_search(q)) if q.strip() else ("true", {})
    row = owner.execute(
        f"select {matches} from (select searchable(%(title)s::text) as search_text) as o".encode(),
        {"title": title, **terms},
        prepare=False,
    ).fetchone()
    assert row is not None
    return bool(row[0])


def test_every_title_finds_itself(owner: psycopg.Connection[Any]) -> None:
    rng = random.Random(20261128)  # noqa: S311 - texts, not secrets
    missed = []
    for _ in range(TITLES):
        title = some_title(rng)
        for kind, text in queries(rng, title).items():
            q = rewritten(rng, text)
            if len(q) <= 200 and not is_found(owner, title, q):
                missed.append((kind, title, q))

    assert missed == []
