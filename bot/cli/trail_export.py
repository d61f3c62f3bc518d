"""`purser trail export`: the trail as JSON Lines for machines, and as stories for auditors."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from bot.adapters.store.sql import SqlStore
from bot.cli.trail_source import ConfigFile, Filters, opened
from bot.core.errors import AuthorError
from bot.core.trail.check import Chain, Verdict
from bot.core.trail.lines import to_line
from bot.core.trail.story import pushes, stories

_NO_FILTERS = Filters()


def export(
    *,
    config: ConfigFile,
    filters: Filters = _NO_FILTERS,
    format: Annotated[Literal["jsonl", "markdown"], Parameter(help="how it is written")] = "jsonl",
    to: Annotated[Path | None, Parameter(help="write this file (default: standard output)")] = None,
) -> int:
    """Exports entries: jsonl with the whole chain of each one, markdown as one story per deployment.

    A story is whole as soon as one of its entries is asked for. The trail is checked while it is read.

    Exit codes: 0 all well, 1 the trail is broken (what was asked for is written all the same).

    Example: purser trail export --config purser.yaml --format markdown --since 2026-01-01 --to audit.md
    """
    verdict = asyncio.run(_export(config, filters, format, to))
    for problem in verdict.problems:
        print(f"purser: {problem}", file=sys.stderr)
    return 1 if verdict.problems else 0


async def _export(config: Path, filters: Filters, format: str, to: Path | None) -> Verdict:
    chain = Chain()
    async with opened(config) as store:
        parts = _jsonl(store, filters, chain) if format == "jsonl" else _markdown(store, filters, chain)
        if to is None:
            async for part in parts:
                print(part)
            return chain.verdict()
        try:
            with to.open("w", encoding="utf-8") as stream:
                async for part in parts:
                    stream.write(part + "\n")
        except OSError as error:
            raise AuthorError(f"{to} cannot be written: {error.strerror}.", code="file") from None
    return chain.verdict()


async def _jsonl(store: SqlStore, filters: Filters, chain: Chain) -> AsyncIterator[str]:
    wanted = filters.wanted
    async for entry in store.stream():
        chain.add(entry)
        if wanted.takes(entry):
            yield to_line(entry)


async def _markdown(store: SqlStore, filters: Filters, chain: Chain) -> AsyncIterator[str]:
    """Merge requests are found in one pass over the trail, and told one after the other."""
    wanted, found, others = filters.wanted, dict[tuple[str, int], None](), []
    async for entry in store.stream():
        chain.add(entry)
        if wanted.takes(entry):
            if entry.iid is None:
                others.append(entry)
            else:
                found[entry.project, entry.iid] = None
    verdict = chain.verdict()
    yield "# The trail of deployments\n"
    checked = "each is as it was written" if not verdict.problems else "**IT IS BROKEN**, see the end"
    yield f"Read {verdict.entries} entries; {checked}. Head: `{verdict.head or 'none'}`.\n"
    for project, iid in found:
        entries = [entry async for entry in store.stream(project=project, iid=iid)]
        for story in stories(project, iid, entries, filters.target):
            yield story
    if past := pushes(others):
        yield past
    if verdict.problems:
        yield "\n".join(["## What is broken", "", *(f"- {problem}" for problem in verdict.problems)])
