"""Read all of an LMDB file, and write to it, in a process of its own.

LMDB trusts its files: a damaged one can crash the process that uses it. ``lmdb_file`` runs this
program first. It imports nothing else of the service, so that it starts quickly.
"""

from __future__ import annotations

import os
import sys

import lmdb

DAMAGED = 3  # the exit code; LMDB may also end the process by a signal


def main(folder: str) -> int:
    """Return 0 if the file can be used, DAMAGED if it cannot."""
    try:
        size = os.stat(os.path.join(folder, "data.mdb")).st_size  # noqa: PTH116, PTH118 - a quick start
        with lmdb.open(folder, map_size=size, max_dbs=4, sync=False, writemap=True) as file:
            _read(file)
            _write(file)
    except (lmdb.MapFullError, lmdb.MapResizedError):
        return 0
    except lmdb.Error:
        return DAMAGED
    return 0


def _read(file: lmdb.Environment) -> None:
    with file.begin() as txn:
        for name, _ in txn.cursor():
            table = file.open_db(name, txn, create=False)
            for _entry in txn.cursor(table):
                pass


def _write(file: lmdb.Environment) -> None:
    """Write to each table, and undo it."""
    with file.begin() as txn:
        names = [name for name, _ in txn.cursor()]
    tables = [file.open_db(name, create=False) for name in names]
    txn = file.begin(write=True)
    for table in tables:
        txn.put(b"\xff probe", b"", db=table)
    txn.abort()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
