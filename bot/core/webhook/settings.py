"""Which webhook GitLab needs for Purser: the events it must send and whether one is set as it should."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bot.core.model import Target

PATH = "/hooks/gitlab"
"""Where deliveries go, below the address at which the service is reached."""

EVENTS = ("merge_requests_events", "note_events", "pipeline_events", "job_events", "push_events")
"""What is always needed, as GitLab's API names it."""

INTERNAL_NOTES = "confidential_note_events"
OTHERS = (
    "confidential_issues_events",
    "deployment_events",
    "emoji_events",
    "feature_flag_events",
    "issues_events",
    "milestone_events",
    "releases_events",
    "repository_update_events",
    "resource_access_token_events",
    "tag_push_events",
    "vulnerability_events",
    "wiki_page_events",
)
"""What only costs deliveries. A GitLab that does not know one of them ignores it."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as GitLab has it. `events` are those that are on; `alert` is GitLab's word for how it is."""

    id: int
    url: str
    events: frozenset[str]
    verifies_tls: bool = True
    alert: str = "executable"
    branches: str = ""


def needed_events(targets: Iterable[Target]) -> frozenset[str]:
    """The events that these targets need."""
    internal = any(target.internal_notes for target in targets)
    return frozenset((*EVENTS, INTERNAL_NOTES) if internal else EVENTS)


def switches(needed: Collection[str]) -> dict[str, bool]:
    """Each event of GitLab's with whether it is to be sent."""
    return {name: name in needed for name in (*EVENTS, INTERNAL_NOTES, *OTHERS)}


def ours(hooks: Iterable[Webhook], url: str) -> list[Webhook]:
    """Those that deliver to this address, the oldest first."""
    return sorted((it for it in hooks if it.url.rstrip("/") == url), key=lambda it: it.id)


def address(given: str) -> str:
    """The address of the webhook: `given` itself, with the path where it names the service alone."""
    bare = given.rstrip("/")
    return bare if bare.partition("://")[2].count("/") else bare + PATH


def faults(hook: Webhook, needed: Collection[str]) -> list[str]:
    """What is wrong with one, as plain sentences; what GitLab does not show (its secrets) is not judged."""
    missing, more = sorted(set(needed) - hook.events), sorted(hook.events - set(needed))
    found = [f"It does not send {_names(missing)}."] if missing else []
    if more:
        found.append(f"It sends {_names(more)}, which nothing needs.")
    if not hook.verifies_tls and hook.url.startswith("https:"):
        found.append("GitLab does not check the certificate of the service.")
    if hook.branches:
        found.append(f"It tells of pushes to {hook.branches} only.")
    if hook.alert != "executable":
        found.append(f"GitLab has switched it off after failures ({hook.alert}).")
    return found


def failing(statuses: Iterable[str]) -> Mapping[str, int]:
    """The answers of deliveries that did not arrive, counted; a status is GitLab's text."""
    found: dict[str, int] = {}
    for status in statuses:
        if not status.startswith("2"):
            found[status] = found.get(status, 0) + 1
    return found


def _names(events: Iterable[str]) -> str:
    return ", ".join(name.removesuffix("_events").replace("_", " ") for name in events)
