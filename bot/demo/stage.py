"""The demo's world on loopback: the look-alike GitLab, a cluster, the bot, and a project to play with."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from bot.app.apply.sealed_plan import ApplyPlan
from bot.bootstrap.service import Running, service
from bot.bootstrap.tools import Settings, deployer, open_checkout, tools
from bot.config import load
from bot.core.model import Target
from bot.demo.cluster import SimulatedCluster
from bot.demo.gitlab import GitLab, Level, Project, User

PROJECT = "demo/cluster"
TARGET = "production"
FILES = Path(__file__).parent / "project"
_CONFIG = """\
version: 1
gitlab: {{url: "{gitlab}", token: {{env: DEMO_GITLAB_TOKEN}}}}
webhook: {{token: {{env: DEMO_HOOK_TOKEN}}}}
listen: 127.0.0.1:{port}
metrics: {{listen: "127.0.0.1:0"}}
data_dir: {data}
charts: {{catalogue: {catalogue}}}
log: {{format: console, level: warning}}
projects:
  - path: {project}
    targets: [{{name: {target}, kubeconfig: {kubeconfig}}}]
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands: GitLab and its project, two people, the bot, and where the cluster is."""

    gitlab: GitLab
    project: Project
    author: User
    maintainer: User
    bot: Running
    kubeconfig: Path


@asynccontextmanager
async def stage(
    folder: Path, say: Callable[[str], None], kubeconfig: Path | None = None, port: int = 0
) -> AsyncIterator[Stage]:
    """Builds it all below `folder`, with the project's main branch deployed; tears it down afterwards."""
    async with AsyncExitStack() as stack:
        if kubeconfig is None:
            cluster = await stack.enter_async_context(SimulatedCluster(folder / "cluster"))
            kubeconfig = cluster.kubeconfig
        say("Deploying the main branch to the cluster, so that there is something to change …")
        await _deploy_main(folder, kubeconfig)
        gitlab = GitLab(folder / "gitlab", job_environment=_job_environment(folder))
        await gitlab.start(port)
        stack.push_async_callback(gitlab.stop)
        author, maintainer = gitlab.add_user("ada", "Ada"), gitlab.add_user("max", "Max")
        members = {author: Level.DEVELOPER, maintainer: Level.MAINTAINER}
        project = await gitlab.add_project(PROJECT, _files(), members)
        gitlab.set_variable(project, "KUBECONFIG", kubeconfig.read_text(encoding="utf-8"), file=True)
        gitlab.set_variable(project, "PURSER_FLAGS", "--layout managed-apps --catalogue catalogue.yaml")
        _, token = gitlab.project_bot(project)
        secrets = {"DEMO_GITLAB_TOKEN": token, "DEMO_HOOK_TOKEN": token_urlsafe(24)}
        config = _configuration(folder, gitlab.url, kubeconfig)
        bot = await stack.enter_async_context(service(load(config, secrets)))
        gitlab.add_hook(project, f"{bot.url}/hooks/gitlab", token=secrets["DEMO_HOOK_TOKEN"])
        yield Stage(gitlab, project, author, maintainer, bot, kubeconfig)


def _files() -> Mapping[str, bytes]:
    files = {str(p.relative_to(FILES)): p.read_bytes() for p in sorted(FILES.rglob("*")) if p.is_file()}
    return {**files, ".gitlab-ci.yml": ci_template().read_bytes()}


def ci_template() -> Path:
    """The CI job that projects include; beside the package in a checkout, inside of it when installed."""
    package = Path(__file__).resolve().parents[1]
    places = [package.parent / "config", package / "_config"]
    return next(p for place in places if (p := place / "ci" / "purser-apply.gitlab-ci.yml").is_file())


async def _deploy_main(folder: Path, kubeconfig: Path) -> None:
    checkout = folder / "main"
    shutil.copytree(FILES, checkout)
    target = Target(
        name=TARGET, project=PROJECT, layout="managed-apps", kubeconfig=str(kubeconfig), chart_hosts=()
    )
    settings = Settings(folder / "charts", b"demo", catalogues=(str(FILES / "catalogue.yaml"),))
    async with tools(settings) as wired:
        tree = open_checkout(checkout)
        seal = (await wired.planner.prepare(target, tree)).plan.seal
        helm = await deployer(target, wired.engine)
        apply = ApplyPlan(wired.planner, helm, wired.verifier, lambda line: None, "demo", wired.recovery)
        outcome = await apply(target, tree, seal or "", None, verify_seconds=30)
    if outcome.result not in ("applied", "nothing"):
        raise RuntimeError(f"the demo's main branch could not be deployed: {'; '.join(outcome.lines)}")


def _configuration(folder: Path, gitlab: str, kubeconfig: Path) -> Path:
    file = folder / "purser.yaml"
    text = _CONFIG.format(
        gitlab=gitlab,
        port=0,
        data=folder / "data",
        catalogue=FILES / "catalogue.yaml",
        project=PROJECT,
        target=TARGET,
        kubeconfig=kubeconfig,
    )
    file.write_text(text, encoding="utf-8")
    return file


def _job_environment(folder: Path) -> Mapping[str, str]:
    """Jobs find `purser` where this one runs, and keep their caches in the demo's folder."""
    programs = str(Path(sys.executable).parent)
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "XDG_CACHE_HOME": str(folder / "job-cache"),
        "HOME": str(folder),
    }
