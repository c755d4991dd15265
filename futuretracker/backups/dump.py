"""Make a backup: dump one snapshot of the database, and describe it in a manifest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from futuretracker.backups.contents.manifest import Manifest
from futuretracker.backups.files.directory import SIDECARS, Directory
from futuretracker.backups.files.encryption import encrypt
from futuretracker.backups.files.rotation import expired
from futuretracker.backups.files.status import Status, record
from futuretracker.backups.files.streams import Sink
from futuretracker.backups.interrupts import finish
from futuretracker.backups.postgres.leftovers import remove_leftovers
from futuretracker.backups.postgres.programs import Programs, environment, running
from futuretracker.backups.postgres.snapshot import snapshot
from futuretracker.backups.problem import BackupProblem
from futuretracker.telemetry.progress import SILENT

if TYPE_CHECKING:
    from futuretracker.config.backups import BackupSettings, Keep
    from futuretracker.telemetry.progress import Progress

# The service owns this schema only. Others, such as auth and storage, belong to the platform.
SCHEMA = "public"
ARGUMENTS = (
    "--format=custom",
    f"--schema={SCHEMA}",
    "--no-password",
    "--lock-wait-timeout=60s",
)


def back_up(
    settings: BackupSettings, *, keep: bool = False, progress: Progress = SILENT
) -> dict[str, Any]:
    """Make a backup, record it, remove expired backups, and return a description of the new one.

    With ``keep`` no later backup removes it.

    Raise BackupProblem or psycopg.Error; then no backup was removed.
    """
    started = time.monotonic()
    directory = Directory(settings.directory)
    try:
        with directory.lock("backup"):
            directory.remove_partial_files()
            remove_leftovers(directory)
            made = _make(settings, directory, keep=keep, progress=progress)
            record(directory, backup=made)
            removed = _rotate(directory, settings.keep)
    except OSError as error:
        raise BackupProblem(
            f"The backup cannot be written to {directory.path}: {error.strerror}."
        ) from error
    return {**made, "removed": removed, "seconds": round(time.monotonic() - started, 1)}


def _make(
    settings: BackupSettings, directory: Directory, *, keep: bool, progress: Progress
) -> dict[str, Any]:
    name = directory.new_name(encrypted=bool(settings.recipients))
    with snapshot(settings.server) as (conn, snapshot_id):
        programs = Programs(settings.programs)
        major = conn.info.server_version // 10_000
        programs.check("pg_dump", major, "the server", settings.server.url)
        progress.begin("Reading every row for the manifest")
        manifest = Manifest.read(conn)
        try:
            with directory.writing(name) as file:
                progress.begin(f"Writing {name}", "bytes")
                sink = Sink(file, progress)
                _dump(settings, programs.path("pg_dump"), snapshot_id, sink)
                _write_sidecars(directory, name, sink.sha256, manifest)
                if keep:
                    directory.keep(name)
                finish()
        except BaseException:
            directory.remove(name)
            raise
    rows = manifest.content.rows()
    return {"file": name, "sha256": sink.sha256, "bytes": sink.size, "rows": rows}


def _dump(settings: BackupSettings, program: str, snapshot_id: str, sink: Sink) -> None:
    command = [program, *ARGUMENTS, f"--snapshot={snapshot_id}"]
    with running(command, environment(settings.server.url), stdout=-1) as dump:
        assert dump.process.stdout  # noqa: S101 - a pipe
        encrypt(dump.process.stdout, sink, settings.recipients)  # type: ignore[arg-type]
        dump.finish()


def _write_sidecars(directory: Directory, name: str, sha256: str, manifest: Manifest) -> None:
    """Write the checksum and the manifest first, so that a named backup has both."""
    checksum = f"{sha256}  {name}\n".encode()
    for suffix, text in zip(SIDECARS, (checksum, manifest.text()), strict=True):
        with directory.writing(f"{name}{suffix}") as file:
            file.write(text)


def _rotate(directory: Directory, keep: Keep) -> list[str]:
    """Remove the expired backups, except those to keep and the last one that a drill restored."""
    try:
        proven = Status.read(directory.path).proven
    except ValueError:  # damaged: no file is known to be proven
        proven = None
    spared = directory.kept() | ({proven.file} if proven else set())
    backups = directory.backups()
    found = [backups[made] for made in sorted(expired(backups, keep))]
    names = [name for name in found if name not in spared]
    for name in names:
        directory.remove(name)
    return names
