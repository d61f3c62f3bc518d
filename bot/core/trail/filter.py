"""Which entries of a trail somebody asks for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.core.errors import AuthorError
from bot.core.trail.chain import Entry
from bot.core.trail.words import targets_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """None asks for all of them. `since` counts, `until` does not."""

    project: str | None = None
    iid: int | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, entry: Entry) -> bool:
        """Whether this one is asked for."""
        if self.project not in (None, entry.project) or self.iid not in (None, entry.iid):
            return False
        if self.target is not None and self.target not in targets_of(entry):
            return False
        if self.since is None and self.until is None:
            return True
        at = _instant(entry.at)
        if at is None:
            return True  # its time was tampered with: rather shown than hidden
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def moment(given: str, *, end: bool = False) -> datetime:
    """A date or a time in ISO 8601; UTC where no zone is said. `end`: a bare date means the end of that day.

    Raises AuthorError (`when`).
    """
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        fix = "Write 2026-11-23 or 2026-11-23T14:00:00Z."
        raise AuthorError(f"{given} is neither a date nor a time.", fix=fix, code="when") from None
    whole_day = end and len(given) == len("2026-11-23")
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found + timedelta(days=1) if whole_day else found


def _instant(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None
