"""What a cluster says of a release that failed: states of pods, warnings about them, last lines of logs.

All of it is text that others wrote. It is masked whole, then cut, and never holds more than this module says.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.model import Manifest, ObjectRef
from bot.core.verify.pod_states import state_lines
from bot.core.verify.rollout import rollout_of

MOST_LINES = 8
MOST_EVENTS = 6
MOST_LOGS = 4
MOST_LOG_LINES = 10
_MOST_TOLD = MOST_LINES + MOST_EVENTS + 2
LONGEST = 300
"""Characters of one line."""

_EVENT_LIMIT = 1000
"""Near 1024 bytes whoever writes an event cuts its message, and a secret in it."""


@dataclass(frozen=True, slots=True)
class Workload:
    """An object of a release that is not as it should be, with the newest of its pods."""

    manifest: Manifest
    pods: tuple[Manifest, ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """The end of a container's log. `previous`: of the try before its last restart."""

    pod: str
    container: str
    previous: bool
    text: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an API server told at `at`, as it came; `unread` are plain sentences about what it did not."""

    at: datetime
    workloads: tuple[Workload, ...] = ()
    events: tuple[Manifest, ...] = ()
    logs: tuple[Log, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogTail:
    """`of` says whose last lines they are."""

    of: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Symptoms:
    """All there is to say of one release (`namespace/name`): plain text, masked and bounded."""

    release: str
    lines: tuple[str, ...] = ()
    logs: tuple[LogTail, ...] = ()
    unread: tuple[str, ...] = ()


def symptoms_of(release: str, seen: Sighting, mask: Callable[[str], str]) -> Symptoms:
    """What of a sighting is told."""
    states = [_cut(mask(line)) for line in _states(seen.workloads)]
    events = [_cut(mask(line)) for line in _events(seen.events, seen.at)]
    lines = [*_most(states, MOST_LINES, "states"), *_most(events, MOST_EVENTS, "warnings")]
    logs = tuple(tail for log in seen.logs if (tail := _tail(log, mask)).lines)
    silent = [f"{_whose(log)}: the log is empty." for log in seen.logs if not log.text.strip()]
    unread = tuple(_cut(mask(line)) for line in (*seen.unread, *silent))
    return Symptoms(release, tuple(lines), logs, unread)


def told_again(said: Symptoms, mask: Callable[[str], str]) -> Symptoms:
    """What another process wrote down, as foreign as what it saw: masked whole, then cut as our own is."""
    lines = [_cut(mask(line)) for line in said.lines[:_MOST_TOLD]]
    logs = [_told(tail, mask) for tail in said.logs[:MOST_LOGS]]
    unread = [_cut(mask(line)) for line in said.unread[:_MOST_TOLD]]
    return Symptoms(said.release, tuple(lines), tuple(tail for tail in logs if tail.lines), tuple(unread))


def _told(tail: LogTail, mask: Callable[[str], str]) -> LogTail:
    return LogTail(_cut(mask(tail.of)), _last(mask("\n".join(tail.lines))))


def to_json(symptoms: Symptoms) -> dict[str, Any]:
    """As part of purser.run/v1."""
    return {
        "lines": list(symptoms.lines),
        "logs": [{"of": log.of, "lines": list(log.lines)} for log in symptoms.logs],
        "unread": list(symptoms.unread),
    }


def from_json(release: str, document: Mapping[str, Any]) -> Symptoms:
    """The inverse of `to_json`. Raises KeyError or TypeError for anything else."""
    logs = tuple(LogTail(log["of"], tuple(log["lines"])) for log in document["logs"])
    return Symptoms(release, tuple(document["lines"]), logs, tuple(document["unread"]))


NOTHING = "None of its workloads that are there is ill, and there is no warning about them."


def spoken(symptoms: Symptoms) -> Iterator[str]:
    """Line by line, for a log."""
    yield f"What the cluster says of {symptoms.release}:"
    if not (symptoms.lines or symptoms.logs or symptoms.unread):
        yield f"  {NOTHING}"
    for line in (*symptoms.lines, *symptoms.unread):
        yield f"  {line}"
    for log in symptoms.logs:
        yield f"  {log.of}:"
        for line in log.lines:
            yield f"    | {line}"


def _states(workloads: Iterable[Workload]) -> Iterator[str]:
    for workload in workloads:
        head = workload.manifest.get("metadata") or {}
        kind, name = str(workload.manifest.get("kind", "")), str(head.get("name", ""))
        ref = ObjectRef("", kind, str(head.get("namespace", "")), name)
        if kind != "Pod":
            yield f"{ref}: {rollout_of(workload.manifest).message}"
        yield from state_lines(workload.pods)


def _events(events: Sequence[Manifest], now: datetime) -> Iterator[str]:
    newest = sorted(events, key=_time, reverse=True)
    for event in newest:
        about = event.get("involvedObject") or {}
        what = f"{about.get('kind', '')} {about.get('name', '')}"
        count = _count(event)
        times = f", {count} times" if count > 1 else ""
        reason = str(event.get("reason") or "no reason given")
        said = _whole(str(event.get("message") or ""))
        yield f"Warning{times}, {_ago(event, now)}: {what}: {reason}: {said}"


def _count(event: Manifest) -> int:
    series = event.get("series") or {}
    found = series.get("count") or event.get("count")
    return found if isinstance(found, int) else 1


def _time(event: Manifest) -> str:
    series, head = event.get("series") or {}, event.get("metadata") or {}
    found = (
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event.get("firstTimestamp")
        or head.get("creationTimestamp")
    )
    return str(found or "")


def _ago(event: Manifest, now: datetime) -> str:
    try:
        seconds = (now - datetime.fromisoformat(_time(event))).total_seconds()
    except (ValueError, TypeError):
        return "nobody says when"
    if seconds < 60:
        return "just now"
    return f"{seconds / 60:.0f} min ago" if seconds < 7200 else f"{seconds / 3600:.0f} h ago"


def _whole(message: str) -> str:
    """Without its last word where it was cut already: that may be half of a secret."""
    return message if len(message.encode()) < _EVENT_LIMIT else f"{message.rpartition(' ')[0]} …"


def _tail(log: Log, mask: Callable[[str], str]) -> LogTail:
    return LogTail(f"The last lines of {_whose(log)}", _last(mask(log.text)))


def _last(masked: str) -> tuple[str, ...]:
    return tuple([_cut(line) for line in masked.splitlines() if line.strip()][-MOST_LOG_LINES:])


def _cut(masked: str) -> str:
    line = " ".join(masked.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _whose(log: Log) -> str:
    return f"pod {log.pod}, container {log.container}{' before its last restart' if log.previous else ''}"


def _most(lines: list[str], most: int, what: str) -> list[str]:
    found = list(dict.fromkeys(lines))
    more = len(found) - most
    return [*found[:most], f"and {more} more {what}"] if more > 0 else found
