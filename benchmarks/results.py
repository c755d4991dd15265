"""Save a measurement under ``results/``: every sample, a table and a chart."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.chart import chart
from benchmarks.report import guards, markdown, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.chart import Panel
    from benchmarks.samples import Samples

RESULTS = Path(__file__).with_name("results")


def keep(
    name: str,
    about: Mapping[str, object],
    results: dict[str, Samples],
    panels: Sequence[Panel],
    folder: Path = RESULTS,
) -> None:
    """Write ``<name>.json``, ``<name>.md`` and ``<name>.svg``."""
    folder.mkdir(exist_ok=True)
    kept = {
        workload: {
            "rows": [asdict(row) for row in rows(samples)],
            "guards": guards(samples),
            "samples": {server: [asdict(s) for s in found] for server, found in samples.items()},
        }
        for workload, samples in results.items()
    }
    text = json.dumps({"conditions": about, "workloads": kept}, indent=1)
    (folder / f"{name}.json").write_text(text + "\n")
    lines = [as_line(about), "", *markdown(results)]
    (folder / f"{name}.md").write_text("\n".join(lines) + "\n")
    (folder / f"{name}.svg").write_text(chart(panels))


def as_line(about: Mapping[str, object]) -> str:
    """Return the conditions as one line."""
    return ", ".join(f"{name}: {_as_text(value)}" for name, value in about.items() if value)


def _as_text(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={part}" for name, part in value.items())
    return str(value)
