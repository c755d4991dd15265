"""A successful backup: the files, the log line and the status."""

from __future__ import annotations

import json
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from futuretracker.database.migrate import migrate
from tests.backups import Site, database, fill, site
from tests.commands import poll

ROWS = {
    "account_deletions": 1,
    "anomaly_actions": 0,
    "anomaly_findings": 0,
    "api_keys": 2,
    "audit_log": 2,
    "clerk_events": 1,
    "erasures": 1,
    "idempotency_keys": 2,
    "opportunities": 42,
    "opportunity_rounds": 2,
    "prune_runs": 1,
    "revocations": 2,
    "slowed_users": 0,
    "trash": 1,
    "users": 2,
    "watch_inbox": 0,
    "watch_profiles": 0,
    "watch_sources": 0,
    "watch_state": 1,
}


def test_only_the_owner_can_read_the_backup_its_checksum_and_its_manifest(place: Site) -> None:
    file = place.back_up()

    modes = {path.name: path.stat().st_mode & 0o777 for path in place.directory.iterdir()}
    locks = {".backup.lock": 0o600, ".status.lock": 0o600}
    names = {f"{file.name}{end}": 0o600 for end in ("", ".sha256", ".json")}
    assert modes == {**locks, **names, "status.json": 0o644}
    assert len({path.stat().st_uid for path in (place.directory, *place.directory.iterdir())}) == 1
    assert file.read_bytes().startswith(b"PGDMP")


def test_sha256sum_accepts_the_checksum_file(place: Site) -> None:
    file = place.back_up()

    done = subprocess.run(
        ["sha256sum", "-c", f"{file.name}.sha256"],
        cwd=place.directory,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, f"{file.name}: OK\n")


def test_the_log_line_and_the_status_describe_the_backup(place: Site) -> None:
    began = datetime.now(UTC).replace(microsecond=0)
    line = place.log("backup")

    recorded = place.status()["backup"]
    migrations = {"futuretracker_migrations": line["rows"]["futuretracker_migrations"]}
    assert line["type"] == "BACKUP"
    assert line["rows"] == recorded["rows"] == ROWS | migrations
    assert {name: line[name] for name in ("file", "sha256", "bytes")} == {
        name: recorded[name] for name in ("file", "sha256", "bytes")
    }
    assert recorded["bytes"] == (place.directory / recorded["file"]).stat().st_size
    assert began <= datetime.fromisoformat(recorded["finished_at"]) <= datetime.now(UTC)


def test_the_database_defaults_to_the_migration_url(place: Site, source: str) -> None:
    place.log("backup", BACKUP_DATABASE_URL="", MIGRATION_DATABASE_URL=source)


def test_two_backups_in_the_same_second_get_two_names(place: Site) -> None:
    names = {place.back_up().name for _ in range(3)}

    assert len(names) == 3


def test_the_dump_and_the_row_counts_come_from_the_same_snapshot(
    owner_url: str,
) -> None:
    stop = threading.Event()

    def write(url: str) -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            while not stop.is_set():
                conn.execute(
                    "insert into opportunities (user_id, title) select id, 'meanwhile' from users;"
                    " update users set updated_at = clock_timestamp()"
                )

    with database(owner_url) as url, site(url) as place:
        migrate(url)
        fill(url)
        writer = threading.Thread(target=write, args=[url])
        writer.start()
        try:
            rows = place.log("backup")["rows"]
        finally:
            stop.set()
            writer.join()

        assert rows["opportunities"] > ROWS["opportunities"]
        assert place.log("drill")["ok"] is True


def test_a_role_with_read_access_is_enough(place: Site, source: str) -> None:
    with psycopg.connect(source, autocommit=True) as conn:
        conn.execute("create role backups_reader login bypassrls in role pg_read_all_data")
    try:
        reader = make_conninfo(source, user="backups_reader")
        line = place.log("backup", BACKUP_DATABASE_URL=reader)
    finally:
        with psycopg.connect(source, autocommit=True) as conn:
            conn.execute("drop role backups_reader")

    assert line["rows"]["opportunities"] == ROWS["opportunities"]


def test_the_password_is_in_no_argument_and_in_no_log_line(place: Site, large: str) -> None:
    seen: set[str] = set()

    def commands() -> bool:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = path.read_bytes()
            except OSError:  # the process has exited
                continue
            if b"--snapshot=" in command:
                seen.add(command.decode())
        return process.poll() is not None

    process = place.start("backup", BACKUP_DATABASE_URL=make_conninfo(large, password="hunter22"))
    poll(commands)
    output = b"".join(process.communicate()).decode()

    assert process.returncode == 0
    assert any("pg_dump" in command for command in seen)
    assert not any("hunter22" in command for command in seen)
    assert "hunter22" not in output
    assert not any(b"hunter22" in content for content in place.files().values())


def test_the_manifest_contains_no_values_of_rows(place: Site) -> None:
    manifest = place.back_up().with_suffix(".dump.json").read_text()

    assert json.loads(manifest)["content"]["tables"]["users"]["rows"] == 2
    assert "example.com" not in manifest
