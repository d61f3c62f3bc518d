"""A plan for the terminal: a table, findings, coloured diffs."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.core.model import Finding, Level, Risk
from bot.core.notes.drift import drift_sentence
from bot.core.notes.hunks import object_diff
from bot.core.notes.markdown import visible
from bot.core.notes.only_labels import labels_sentence, only_labels
from bot.core.notes.plan import tally, verdict, versions
from bot.core.planned import Plan, ReleasePlan

_RISK = {Risk.HIGH: "bold red", Risk.MEDIUM: "yellow", Risk.LOW: "green", Risk.NONE: "dim"}
_LEVEL = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.INFO: "cyan"}
_LINE = {"+": "green", "-": "red", "@": "cyan"}


def show(plan: Plan, console: Console) -> None:
    """Prints the whole plan, worst first where it matters. Foreign text is plain text here, never markup."""
    style = "bold red" if plan.has_errors or not plan.complete else "bold"
    console.print(Text(f"Plan for {plan.target}: {verdict(plan)}", style=style))
    head = f"head {plan.head[:12]}, " if plan.head else ""
    engine = f"{plan.engine.name} {plan.engine.version}"
    console.print(Text(f"{head}cluster {plan.cluster_version}, rendered by {engine}\n", style="dim"))
    changing = [r for r in plan.releases if r.action != "none" or r.findings]
    if changing:
        console.print(_table(changing))
    same = [r.name for r in plan.releases if r.action == "none" and not r.findings]
    if same:
        console.print(Text(f"Unchanged: {', '.join(same)}.", style="dim"))
    for release in changing:
        _release(release, console)
    _findings(plan, console)
    if plan.seal:
        console.print(Text(f"\nSeal {plan.seal}", style="bold"))
    else:
        console.print(Text("\nNo seal: this plan cannot be applied.", style="bold red"))


def _table(releases: list[ReleasePlan]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("risk", "release", "namespace", "action", "chart", "objects"):
        table.add_column(name, overflow="fold")
    for r in releases:
        failing = any(f.level is Level.ERROR for f in r.findings)
        risk = Text("fails", style="bold red") if failing else Text(str(r.risk), style=_RISK[r.risk])
        chart = f"{r.chart_name} {versions(r)}".strip()
        cells = (r.name, r.namespace, r.action, chart, tally(r.objects))
        table.add_row(risk, *(Text(visible(cell)) for cell in cells))
    return table


def _release(release: ReleasePlan, console: Console) -> None:
    for item in release.objects:
        if item.action == "unchanged" or only_labels(item):
            continue
        hook = f" (hook {item.hook})" if item.hook else ""
        console.print(Text(f"\n{item.action} {visible(str(item.ref))}{hook}", style="bold"))
        for line in object_diff(item).splitlines():
            console.print(Text(visible(line), style=_LINE.get(line[:1], "")), soft_wrap=True)
        for path in item.noise:
            console.print(Text(f"  random value, left out of the seal: {visible(path)}", style="dim"))
    if marked := [item for item in release.objects if only_labels(item)]:
        console.print(Text(f"\n{labels_sentence(marked, visible)}", style="dim"))
    for drift in release.drift:
        console.print(Text(f"\ndrift: {drift_sentence(drift, visible)}", style="magenta"))


def _findings(plan: Plan, console: Console) -> None:
    pairs = [(f, "") for f in plan.findings] + [(f, r.key) for r in plan.releases for f in r.findings]
    if pairs:
        console.print()
    for finding, release in sorted(pairs, key=lambda pair: list(_LEVEL).index(pair[0].level)):
        console.print(_finding(finding, release))


def _finding(finding: Finding, release: str) -> Text:
    where = ", ".join(part for part in (release, str(finding.object or "")) if part)
    text = Text(f"{finding.level}", style=_LEVEL[finding.level])
    text.append(f" {finding.code}{f' ({visible(where)})' if where else ''}: ", style="default")
    text.append(visible(finding.message), style="default")
    if finding.fix:
        text.append(f"\n  What to do: {visible(finding.fix)}", style="default")
    return text
