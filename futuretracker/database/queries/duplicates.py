"""Opportunities of the user that a new one may repeat: with its link, or its title and company.

Postgres finds them by the keys of migration 0026, in two indexes. The texts are compared as well,
because two texts may have the same key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

from futuretracker.database.queries.owner import OWNED

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final[LiteralString] = "5"
_LINK_KEY: Final[LiteralString] = "link_key = hashtextextended(%(link)s::text, 0)"
_LINK: Final[LiteralString] = "link = %(link)s::text"
_NAME_KEY: Final[LiteralString] = """name_key = hashtextextended(
                    lower(%(title)s::text || U&'\\0001' || %(company)s::text), 0)"""
_NAME: Final[LiteralString] = """lower(title) = lower(%(title)s::text)
                    and lower(company) = lower(%(company)s::text)"""


def possible_duplicates(values: Mapping[str, object]) -> LiteralString:
    """Return the SQL of a JSON array with the newest of them, or null if there is none.

    ``values`` are those of the new opportunity, which are also the parameters of the statement.
    """
    keys: list[LiteralString] = []
    texts: list[LiteralString] = []
    is_same_link: LiteralString = "false"
    if values.get("link"):
        keys, texts, is_same_link = [_LINK_KEY], [_LINK], f"coalesce({_LINK}, false)"
    if values.get("company"):
        keys.append(_NAME_KEY)
        texts.append(f"({_NAME})")
    if not keys:
        return "null"
    return f"""(
            select json_agg(json_build_object('id', id, 'title', title, 'company', company,
                'link', link, 'why', case when {is_same_link} then 'link'
                    else 'title_and_company' end))::text
            from (
                select id, title, company, link from opportunities
                where {OWNED} and ({" or ".join(keys)}) and ({" or ".join(texts)})
                order by created_at desc, id desc limit {MOST}
            ) as newest
        )"""
