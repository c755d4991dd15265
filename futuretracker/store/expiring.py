"""A table of an LMDB file whose entries expire."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import lmdb

EXPIRY = struct.Struct(">d")  # UNIX time in seconds; big-endian, so that bytes sort by time


class ExpiringTable:
    """Two LMDB databases: the entries by key, and an index of the keys by expiry time.

    Each entry starts with its expiry time. The table holds about ``max_entries``; beyond that, new
    entries evict those that expire soonest.
    """

    def __init__(self, file: lmdb.Environment, name: bytes, index: bytes, max_entries: int) -> None:
        self.entries = file.open_db(name)
        self._index = file.open_db(index)
        self._max_entries = max_entries

    def add_expiry(self, txn: lmdb.Transaction, key: bytes, now: float, expires_at: float) -> None:
        """Make room for a new entry and index its expiry; the caller stores the entry itself.

        Each call deletes up to two expired entries, so the file never fills up with them.
        """
        is_full = self.count(txn) >= self._max_entries
        cursor = txn.cursor(self._index)
        for _ in range(2):
            if not cursor.first():
                break
            expiry, old_key = cursor.key()[:8], cursor.key()[8:]
            if EXPIRY.unpack(expiry)[0] > now and not is_full:
                break
            found = txn.get(old_key, db=self.entries)
            if found and found[:8] == expiry:  # else the entry was renewed and expires later
                txn.delete(old_key, db=self.entries)
            cursor.delete()
        txn.put(EXPIRY.pack(expires_at) + key, b"", db=self._index)

    def put(
        self, txn: lmdb.Transaction, key: bytes, payload: bytes, now: float, expires_at: float
    ) -> None:
        """Set an entry; replace any earlier one."""
        self.delete(txn, key)
        self.add_expiry(txn, key, now, expires_at)
        txn.put(key, EXPIRY.pack(expires_at) + payload, db=self.entries)

    def get(self, txn: lmdb.Transaction, key: bytes, now: float) -> bytes | None:
        """Return an entry's payload, or None if there is none or it has expired."""
        found = txn.get(key, db=self.entries)
        return bytes(found[8:]) if found and EXPIRY.unpack_from(found)[0] > now else None

    def delete(self, txn: lmdb.Transaction, key: bytes) -> None:
        """Delete an entry and its place in the index."""
        found = txn.pop(key, db=self.entries)
        if found:
            txn.delete(bytes(found[:8]) + key, db=self._index)

    def count(self, txn: lmdb.Transaction) -> int:
        """Return how many entries there are, with those that have expired."""
        number: int = txn.stat(self.entries)["entries"]
        return number

    def clear(self, txn: lmdb.Transaction) -> int:
        """Delete every entry; return how many there were."""
        number = self.count(txn)
        txn.drop(self.entries, delete=False)
        txn.drop(self._index, delete=False)
        return number
