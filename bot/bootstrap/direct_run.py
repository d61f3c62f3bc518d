"""One run of mode `direct`: what `purser apply` does, in a process that the service started.

`python -m bot.bootstrap.direct_run RUN` reads one JSON object (`order_of`) on its input, says what it does on
standard output (the run's log), and leaves `report.json` in its working directory. SIGTERM ends it in order.
"""

import asyncio
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.adapters.checkout import DirectoryCheckout
from bot.adapters.direct_runs import LOCK_VARIABLE
from bot.adapters.helm.worker import RenderLimits
from bot.app.apply.sealed_plan import Applied, ApplyPlan
from bot.app.ports.running import RunOrder
from bot.bootstrap.tools import Settings, deployer, tools
from bot.core.chart_credential import ChartCredential
from bot.core.deploy.release_report import RunReport, to_json
from bot.core.document import from_document
from bot.core.errors import PurserError
from bot.core.model import Target
from bot.core.notes.markdown import visible
from bot.core.redact.masking import Masker
from bot.log import configure

MOST_LOG = 8 * 1024 * 1024
"""Characters of a log; what comes after them is not written."""

_CUT = "… the rest of the output is left out."
_TARGET = ("name", "project", "layout", "path", "branch", "kubeconfig", "context", "chart_hosts", "lookup")
ARGV = (sys.executable, "-P", "-m", "bot.bootstrap.direct_run")


def environment(secrets: Sequence[str], inherited: Mapping[str, str]) -> dict[str, str]:
    """Ours without what opens GitLab and the database: a deploy needs the cluster's credentials only."""
    return {name: value for name, value in inherited.items() if not any(it in value for it in secrets)}


def order_of(
    order: RunOrder, tree: Path, head: str | None, settings: Settings, helm: tuple[str, str]
) -> Mapping[str, Any]:
    """What a run is told, as JSON."""
    target = {name: getattr(order.target, name) for name in _TARGET}
    rules = order.target.deploy
    # Other credentials may be for another file: its contexts are not those of the target's.
    own = {"context": rules.context if rules.kubeconfig else rules.context or order.target.context}
    kubeconfig = rules.kubeconfig or order.target.kubeconfig
    own["kubeconfig"] = os.path.abspath(kubeconfig) if kubeconfig else None
    limits = settings.limits or RenderLimits()
    return {
        "run": order.id,
        "target": {**target, **own, "variables": dict(order.target.variables)},
        "parallel": rules.parallel,
        "crds": rules.crds,
        "seal": order.seal,
        "sealed": dict(order.sealed),
        "again": order.again,
        "tree": str(tree),
        "head": head,
        "cache": str(settings.cache.absolute()),
        "key": settings.key.hex(),
        "secrets": list(settings.masked),
        "credentials": [[it.host, it.username, it.password(), it.ca_file] for it in settings.credentials],
        "memory": str(settings.memory.absolute()) if settings.memory else None,
        "catalogues": [os.path.abspath(one) for one in settings.catalogues],
        "workers": settings.workers,
        "limits": {"memory": limits.memory, "wall_seconds": limits.wall_seconds},
        "helm": list(helm),
        "helmfile": list(settings.helmfile) if settings.helmfile else None,
    }


def main() -> int:
    """Runs it; the exit status is 0 whenever the report says how it went."""
    order = json.load(sys.stdin)
    masker = Masker(bytes.fromhex(order["key"]))
    for secret in order["secrets"]:
        masker.remember(secret)
    # Standard error is the same log: what libraries and we log there is read by the same people.
    configure("console", "warning", mask=masker.text)
    log = _Log(masker)
    try:
        report = asyncio.run(_stoppable(order, log.say))
    except PurserError as error:
        log.say(f"\nFailed: {error}")
        report = RunReport("failed", (), (masker.text(str(error)),))
    except asyncio.CancelledError:
        log.say("\nStopped from outside before anything was applied, or while it was verified.")
        report = RunReport("stopped", (), ("It was stopped from outside before it applied anything.",))
    except Exception:  # noqa: BLE001 (whoever waits for the report needs one)
        log.say(f"\nPurser itself failed:\n{traceback.format_exc()}")
        report = RunReport("failed", (), ("Purser itself failed; the log has the details.",))
    part = Path("report.json.part")
    part.write_text(json.dumps(to_json(report)), encoding="utf-8")
    part.rename("report.json")
    return 0


async def _stoppable(order: Mapping[str, Any], say: Callable[[str], None]) -> RunReport:
    task = asyncio.ensure_future(_apply(order, say))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    outcome = await task
    for line in outcome.lines:
        say(f"  {line}")
    return outcome.report


async def _apply(order: Mapping[str, Any], say: Callable[[str], None]) -> Applied:
    given = {**order["target"], "chart_hosts": _hosts(order["target"]["chart_hosts"])}
    target = Target(**given)
    rules = replace(target.deploy, parallel=order["parallel"], crds=order["crds"])
    target = replace(target, deploy=rules)
    tree = DirectoryCheckout(order["tree"], order["head"])
    say(f"purser apply: target {target.name}, commit {tree.head or 'none'}, run {order['run']}")
    limits = RenderLimits(**order["limits"])
    settings = Settings(
        Path(order["cache"]),
        bytes.fromhex(order["key"]),
        order["workers"],
        limits,
        catalogues=order["catalogues"],
        memory=Path(order["memory"]) if order["memory"] else None,
        secrets=order["secrets"],
        credentials=[_credential(*one) for one in order["credentials"]],
        helmfile=tuple(order["helmfile"]) if order["helmfile"] else None,
    )
    async with tools(settings) as wired:
        keep = (int(os.environ[LOCK_VARIABLE]),) if LOCK_VARIABLE in os.environ else ()
        helm = await deployer(target, wired.engine, *order["helm"], keep=keep)
        sealed = from_document(order["sealed"])
        back = sealed.rollback
        planner = wired.rollback(back) if back else wired.planner
        recovery = wired.recovery_back(back) if back else wired.recovery
        use = ApplyPlan(planner, helm, wired.verifier, say, order["run"], recovery)
        return await use(target, tree, order["seal"], sealed, None, again=order["again"])


def _credential(host: str, username: str, password: str, ca_file: str | None) -> ChartCredential:
    return ChartCredential(host, username, lambda: password, ca_file)


def _hosts(given: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)


class _Log:
    """Standard output, masked, made visible, and bounded."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._left = MOST_LOG

    def say(self, text: str) -> None:
        """Prints at once: somebody may be watching."""
        line = visible(self._masker.text(text))
        if self._left <= 0:
            return
        self._left -= len(line) + 1
        print(line if self._left > 0 else _CUT, flush=True)  # noqa: T201 (its output is the log)


if __name__ == "__main__":
    sys.exit(main())
