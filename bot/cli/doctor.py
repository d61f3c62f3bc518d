"""`purser doctor`: what is wrong with an installation, and what mends it."""

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from bot.app.doctor import gitlab_signs, webhook_signs
from bot.app.webhook import places
from bot.bootstrap.checkup import cluster_signs, database_signs, helm_signs, write_signs
from bot.bootstrap.checkup_charts import chart_signs
from bot.cli.webhook import administration
from bot.config import Config, ConfigInvalid, load
from bot.core.diagnosis import Diagnosis, all_well, ill, to_document, well
from bot.core.notes.markdown import visible
from bot.core.webhook.settings import address

_SIGNS = {"well": "ok  ", "unsure": "look", "ill": "FAIL"}


def doctor(
    *,
    config: Annotated[Path, Parameter(help="configuration file")],
    url: Annotated[str | None, Parameter(help="where GitLab reaches the service")] = None,
    group: Annotated[list[str] | None, Parameter(help="group with a webhook for its projects")] = None,
    namespace: Annotated[
        list[str] | None, Parameter(help="ask for rights in this namespace only; may be repeated")
    ] = None,
    try_write: Annotated[
        bool, Parameter(negative="", help="let the planning identity try a real write, which must be refused")
    ] = False,
    output: Annotated[Literal["terminal", "json"], Parameter(help="how to print it")] = "terminal",
) -> int:
    """Checks the configuration, GitLab, webhooks, clusters, rights, Helm, the database, clocks, chart hosts.

    Prints what is wrong and the command that mends it. Changes nothing; with --try-write an empty ConfigMap
    stands for a moment where nothing refuses it, and is deleted again.

    Exit codes: 0 all well, 1 not.

    Example: purser doctor --config purser.yaml --url https://purser.example.com
    """
    found: list[Diagnosis] = []
    for sign in _signs(config, url, group or [], namespace or [], try_write):
        found.append(sign)
        if output == "terminal":
            print(_told(sign), flush=True)
    if output == "json":
        print(json.dumps(to_document(found), indent=2))
    else:
        bad = sum(it.state == "ill" for it in found)
        print(f"\n{bad} of {len(found)} checks failed." if bad else f"\nAll well: {len(found)} checks.")
    return 0 if all_well(found) else 1


def _signs(
    file: Path, url: str | None, groups: list[str], namespaces: list[str], tries: bool
) -> Iterator[Diagnosis]:
    try:
        config = load(file, os.environ)
    except ConfigInvalid as error:
        for problem in error.problems:
            yield ill("configuration", str(file), str(problem), f"purser config check {file}")
        return
    yield well("configuration", str(file), "It can be read, and every key is known.")
    yield from asyncio.run(_underfoot(config, namespaces, tries))
    with administration(config) as admin:
        projects = [project.path for project in config.projects]
        signs = list(gitlab_signs(admin, config.gitlab.url, projects, datetime.now(UTC)))
        yield from signs
        if any(it.area in ("gitlab", "token") and it.state == "ill" for it in signs):
            return
        goal = address(url) if url else None
        yield from webhook_signs(admin, places(config.targets, groups), goal, str(file))


async def _underfoot(config: Config, namespaces: list[str], tries: bool) -> list[Diagnosis]:
    found = [sign async for sign in database_signs(config)]
    found += [sign async for sign in helm_signs(config)]
    for target in config.targets:
        found += [sign async for sign in cluster_signs(target, namespaces)]
        if tries:
            found += [sign async for sign in write_signs(target, namespaces)]
    return found + await chart_signs(config.charts)


def _told(sign: Diagnosis) -> str:
    lines = [f"{_SIGNS[sign.state]}  {sign.area}: {sign.about}: {sign.said}"]
    if sign.mend and sign.state != "well":
        lines += [f"        {line}" for line in sign.mend.splitlines()]
    return visible("\n".join(lines))
