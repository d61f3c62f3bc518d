"""`purser trail`: what was proposed, approved, merged, run and verified, for people and auditors."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from bot.adapters.gitlab.trace import readable
from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.cli.trail_source import ConfigFile, Filters, opened, url_of
from bot.core.errors import AuthorError
from bot.core.notes.markdown import visible
from bot.core.trail.chain import Entry, Head, heads_in, intact
from bot.core.trail.check import Chain, Verdict
from bot.core.trail.facts import log_digest
from bot.core.trail.lines import from_line, to_line
from bot.core.trail.words import jobs_of, sentence, who

WELL, WRONG = 0, 1
Output = Annotated[Literal["terminal", "json"], Parameter(help="how to print it")]
_NO_FILTERS = Filters()


def list_(*, config: ConfigFile, filters: Filters = _NO_FILTERS, output: Output = "terminal") -> int:
    """Lists entries, oldest first, one line each.

    Exit codes: 0 all well, 1 not.

    Example: purser trail list --config purser.yaml --project platform/cluster --since 2026-11-01
    """
    asyncio.run(_list(config, filters, output))
    return WELL


async def _list(config: Path, filters: Filters, output: str) -> None:
    between = "[\n"
    async with opened(config) as store:
        async for entry in filters.of(store):
            if output == "json":
                print(between + to_line(entry), end="")
                between = ",\n"
            else:
                print(_line(entry))
    if output == "json":
        print(between + "]" if between == "[\n" else "\n]")


def show(number: int, /, *, config: ConfigFile, output: Output = "terminal") -> int:
    """Shows one entry whole, and whether it is what was written.

    Exit codes: 0 all well, 1 there is no such entry, or it was changed.

    Example: purser trail show 57 --config purser.yaml

    Parameters
    ----------
    number:
        the entry's number
    """
    found = asyncio.run(_one(config, number))
    if found is None:
        print(f"purser: there is no entry {number}.", file=sys.stderr)
        return WRONG
    good = intact(found, number, found.before)
    if output == "json":
        print(to_line(found))
    else:
        print(_line(found))
        for job in jobs_of(found):
            print(f"  {visible(job)}")
        print(visible(json.dumps(dict(found.facts), indent=2, ensure_ascii=False)))
        print(f"before  {visible(found.before)}\ndigest  {visible(found.digest)}")
    if not good:
        print(f"purser: entry {number} is not what was written.", file=sys.stderr)
    return WELL if good else WRONG


async def _one(config: Path, number: int) -> Entry | None:
    async with opened(config) as store:
        return await anext(store.stream(number=number), None)


def verify(
    *,
    config: Annotated[Path | None, Parameter(help="configuration file")] = None,
    file: Annotated[Path | None, Parameter(help="check this export (jsonl, whole) instead")] = None,
    head: Annotated[
        list[str] | None, Parameter(help="NUMBER:DIGEST that the trail must have; may be repeated")
    ] = None,
    note: Annotated[str | None, Parameter(help="text of a deploy note with its head; - reads it")] = None,
    output: Output = "terminal",
) -> int:
    """Checks every entry, and that the heads which deploy notes name are still there.

    Finds what was changed, removed, inserted or put elsewhere. That the newest entries are gone shows only
    with a head from outside the database. Reads a thousand entries at a time.

    Exit codes: 0 all well, 1 not.

    Example: purser trail verify --config purser.yaml --head 57:1f0c2b7d9a6e4c3b8f5d2a10
    """
    heads = [found for each in head or [] for found in _heads(each)]
    if note is not None:
        heads += _heads(sys.stdin.read() if note == "-" else note)
    if file is not None:
        verdict = _verified(_lines(file), heads)
    elif config is not None:
        verdict = asyncio.run(_verify(config, heads))
    else:
        raise AuthorError("Verify what?", fix="Name --config FILE, or an export with --file.", code="which")
    _report(verdict, output)
    return WRONG if verdict.problems else WELL


async def _verify(config: Path, heads: list[Head]) -> Verdict:
    chain = Chain(heads)
    async with opened(config) as store:
        async for entry in store.stream():
            chain.add(entry)
    return chain.verdict()


def _verified(entries: Iterator[Entry], heads: list[Head]) -> Verdict:
    chain = Chain(heads)
    for entry in entries:
        chain.add(entry)
    return chain.verdict()


def import_(file: Path, /, *, config: ConfigFile) -> int:
    """Puts an exported trail into a new database: all of it, checked, or nothing.

    Exit codes: 0 all well, 1 not.

    Example: purser trail import trail.jsonl --config purser.yaml

    Parameters
    ----------
    file:
        what `purser trail export --format jsonl` wrote, without filters
    """
    head = asyncio.run(_import(file, config))
    print(f"Imported; the head is {head}." if head else "There was nothing to import.")
    return WELL


async def _import(file: Path, config: Path) -> Head | None:
    engine = await open_database(url_of(config))
    try:
        return await SqlStore(engine).take_over(_lines(file))
    finally:
        await engine.dispose()


def log(file: Path, /) -> int:
    """Prints the digest that the trail has of a job's log, from the raw log as GitLab gives it.

    Exit codes: 0 all well, 1 not.

    Example: purser trail log job.log

    Parameters
    ----------
    file:
        the raw log
    """
    try:
        print(log_digest(readable(file.read_bytes())))
    except OSError as error:
        raise AuthorError(f"{file} cannot be read: {error.strerror}.", code="file") from None
    return WELL


def _line(entry: Entry) -> str:
    place = entry.project if entry.iid is None else f"{entry.project}!{entry.iid}"
    by = f"{who(entry)}: " if who(entry) else ""
    at = str(entry.at)[:19].replace("T", " ")
    return visible(f"{entry.id:>6}  {at}  {place}  {entry.kind}  {by}{sentence(entry)}")


def _heads(text: str) -> list[Head]:
    found = heads_in(text)
    if found:
        return found
    fix = "It looks like 57:1f0c2b7d9a6e4c3b8f5d2a10, and ends each deploy note."
    raise AuthorError("There is no head of a trail in it.", fix=fix, code="head")


def _lines(file: Path) -> Iterator[Entry]:
    try:
        with file.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                yield from_line(line, number)
    except OSError as error:
        raise AuthorError(f"{file} cannot be read: {error.strerror}.", code="file") from None
    except UnicodeDecodeError:
        raise AuthorError(f"{file} is not UTF-8 text.", code="file") from None


def _report(verdict: Verdict, output: str) -> None:
    head = str(verdict.head) if verdict.head else None
    if output == "json":
        said = {"entries": verdict.entries, "head": head, "broken": list(verdict.broken)}
        print(json.dumps({**said, "problems": list(verdict.problems)}, indent=2))
        return
    for problem in verdict.problems:
        print(problem)
    if not verdict.problems:
        print(f"All well: {verdict.entries} entries, each as it was written. Head {head or 'none'}.")
