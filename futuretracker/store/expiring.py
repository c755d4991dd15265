"""Entries of an LMDB file that end at a time of their own."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import lmdb

END = struct.Struct(">d")


class Shelf:
    """A database of entries, each beginning with its end, and one of the ends in their order.

    It holds about ``most`` entries: beyond that those that end soonest make room.
    """

    def __init__(self, file: lmdb.Environment, name: bytes, ends: bytes, most: int) -> None:
        self.entries = file.open_db(name)
        self._ends = file.open_db(ends)
        self._most = most

    def open(self, txn: lmdb.Transaction, key: bytes, now: float, ends_at: float) -> None:
        """Make room for a new entry and remember its end; the entry itself is the caller's to put.

        Up to two that have ended go for each new one, so that the file never fills up.
        """
        crowded = txn.stat(self.entries)["entries"] >= self._most
        cursor = txn.cursor(self._ends)
        for _ in range(2):
            if not cursor.first():
                break
            end, old = cursor.key()[:8], cursor.key()[8:]
            if END.unpack(end)[0] > now and not crowded:
                break
            found = txn.get(old, db=self.entries)
            if found and found[:8] == end:  # it has not been opened again since
                txn.delete(old, db=self.entries)
            cursor.delete()
        txn.put(END.pack(ends_at) + key, b"", db=self._ends)

    def put(
        self, txn: lmdb.Transaction, key: bytes, payload: bytes, now: float, ends_at: float
    ) -> None:
        """Put an entry in place of the one before."""
        self.delete(txn, key)
        self.open(txn, key, now, ends_at)
        txn.put(key, END.pack(ends_at) + payload, db=self.entries)

    def get(self, txn: lmdb.Transaction, key: bytes, now: float) -> bytes | None:
        """Return what the entry holds unless it has ended."""
        found = txn.get(key, db=self.entries)
        return bytes(found[8:]) if found and END.unpack_from(found)[0] > now else None

    def delete(self, txn: lmdb.Transaction, key: bytes) -> None:
        """Drop an entry and its end."""
        found = txn.pop(key, db=self.entries)
        if found:
            txn.delete(bytes(found[:8]) + key, db=self._ends)

    def clear(self, txn: lmdb.Transaction) -> int:
        """Drop every entry; return how many there were."""
        number: int = txn.stat(self.entries)["entries"]
        txn.drop(self.entries, delete=False)
        txn.drop(self._ends, delete=False)
        return number
