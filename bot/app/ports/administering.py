"""GitLab's settings, as far as setting up and checking need them. For people at a terminal: calls block."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from bot.core.webhook.settings import Webhook


@dataclass(frozen=True, slots=True)
class Place:
    """Whose webhooks: a project's, or those of a group, by path."""

    path: str
    group: bool = False

    def __str__(self) -> str:
        return f"group {self.path}" if self.group else self.path


@dataclass(frozen=True, slots=True)
class Server:
    """A GitLab that answered. `at` is its clock, where it said so."""

    version: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnToken:
    """What GitLab says of the token that we use."""

    scopes: frozenset[str]
    expires: date | None


class Administration(Protocol):
    """All calls raise TransientError (no answer, 5xx, not GitLab) and ForgeRefused (4xx, 404 included)."""

    def server(self) -> Server: ...

    def token(self) -> OwnToken | None:
        """None where this kind of token cannot be looked at."""
        ...

    def access(self, project: str) -> int:
        """Our role in the project as GitLab's number. ForgeRefused (404) where we may not see it."""
        ...

    def webhooks(self, place: Place) -> list[Webhook]: ...

    def set_webhook(self, place: Place, hook_id: int | None, values: dict[str, Any]) -> int:
        """Makes one, or sets an existing one; its id."""
        ...

    def drop_webhook(self, place: Place, hook_id: int) -> None: ...

    def send_sample(self, place: Place, hook_id: int) -> str:
        """GitLab sends a push event; empty where it arrived, else GitLab's words."""
        ...

    def deliveries(self, place: Place, hook_id: int) -> list[str]:
        """GitLab's texts for how the last deliveries went, newest first: a status, or what went wrong."""
        ...
