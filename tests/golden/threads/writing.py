"""A merge request's thread as one Markdown text, without what is another's in each run."""

import re
from collections.abc import Iterator

from bot.demo.gitlab import MergeRequest, Note
from bot.demo.gitlab.state import Issue
from tests.e2e.site import Site

_HEX = re.compile(r"(?<![\w-])[0-9a-f]{8,64}(?![\w-])")
_RULES = (
    (re.compile(r"http://127\.0\.0\.1:\d+"), "https://gitlab.example.com"),
    (re.compile(r"https://127\.0\.0\.1:\d+"), "https://cluster.example.com"),
    (re.compile(r"<!-- purser:reply:\d+ -->"), "<!-- purser:reply:NOTE -->"),
    (re.compile(r"\b\d+:[0-9a-f]{24}\b"), "ENTRY:DIGEST"),
    (re.compile(r"\brun-(\d+)-[0-9a-f]{16}\b"), r"run-\1-ID"),
    (re.compile(r"/-/(jobs|pipelines)/\d+"), r"/-/\1/ID"),
    (re.compile(r"\[(pipeline|job) \d+\]"), r"[\1 ID]"),
    (re.compile(r"\bjob-\d+\b"), "job-ID"),
    (re.compile(r"(\b[Jj]ob .{1,120}?) \(\d+\)"), r"\1 (ID)"),
    (re.compile(r"(<!-- purser:drift-reply:\w+):\d+ -->"), r"\1:NOTE -->"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d&#58;\d\d&#58;\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?"), "TIME"),
    (re.compile(r"\b\d\d:\d\d:\d\d(\.\d+)?\b"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? (s|ms|seconds|minutes)\b"), r"N \2"),
    (
        re.compile(r"(resource \S+ not ready)\. status: \w+(, message: .*?)?(?=\n| context deadline|$)"),
        r"\1. status: STATUS",
    ),
    (re.compile(r"\b(just now|\d+ (min|h) ago)(?=: )"), "just now"),
    (re.compile(r"\btrace `?[0-9a-f]{32}`?"), "trace TRACE"),
)


def thread(site: Site, *requests: MergeRequest, earlier: str = "") -> str:
    """Every note of everybody, in order, with the reactions on it; merge requests one after the other.

    `earlier` is what a note said before it was edited; it stands at the end.
    """
    parts = [part for mr in requests for part in _request(mr)]
    parts += [f"# What the deploy note said before\n\n{earlier.rstrip()}"] if earlier else []
    return _plain(site, "\n\n".join(parts)) + "\n"


def issue(site: Site, found: Issue) -> str:
    """An issue as it is now."""
    return _plain(site, f"# #{found.iid} {found.title}\n*It is {found.state}.*\n\n{found.description}") + "\n"


def _request(mr: MergeRequest) -> Iterator[str]:
    yield f"# !{mr.iid} {mr.title}\n*{mr.author.username} opened it; it is {mr.state}.*"
    for note in mr.notes:
        yield _note(note)


def _note(note: Note) -> str:
    if note.system:
        return f"*{note.author.username} {note.body}*"
    signs = " ".join(f":{award.name}:" for award in note.awards)
    return f"---\n**{note.author.username}** wrote:\n\n{note.body.rstrip()}" + (
        f"\n\n{signs}" if signs else ""
    )


def _plain(site: Site, text: str) -> str:
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    text = re.sub(rf"\bid{re.escape(site.namespace)}\b", "shop", text)
    text = text.replace(site.project.path, "ops/shop").replace(site.namespace, "shop")
    return _named(text)


def _named(text: str) -> str:
    """Each commit and each digest gets a name, in the order in which they turn up, however it is cut."""
    known: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        key = found[0][:8]
        return known.setdefault(key, f"HASH-{len(known) + 1}")

    return _HEX.sub(name, text)
