"""Draw bar charts as SVG, readable on a light and on a dark page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# The palette of Okabe and Ito, without the colours that are too pale or too dark for one of the
# pages. People with colour blindness can tell these apart.
COLOURS = ("#0072b2", "#56b4e9", "#d55e00", "#cc79a7", "#8a8a8a")
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; } .small { font-size: 10px; }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } }
"""
LABELS, BAR, GAP, PANEL, EDGE = 130, 13, 8, 420, 12


class Panel(NamedTuple):
    """A title, and the value of each bar by group (a workload) and name (a server)."""

    title: str
    groups: Mapping[str, Mapping[str, float]]


def chart(panels: Sequence[Panel]) -> str:
    """Draw the panels side by side, with one legend."""
    names = list(dict.fromkeys(n for p in panels for g in p.groups.values() for n in g))
    colours = dict(zip(names, COLOURS * len(names), strict=False))
    drawn = [list(_panel(panel, PANEL * n, colours)) for n, panel in enumerate(panels)]
    height = max(_height(panel) for panel in panels) + EDGE
    width = PANEL * len(panels)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
    head += f' height="{height}" role="img" aria-label="{escape(panels[0].title)}">'
    parts = [head, f"<style>{STYLE}</style>", *_legend(colours)]
    return "\n".join([*parts, *(line for lines in drawn for line in lines), "</svg>\n"])


def _legend(colours: Mapping[str, str]) -> Iterator[str]:
    for number, (name, colour) in enumerate(colours.items()):
        x = EDGE + 120 * number
        yield f'<rect x="{x}" y="8" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{x + 15}" y="17">{escape(name)}</text>'


def _panel(panel: Panel, left: int, colours: Mapping[str, str]) -> Iterator[str]:
    most = max((v for group in panel.groups.values() for v in group.values()), default=0) or 1
    scale = (PANEL - LABELS - 60) / most
    y = 32
    yield f'<text class="title" x="{left + EDGE}" y="{y + 12}">{escape(panel.title)}</text>'
    y += 20 + GAP
    for group, bars in panel.groups.items():
        yield f'<text x="{left + EDGE}" y="{y + 11}">{escape(group)}</text>'
        for name, value in bars.items():
            x, long = left + LABELS, value * scale
            yield (
                f'<rect x="{x}" y="{y}" width="{long:.1f}" height="{BAR - 2}"'
                f' fill="{colours[name]}"><title>{escape(name)}</title></rect>'
                f'<text class="small" x="{x + long + 4:.1f}" y="{y + 9}">{value:,.0f}</text>'
            )
            y += BAR
        y += GAP


def _height(panel: Panel) -> int:
    bars = sum(len(group) for group in panel.groups.values())
    return 52 + GAP + BAR * bars + GAP * len(panel.groups)
