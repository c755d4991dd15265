"""The syntax of a search: words, "phrases", -exclusions and ``or``.

Everything that is not syntax is text, so a title that is pasted into the search is found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from futuretracker.api.schemas.links import web_url
from futuretracker.database.queries.search import MAX_TERMS, Term

if TYPE_CHECKING:
    from futuretracker.database.queries.search import Groups

# A phrase in quotation marks, or a word; each with a dash in front if it is excluded. A dash alone,
# a second dash and a quotation mark inside a word are text.
_TOKEN = re.compile(
    r"(?P<without>-(?=[^\s-]))?"
    r'(?:"(?P<phrase>[^"]*[^"\s][^"]*)"(?!\S)|(?P<word>\S+))'
)
_QUOTATION_MARKS = str.maketrans("\u201c\u201d\u201e", '"""')


def parse_search(text: str) -> Groups:
    """Return the groups of terms; an opportunity must match all terms of one group.

    A query without a term has no group. A query with more than MAX_TERMS terms is one text. A link
    is also searched for as the API stores it.
    """
    whole = Term(text.strip())
    link = web_url(whole.text)
    stored = [[Term(link)]] if link and link != whole.text else []
    groups: list[list[Term]] = [[]]
    for token in _TOKEN.finditer(text.translate(_QUOTATION_MARKS)):
        if token[0].lower() == "or" and groups[-1]:
            groups.append([])
        else:
            term = Term(token["phrase"] or token["word"], is_excluded=bool(token["without"]))
            if term not in groups[-1]:
                groups[-1].append(term)
    if not groups[-1]:  # nothing follows the last "or", so it is a word
        del groups[-1]
        if groups:
            groups[-1].append(Term("or"))
    if any(term.is_excluded for group in groups for term in group):
        groups.append([whole])  # the text itself, if its dash is not meant as syntax
    if sum(map(len, groups)) + len(stored) > MAX_TERMS:
        groups = [[whole]]
    return groups + stored
