"""Whether a trail is what was written, entry by entry, and has the heads that notes name."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.trail.chain import FIRST, Entry, Head, intact

_MOST = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: how many entries, the newest one, the broken ones by number (20 at most), and why.

    `problems` are sentences; none means all well.
    """

    entries: int
    head: Head | None
    broken: tuple[int, ...]
    problems: tuple[str, ...]


class Chain:
    """Takes entries oldest first and remembers one of them: a million take no more memory than two.

    `heads` were taken from elsewhere, such as deploy notes.
    """

    def __init__(self, heads: Iterable[Head] = ()) -> None:
        self._wanted = {head.number: [it for it in heads if it.number == head.number] for head in heads}
        self._before, self._count, self._next = FIRST, 0, 1
        self._head: Head | None = None
        self._broken: list[int] = []
        self._problems: list[str] = []

    def add(self, entry: Entry) -> None:
        """The next entry."""
        self._count += 1
        if not intact(entry, self._next, self._before):
            self._say(entry)
        for head in self._wanted.pop(entry.id, []):
            if not str(entry.digest).startswith(head.digest):
                said = f"Entry {entry.id} is not the one that {head} names: the trail was rewritten."
                self._problems.append(said)
        self._head = entry.head
        self._before, self._next = entry.digest, (entry.id if type(entry.id) is int else self._next) + 1

    def verdict(self) -> Verdict:
        """What was found, once all entries were given."""
        problems = list(self._problems)
        ends = self._head.number if self._head else 0
        for head in (head for heads in self._wanted.values() for head in heads):
            if head.number > ends:
                problems.append(f"The trail ends at entry {ends}, but {head} was written: its end is gone.")
            else:
                problems.append(f"Entry {head.number}, which {head} names, is missing.")
        return Verdict(self._count, self._head, tuple(self._broken), tuple(problems))

    def _say(self, entry: Entry) -> None:
        if len(self._broken) >= _MOST:
            return
        self._broken.append(self._next)
        if type(entry.id) is not int or entry.id == self._next:
            said = f"Entry {self._next} was changed, or does not follow the one before it."
        else:
            last = f" to {entry.id - 1}" if entry.id > self._next + 1 else ""
            said = f"Entry {self._next}{last} is missing, or was put elsewhere."
        self._problems.append(said)
