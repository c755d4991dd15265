"""Rotation: properties over any set of times, and real files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from futuretracker.backups.files.rotation import expired
from futuretracker.config.backups import Keep

if TYPE_CHECKING:
    from pathlib import Path

    from tests.backups import Site

NAME = "futuretracker-202001{:02}T020000Z.dump"
FEW = {"BACKUP_KEEP_DAILY": "1", "BACKUP_KEEP_WEEKLY": "0", "BACKUP_KEEP_MONTHLY": "0"}
FIRST = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
times = st.lists(
    # Four years of seconds.
    st.integers(0, 4 * 366 * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds)),
    unique=True,
)
keeps = st.builds(
    Keep, daily=st.integers(1, 9), weekly=st.integers(0, 6), monthly=st.integers(0, 14)
)


def daily(days: int) -> list[datetime]:
    return [FIRST + timedelta(days=n) for n in range(days)]


@given(times, keeps)
def test_only_existing_backups_expire_and_never_the_newest(
    made: list[datetime], keep: Keep
) -> None:
    gone = expired(made, keep)

    assert gone <= set(made)
    assert max(made, default=None) not in gone


@given(times, keeps)
def test_each_kept_day_week_and_month_keeps_its_newest_backup(
    made: list[datetime], keep: Keep
) -> None:
    kept = set(made) - expired(made, keep)

    for form, periods in (("%Y %j", keep.daily), ("%G %V", keep.weekly), ("%Y %m", keep.monthly)):
        names = sorted({time.strftime(form) for time in made}, reverse=True)[:periods]
        for name in names:
            assert max(time for time in made if time.strftime(form) == name) in kept


@given(times, keeps)
def test_no_more_old_backups_are_kept_than_configured(made: list[datetime], keep: Keep) -> None:
    kept = set(made) - expired(made, keep)
    old = {time for time in kept if time <= max(made) - timedelta(days=1)}

    assert len(old) <= keep.daily + keep.weekly + keep.monthly


@given(times, keeps)
def test_every_backup_of_the_last_24_hours_is_kept(made: list[datetime], keep: Keep) -> None:
    gone = expired(made, keep)

    assert all(time <= max(made) - timedelta(days=1) for time in gone)


def test_several_backups_of_a_day_are_kept_for_a_day_and_then_the_last_one() -> None:
    keep = Keep(daily=7, weekly=5, monthly=12)
    noon, night = FIRST + timedelta(hours=10), FIRST + timedelta(days=1)

    assert expired([FIRST, noon], keep) == set()
    assert expired([FIRST, noon, night], keep) == {FIRST}
    assert expired([noon, night, night + timedelta(days=1)], keep) == set()


@given(times, keeps)
def test_a_second_rotation_removes_nothing(made: list[datetime], keep: Keep) -> None:
    kept = set(made) - expired(made, keep)

    assert expired(kept, keep) == set()


@given(st.integers(1, 800), keeps)
def test_daily_rotations_keep_the_same_as_a_single_one(days: int, keep: Keep) -> None:
    kept: set[datetime] = set()
    for time in daily(days):
        kept |= {time}
        kept -= expired(kept, keep)

    # The last day of a week or month stays the last one when the next week or month begins.
    assert kept == set(daily(days)) - expired(daily(days), keep)


def test_the_defaults_keep_24_backups_of_a_year() -> None:
    kept = sorted(set(daily(365)) - expired(daily(365), Keep(daily=7, weekly=5, monthly=12)))

    assert [f"{time:%m-%d}" for time in kept] == [
        *("01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30"),
        *("10-31", "11-30", "12-06", "12-13", "12-20"),
        *("12-25", "12-26", "12-27", "12-28", "12-29", "12-30", "12-31"),
    ]


def test_expired_backups_are_removed_with_their_checksum_and_manifest(place: Site) -> None:
    name = "futuretracker-20200101T020000Z.dump"
    old = {f"{name}{end}" for end in ("", ".sha256", ".json")}
    others = {
        "futuretracker-20200101T020000Z.dump.bak",
        "my-futuretracker-20200101T020000Z.dump",
        "futuretracker-20209901T020000Z.dump",
        "notes.txt",
    }
    for file in old | others:
        (place.directory / file).write_text("of before")

    line = place.log("backup", BACKUP_KEEP_MONTHLY="0", BACKUP_KEEP_WEEKLY="0")
    assert line["removed"] == []  # only the second of seven days that have a backup

    line = place.log("backup", **FEW)
    assert name in line["removed"]
    assert old.isdisjoint(place.files())
    assert others <= set(place.files())
    assert line["file"] in place.files()


def of_day(place: Site, day: int, *options: str) -> Path:
    """Make a backup, and give its files the names of a day in January 2020."""
    made = place.directory / place.log("backup", *options)["file"]
    for file in place.directory.glob(f"{made.name}*"):
        end = file.name.removeprefix(made.name)
        file.rename(place.directory / f"{NAME.format(day)}{end}")
    return place.directory / NAME.format(day)


def test_the_backup_that_the_last_drill_restored_is_kept(place: Site) -> None:
    proven, between = of_day(place, 1), of_day(place, 2)
    place.set_status(proven={"file": proven.name})
    place.back_up(**FEW)

    assert proven.exists()
    assert not between.exists()


def test_two_backups_of_a_day_are_both_there(place: Site) -> None:
    first, second = place.back_up(**FEW), place.back_up(**FEW)

    assert first.exists()
    assert second.exists()


def test_a_backup_to_keep_stays_until_its_mark_is_deleted(place: Site) -> None:
    before = of_day(place, 1, "--keep")
    for _ in range(2):
        assert place.log("backup", **FEW)["removed"] == []

    before.with_name(f"{before.name}.keep").unlink()
    assert place.log("backup", **FEW)["removed"] == [before.name]
    assert not list(place.directory.glob(f"{before.name}*"))
