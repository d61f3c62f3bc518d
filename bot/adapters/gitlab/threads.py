"""The thread of a merge request: notes, replies, reactions. Each of ours stands there once."""

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from bot.adapters.gitlab import reading
from bot.adapters.gitlab.client import GitLabClient
from bot.adapters.gitlab.reading import read
from bot.adapters.gitlab.side import GitLabSide, merge_request_url
from bot.app.ports.forge import Note
from bot.core.errors import ForgeRefused

_Key = tuple[str, int, str]


class Threads(GitLabSide):
    """The part of port Forge that reads and writes notes."""

    def __init__(self, client: GitLabClient) -> None:
        super().__init__(client)
        self._writing: WeakValueDictionary[_Key, asyncio.Lock] = WeakValueDictionary()

    async def notes(self, project: str, iid: int) -> list[Note]:
        """Every note with its discussion, every page, oldest first."""
        threads = self._client.getiter(f"{merge_request_url(project, iid)}/discussions")
        found = [note async for it in threads for note in read(reading.discussion, it, "a discussion")]
        return sorted(found, key=lambda note: note.id)

    async def own_notes(self, project: str, iid: int) -> list[Note]:
        """Our own notes, every page, oldest first; GitLab's list of notes leaves the discussion's id out."""
        number, _ = await self._myself()
        url = f"{merge_request_url(project, iid)}/notes"
        listed = self._client.getiter(url, {"sort": "asc", "order_by": "created_at"})
        notes = [read(lambda one: reading.note("", one), it, "a note") async for it in listed]
        return sorted(_written_by(number, notes), key=lambda note: note.id)

    async def note(self, project: str, iid: int, note_id: int) -> Note | None:
        """One note; GitLab leaves out which discussion it is in, so `discussion_id` is empty."""
        found = await self._client.find(f"{merge_request_url(project, iid)}/notes/{note_id}")
        return None if found is None else read(lambda it: reading.note("", it), found, f"note {note_id}")

    async def upsert_note(self, project: str, iid: int, marker: str, body: str) -> int:
        """One note of ours per marker; the oldest stays where a race made more.

        Raises ForgeRefused (`note-swallowed`) where GitLab took the whole text for quick actions.
        """
        url = f"{merge_request_url(project, iid)}/notes"

        async def look() -> int | None:
            marked = [note for note in await self.own_notes(project, iid) if note.body.startswith(marker)]
            return await self._keep_one(url, marked, body)

        return await self._write_note((project, iid, marker), look, url, body)

    async def reply(self, project: str, iid: int, discussion_id: str, marker: str, body: str) -> int:
        """A note in that discussion, once per marker. Raises ForgeRefused (404) where there is none.

        An answer makes a thread of a comment that stood alone, which is open and may block the merge: nobody
        wanted one, so it is resolved. Threads that people began are left to them.
        """
        base = merge_request_url(project, iid)
        thread = f"{base}/discussions/{discussion_id}"
        alone = False

        async def look() -> int | None:
            nonlocal alone
            number, _ = await self._myself()
            found = await self._client.getitem(thread)
            alone = alone or bool(found.get("individual_note"))
            notes = read(reading.discussion, found, "a discussion")
            marked = [note for note in _written_by(number, notes) if note.body.startswith(marker)]
            return await self._keep_one(f"{base}/notes", marked, body)

        made = await self._write_note((project, iid, marker), look, f"{thread}/notes", body)
        if alone:
            await self._forgive_missing(self._client.put(thread, data={"resolved": True}))
        return made

    async def react(self, project: str, iid: int, note_id: int, emoji: str) -> None:
        """Our award emoji on a note; one that is there already and a note that is gone are fine."""
        url = f"{merge_request_url(project, iid)}/notes/{note_id}/award_emoji"

        async def look() -> bool | None:
            number, _ = await self._myself()
            try:
                awards = [it async for it in self._client.getiter(url)]
            except ForgeRefused as refusal:
                if refusal.status == 404:
                    return True
                raise
            ours = [read(lambda one: (one["user"]["id"], one["name"]), it, "a reaction") for it in awards]
            return (number, emoji) in ours or None

        async def write() -> bool:
            try:
                await self._client.post(url, data={"name": emoji})
            except ForgeRefused as refusal:
                # GitLab says 404 for a reaction that is there, a note that is gone and an unknown name alike.
                if refusal.status != 404 or "valid emoji" in refusal.what:
                    raise
            return True

        await self._once(look, write)

    async def _write_note(
        self, key: _Key, look: Callable[[], Awaitable[int | None]], url: str, body: str
    ) -> int:
        async def write() -> int:
            made = await self._client.post(url, data={"body": body})
            if isinstance(made, dict) and "id" not in made:
                raise ForgeRefused(
                    "GitLab took a whole note of ours for its quick actions.",
                    status=202,
                    code="note-swallowed",
                )
            return read(lambda it: int(it["id"]), made, "a new note")

        async with self._writing.setdefault(key, asyncio.Lock()):
            return await self._once(look, write)

    async def _keep_one(self, url: str, marked: list[Note], body: str) -> int | None:
        """The oldest of these, with that body and alone; None where there is none (any more)."""
        if not marked:
            return None
        first, *doubles = marked
        for double in doubles:
            await self._forgive_missing(self._client.delete(f"{url}/{double.id}"))
        if _comparable(first.body) == _comparable(body):
            return first.id
        edited = await self._forgive_missing(self._client.put(f"{url}/{first.id}", data={"body": body}))
        return first.id if edited else None

    async def _forgive_missing(self, call: Awaitable[object]) -> bool:
        """False where what it was about is gone: a person deleted it in between."""
        try:
            await call
        except ForgeRefused as refusal:
            if refusal.status == 404:
                return False
            raise
        return True


def _written_by(number: int, notes: list[Note]) -> list[Note]:
    return [note for note in notes if note.author_id == number and not note.system]


def _comparable(body: str) -> str:
    """GitLab may drop white space at the end when it looks for quick actions."""
    return body.replace("\r\n", "\n").rstrip()
