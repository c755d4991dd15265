"""Print the table of settings: as Markdown for the documentation, and as ``.env.example``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from futuretracker.config.table import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.config.table import Setting

HEAD = """\
# Settings

This page is printed from `futuretracker/config/table.py` by
`python -m futuretracker settings --markdown`, and a test compares both.

The service reads the environment first, then `.env` in the working directory. To start, copy
`.env.example` to `.env`. A secret can be kept in a file: set `NAME_FILE` to its path instead of
`NAME`.

If a setting is missing or malformed, the service does not start, and one message names all
problems. A misspelt setting in `.env`, such as `DATABSE_URL`, is a problem too. Names that resemble
no setting are ignored: other programs may share the file.

`python -m futuretracker serve` starts the service with gunicorn. If you start `gunicorn wsgi:app`
yourself, the same message appears, except for a `WEB_CONCURRENCY` that is not a number: gunicorn
reads it first, and ends with a traceback.

The files in `deploy/` start gunicorn itself, because PM2 and Heroku give it options of their own.
Under systemd, `check` runs before it and names a wrong `WEB_CONCURRENCY` too.

systemd and gunicorn set variables of their own, such as `NOTIFY_SOCKET`, `JOURNAL_STREAM` and
`GUNICORN_FD`. They are not settings. `GUNICORN_CMD_ARGS` adds options to gunicorn's command line.
"""
WIDTH = 100


def markdown() -> str:
    """Return docs/operations/settings.md."""
    tables = [
        "\n".join(
            [
                f"## {title}\n",
                "| Setting | Default | Secret | Meaning |",
                "|---|---|---|---|",
                *(_row(setting) for setting in settings),
            ]
        )
        for title, settings in SECTIONS.items()
    ]
    return "\n".join([HEAD, "\n\n".join(tables)]) + "\n"


def dotenv() -> str:
    """Return .env.example."""
    lines = [
        "# Copy this file to .env and fill it in. docs/operations/settings.md is the reference."
    ]
    for title, settings in SECTIONS.items():
        lines += ["", f"## {title}"]
        for setting in settings:
            lines += _example(setting)
    return "\n".join(lines) + "\n"


def _row(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else setting.absent
    if setting.missing and not default:
        default = "required"
    secret = "yes" if setting.secret else ""
    return f"| `{setting.name}` | {default} | {secret} | {setting.meaning} |"


def _example(setting: Setting) -> Iterator[str]:
    text = setting.meaning.replace("`", "")
    for line in textwrap.wrap(text, WIDTH - 2, break_on_hyphens=False):
        yield f"# {line}"
    active = "" if setting.shown else "#"
    yield f"{active}{setting.name}={setting.example or setting.default}"
