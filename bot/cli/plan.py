"""`purser plan`: what a checkout would change, without any GitLab."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from bot.bootstrap.tools import Settings, fingerprint_key, open_checkout, state_dir, tools
from bot.cli import terminal
from bot.cli.options import TargetOptions
from bot.cli.plans import keep
from bot.core.document import to_document
from bot.core.layouts import secret_variables
from bot.core.notes.plan import PlanContext, plan_notes
from bot.core.planned import Plan
from bot.log import configure

UNCHANGED, FAILED, CHANGES, WOULD_FAIL = 0, 1, 2, 4
_DEFAULT = TargetOptions()


def plan(
    path: Path = Path("."),
    /,
    *,
    options: TargetOptions = _DEFAULT,
    release: Annotated[list[str] | None, Parameter(help="plan only this release; may be repeated")] = None,
    output: Annotated[
        Literal["terminal", "json", "markdown"], Parameter(help="how to print it")
    ] = "terminal",
) -> int:
    """Shows what a checkout would change in a cluster; changes nothing.

    Exit codes: 0 nothing would change, 2 something would change, 1 the plan could not be made or is
    incomplete, 4 it would fail when applied.

    Example: purser plan ./cluster --kubeconfig ~/.kube/config --output json

    Parameters
    ----------
    path:
        the checkout
    """
    configure("console", "warning")  # to standard error: what is printed may be read by a program
    made = asyncio.run(_make(path, options, release or []))
    keep(made, state_dir())
    _print(made, output)
    return exit_code(made)


async def _make(path: Path, options: TargetOptions, only: list[str]) -> Plan:
    target = options.resolve()
    settings = Settings(
        cache=state_dir() / "charts",
        key=fingerprint_key(state_dir()),
        catalogues=options.catalogues,
        memory=state_dir() / "memory",
        helmfile=options.helmfile_programs,
        secrets=tuple(secret_variables(target.variables).values()),
        credentials=options.credentials,
    )
    async with tools(settings) as wired:
        return (await wired.planner.prepare(target, open_checkout(path), only)).plan


def exit_code(made: Plan) -> int:
    """The exit code that scripts rely on."""
    if not made.complete:
        return FAILED
    if made.has_errors:
        return WOULD_FAIL
    return CHANGES if made.changes_something else UNCHANGED


def _print(made: Plan, output: str) -> None:
    match output:
        case "json":
            print(json.dumps(to_document(made), indent=2, ensure_ascii=False))
        case "markdown":
            print("\n".join(plan_notes(made, PlanContext(head=made.head, in_thread=False)).parts))
        case _:
            terminal.show(made, Console(highlight=False, emoji=False, markup=False))
    if output != "terminal" and not made.complete:
        for finding in made.all_findings:
            if finding.level == "error":
                print(f"purser: {finding.message} {finding.fix}".rstrip(), file=sys.stderr)
