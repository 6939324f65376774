"""What all processes of a server know of its clients: how many requests they may make, and what was translated.

It is a file of SQLite's, which keeps processes from counting at the same time; one that is killed leaves it whole.
"""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glassformer.errors import InputError
from glassformer.serving.refusals import unavailable

log = logging.getLogger("glassformer.serving")
MINUTE = 60.0  # seconds, after which a bucket is full and need not be remembered
TABLES = """
    CREATE TABLE IF NOT EXISTS buckets (client TEXT PRIMARY KEY, left REAL, seen REAL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS by_time ON buckets (seen);
    CREATE TABLE IF NOT EXISTS usage (client TEXT PRIMARY KEY, characters INTEGER) WITHOUT ROWID;
"""


class Clients:
    """A bucket for each client, which holds a minute's requests and fills up evenly; and its characters.

    Raises InputError where the file cannot be made; its methods raise RefusedError (503) where it cannot be read or
    written later.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            # Nothing of it is to outlive the server: it need not wait for the disk.
            self._database.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {TABLES}")
        except sqlite3.Error as error:
            raise InputError(f"{file}: {error}; make room there, or set TMPDIR to another folder") from error

    def wait(self, client: str, per_minute: int) -> float:
        """Take one request of the client's: 0, or after how many seconds it may ask again."""
        now = time.monotonic()  # the same in all processes of a machine
        with self._told(), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("DELETE FROM buckets WHERE seen < ?", (now - MINUTE,))
            kept = self._database.execute("SELECT left, seen FROM buckets WHERE client = ?", (client,)).fetchone()
            left, seen = kept or (per_minute, now)
            left = min(left + (now - seen) * per_minute / MINUTE, per_minute)
            row = client, left - 1 if left >= 1 else left, now
            self._database.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?)", row)
        return 0.0 if left >= 1 else (1 - left) * MINUTE / per_minute

    def count(self, client: str, characters: int) -> None:
        """Add to what was translated for a client."""
        add = "INSERT INTO usage VALUES (?, ?) ON CONFLICT DO UPDATE SET characters = characters + excluded.characters"
        with self._told():
            self._database.execute(add, (client, characters))

    def characters(self, client: str) -> int:
        """How many characters were translated for a client."""
        with self._told():
            found = self._database.execute("SELECT characters FROM usage WHERE client = ?", (client,)).fetchone()
        return int(found[0]) if found else 0

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            log.error("%s: %s; make room there, or start the server again", self._file, error)
            raise unavailable("the server cannot count requests now; try again later") from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()
