"""The table of commands: a new one is a file in bot/app/commands and a line here."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from bot.app.commands.cancel import Cancel
from bot.app.commands.confirm import ConfirmRollback
from bot.app.commands.deploy import DeployAgain
from bot.app.commands.diff import Diff
from bot.app.commands.drift import Drift
from bot.app.commands.help import Help
from bot.app.commands.history import History
from bot.app.commands.lock import LockTarget
from bot.app.commands.plan import Plan
from bot.app.commands.request import Answer, Request
from bot.app.commands.rollback import PreviewRollback
from bot.app.commands.status import Status
from bot.app.commands.unlock import UnlockTarget
from bot.app.commands.verify import Verify
from bot.app.deploy.reverting import Reverting
from bot.app.deploy.telling import Telling
from bot.app.gate import Gatekeeper
from bot.app.ports import Clock, Forge, Queue, Repositories, Store
from bot.app.ports.running import Runs
from bot.app.rollback.asking import Previews
from bot.bootstrap.tools import Tools

Answers: TypeAlias = Callable[[Request], Awaitable[Answer]]


def answers(
    queue: Queue,
    forge: Forge,
    repositories: Repositories,
    tools: Tools,
    store: Store,
    gatekeeper: Gatekeeper,
    clock: Clock,
    steady: Clock,
    runs: Runs,
    reverting: Reverting,
) -> Mapping[str, Answers]:
    """What each command does, in the order in which help lists them. `steady` is the clock of deployments."""
    planner, clusters = tools.planner, tools.clusters
    ways = (tools.rollback, tools.recovery_back)
    previews = Previews(forge, repositories, clusters, tools.catalogue, *ways, store, clock)
    telling = Telling(forge, store, tools.masker, reverting)
    found: dict[str, Answers] = {
        "plan": Plan(queue, forge, repositories, planner),
        "diff": Diff(store),
        "status": Status(clusters, store),
        "history": History(clusters, store),
        "deploy": DeployAgain(queue, forge, repositories, planner, tools.recovery, store, gatekeeper, steady),
        "rollback": PreviewRollback(previews, reverting, store),
        "confirm": ConfirmRollback(previews, queue, store, gatekeeper),
        "cancel": Cancel(queue, forge, store, runs, telling),
        "lock": LockTarget(queue, store, clock),
        "unlock": UnlockTarget(queue, store),
        "drift": Drift(queue),
        "verify": Verify(repositories, tools.verifier, store),
    }
    return {"help": Help(["help", *found]), **found}
