"""Everything that survives a restart, in one SQLite file.

Small things (users, guilds, channels, members, webhooks, commands, emojis, interactions) are documents: one table per
kind, `id` and the JSON, all held in memory and written through. Messages, reactions and files are many or large, so
they stay on disk and are read by index. WAL with `synchronous=NORMAL` keeps what was committed through a kill -9 of
the process. Writes are synchronous: each takes some ten microseconds, less than handing it to a thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_discord.codec import Doc, dumps, loads

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL,
    author_id TEXT NOT NULL,
    nonce TEXT,
    pinned_at TEXT,
    ephemeral_to TEXT,
    doc BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_channel ON messages (channel_id, id);
CREATE INDEX IF NOT EXISTS messages_by_nonce ON messages (author_id, channel_id, nonce) WHERE nonce IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_pinned ON messages (channel_id, pinned_at) WHERE pinned_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS reactions (
    message_id INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    user_id TEXT NOT NULL,
    at INTEGER PRIMARY KEY AUTOINCREMENT,
    UNIQUE (message_id, emoji, user_id)
);
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, content_type TEXT NOT NULL, body BLOB NOT NULL);
"""


class Table:
    """Documents of one kind by id, in memory and written through. `by(value)` lists those whose `group` field is it."""

    def __init__(self, db: sqlite3.Connection, name: str, group: str = "") -> None:
        self._db, self._name, self._group = db, name, group
        db.execute(f"CREATE TABLE IF NOT EXISTS {name} (id TEXT PRIMARY KEY, doc BLOB NOT NULL)")
        self._rows: dict[str, Doc] = {}
        self._groups: dict[str | None, dict[str, Doc]] = {}
        self._group_of: dict[str, str | None] = {}
        for key, doc in db.execute(f"SELECT id, doc FROM {name} ORDER BY rowid"):  # noqa: S608 - names are ours
            self._index(key, loads(doc))

    def _index(self, key: str, doc: Doc) -> None:
        group = doc.get(self._group) if self._group else None
        if key in self._group_of and self._group_of[key] != group:
            self._groups[self._group_of[key]].pop(key, None)
        self._rows[key] = doc
        self._group_of[key] = group
        self._groups.setdefault(group, {})[key] = doc

    def get(self, key: str) -> Doc | None:
        return self._rows.get(key)

    def __getitem__(self, key: str) -> Doc:
        return self._rows[key]

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def all(self) -> list[Doc]:
        return list(self._rows.values())

    def by(self, group: str | None) -> list[Doc]:
        return list(self._groups.get(group, {}).values())

    def count(self, group: str | None) -> int:
        return len(self._groups.get(group, {}))

    def put(self, key: str, doc: Doc) -> Doc:
        """Store `doc`, which from now on belongs to the table: change it only together with another `put`."""
        self._db.execute(
            f"INSERT INTO {self._name} VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc",  # noqa: S608
            (key, dumps(doc)),
        )
        self._index(key, doc)
        return doc

    def delete(self, key: str) -> Doc | None:
        doc = self._rows.pop(key, None)
        if doc is not None:
            self._groups[self._group_of.pop(key)].pop(key, None)
            self._db.execute(f"DELETE FROM {self._name} WHERE id = ?", (key,))  # noqa: S608
        return doc


class Store:
    """The database file of one local Discord. Used from one thread, the event loop's."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        self.meta = Table(self._db, "meta")
        self.users = Table(self._db, "users")
        self.applications = Table(self._db, "applications")
        self.guilds = Table(self._db, "guilds")
        self.channels = Table(self._db, "channels", group="guild_id")
        self.members = Table(self._db, "members", group="guild_id")
        self.webhooks = Table(self._db, "webhooks", group="channel_id")
        self.commands = Table(self._db, "commands", group="guild_id")
        self.emojis = Table(self._db, "emojis", group="application_id")
        self.interactions = Table(self._db, "interactions")
        self.last_message: dict[str, str] = {
            str(channel): str(last)
            for channel, last in self._db.execute(
                "SELECT channel_id, MAX(id) FROM messages WHERE ephemeral_to IS NULL GROUP BY channel_id"
            )
        }

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside reach the disk together or not at all. Not re-entrant; do not await inside."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def largest_id(self) -> int:
        """The largest id in use, where new ones go on from."""
        tables = (
            self.users,
            self.applications,
            self.guilds,
            self.channels,
            self.webhooks,
            self.commands,
            self.emojis,
            self.interactions,
        )
        ids = [int(doc["id"]) for table in tables for doc in table.all()]
        (message,) = self._db.execute("SELECT MAX(id) FROM messages").fetchone()
        return max([*ids, message or 0])

    # Messages. A document is what `local_discord.messages` builds; the columns beside it are what is searched.

    def put_message(self, doc: Doc) -> None:
        self._db.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " pinned_at = excluded.pinned_at, doc = excluded.doc",
            (
                int(doc["id"]),
                int(doc["channel_id"]),
                doc["author_id"],
                doc.get("nonce"),
                doc.get("pinned_at"),
                doc.get("ephemeral_to"),
                dumps(doc),
            ),
        )
        if not doc.get("ephemeral_to"):
            last = self.last_message.get(doc["channel_id"], "0")
            self.last_message[doc["channel_id"]] = max(last, doc["id"], key=int)

    def message(self, message_id: str, channel_id: str | None = None) -> Doc | None:
        if not message_id.isdecimal() or int(message_id) >= 2**63:
            return None
        row = self._db.execute("SELECT doc FROM messages WHERE id = ?", (int(message_id),)).fetchone()
        doc: Doc | None = loads(row[0]) if row else None
        return doc if doc and channel_id in (None, doc["channel_id"]) else None

    def message_by_nonce(self, author_id: str, channel_id: str, nonce: str, since_id: int) -> Doc | None:
        row = self._db.execute(
            "SELECT doc FROM messages WHERE author_id = ? AND channel_id = ? AND nonce = ? AND id >= ?",
            (author_id, int(channel_id), nonce, since_id),
        ).fetchone()
        return loads(row[0]) if row else None

    def delete_message(self, message_id: str) -> None:
        self._db.execute("DELETE FROM messages WHERE id = ?", (int(message_id),))
        self._db.execute("DELETE FROM reactions WHERE message_id = ?", (int(message_id),))

    def delete_messages_of(self, channel_id: str) -> None:
        self._db.execute(
            "DELETE FROM reactions WHERE message_id IN (SELECT id FROM messages WHERE channel_id = ?)",
            (int(channel_id),),
        )
        self._db.execute("DELETE FROM messages WHERE channel_id = ?", (int(channel_id),))
        self.last_message.pop(channel_id, None)

    def history(self, channel_id: str, limit: int, *, before: int | None = None, after: int | None = None) -> list[Doc]:
        """Messages newest first: those just before `before`, or just after `after`, or the latest."""
        order = "ASC" if after is not None else "DESC"
        rows = self._db.execute(
            "SELECT doc FROM messages WHERE channel_id = ? AND ephemeral_to IS NULL AND id < ? AND id > ?"  # noqa: S608
            f" ORDER BY id {order} LIMIT ?",
            (int(channel_id), before if before is not None else 2**63 - 1, after or 0, limit),
        ).fetchall()
        docs = [loads(doc) for (doc,) in rows]
        return docs[::-1] if after is not None else docs

    def pins(self, channel_id: str, limit: int, before: str | None = None) -> list[Doc]:
        """Pinned messages, latest pin first."""
        rows = self._db.execute(
            "SELECT doc FROM messages WHERE channel_id = ? AND pinned_at IS NOT NULL AND pinned_at < ?"
            " ORDER BY pinned_at DESC LIMIT ?",
            (int(channel_id), before or "~", limit),
        )
        return [loads(doc) for (doc,) in rows]

    def count_messages(self) -> int:
        (count,) = self._db.execute("SELECT COUNT(*) FROM messages").fetchone()
        return int(count)

    # Reactions. `emoji` is the key of `local_discord.reactions`: the character, or `name:id`.

    def add_reaction(self, message_id: str, emoji: str, user_id: str) -> bool:
        """True where it was not there before."""
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO reactions (message_id, emoji, user_id) VALUES (?, ?, ?)",
            (int(message_id), emoji, user_id),
        )
        return cursor.rowcount > 0

    def remove_reactions(self, message_id: str, emoji: str | None = None, user_id: str | None = None) -> int:
        """Remove those that match; returns how many."""
        return self._db.execute(
            "DELETE FROM reactions WHERE message_id = ? AND (? IS NULL OR emoji = ?) AND (? IS NULL OR user_id = ?)",
            (int(message_id), emoji, emoji, user_id, user_id),
        ).rowcount

    def reactions(self, message_ids: list[str]) -> dict[str, dict[str, list[str]]]:
        """Per message, per emoji in the order of first use, who reacted."""
        marks = ",".join("?" * len(message_ids))
        rows = self._db.execute(
            f"SELECT message_id, emoji, user_id FROM reactions WHERE message_id IN ({marks}) ORDER BY at",  # noqa: S608
            [int(message_id) for message_id in message_ids],
        )
        found: dict[str, dict[str, list[str]]] = {}
        for message_id, emoji, user_id in rows:
            found.setdefault(str(message_id), {}).setdefault(emoji, []).append(user_id)
        return found

    # Files, by their path below /cdn.

    def put_file(self, path: str, content_type: str, body: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (path, content_type, body))

    def file(self, path: str) -> tuple[str, bytes] | None:
        row = self._db.execute("SELECT content_type, body FROM files WHERE path = ?", (path,)).fetchone()
        return (row[0], row[1]) if row else None

    def delete_file(self, path: str) -> None:
        self._db.execute("DELETE FROM files WHERE path = ?", (path,))
