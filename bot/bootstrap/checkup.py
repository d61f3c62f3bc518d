"""Look at what the service stands on: its database, Helm, the clusters."""

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from bot.adapters.cluster.rights import review, try_write
from bot.adapters.store import tables
from bot.adapters.store.database import connect_database, steps
from bot.app.doctor import rights_signs, write_sign
from bot.bootstrap.tools import Settings, deployer, tools
from bot.config import Config
from bot.core.diagnosis import Diagnosis, ill, unsure, well
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable, PurserError
from bot.core.model import Target
from bot.core.rights import EVERYTHING, deploying, planning


async def database_signs(config: Config) -> AsyncIterator[Diagnosis]:
    """Whether it opens, can be written, and is of this version. Nothing of it is changed."""
    about = "the database" if config.database.url else f"{config.data_dir.absolute()}/purser.db"
    try:
        engine = await connect_database(config.database_url)
    except AuthorError as error:
        yield (
            _made_later(config.data_dir)
            if error.code == "no-database"
            else ill("database", about, error.what, error.fix or "Correct database.url.")
        )
        return
    except PurserError as error:
        mend = (
            "Look at database.url and data_dir: purser config check; is the server up, the file a database?"
        )
        yield ill("database", about, f"{error}.", mend)
        return
    try:
        at, newest = await steps(engine)
        if at is not None:
            async with engine.connect() as connection, connection.begin() as attempt:
                mark = {"name": f"doctor:{uuid4().hex}", "value": ""}
                await connection.execute(sa.insert(tables.meta).values(**mark))
                await attempt.rollback()
        yield _step(about, at, newest)
    except (sa.exc.DBAPIError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        yield ill(
            "database", about, f"It cannot be written: {cause}.", "Give the service's user the right to."
        )
    finally:
        await engine.dispose()


def _made_later(folder: Path) -> Diagnosis:
    about = str(folder.absolute())
    there = next(it for it in (folder.absolute(), *folder.absolute().parents) if it.exists())
    if there.is_dir() and os.access(there, os.W_OK):
        return well("database", about, "There is no database yet; the first start makes it.")
    return ill("database", about, f"No database can be made: {there} is not writable.", f"ls -ld {there}")


def _step(about: str, at: str | None, newest: str | None) -> Diagnosis:
    if at is None:
        return well("database", about, "It is empty; the first start makes its tables.")
    if newest is not None and at > newest:
        said = f"It is at step {at}, and this version knows {newest} at most."
        return ill("database", about, said, "Run the version of Purser that migrated it, or a newer one.")
    if at != newest:
        return unsure("database", about, f"It is at step {at}; the next start migrates it to {newest}.")
    return well("database", about, f"It can be written, and is at step {at}.")


async def helm_signs(config: Config) -> AsyncIterator[Diagnosis]:
    """Whether charts can be rendered, and by what is deployed in a job like this one."""
    settings = Settings(cache=config.chart_cache, key=b"\0" * 32, workers=1)
    try:
        async with tools(settings) as wired:
            await wired.helm()
            yield well("helm", "rendering", f"{wired.engine.name} {wired.engine.version} renders charts.")
            info = wired.engine
    except (PurserError, OSError, RuntimeError) as error:
        mend = "Install Purser with its lock file on Linux, x86-64 or arm64: the Helm library comes with it."
        yield ill("helm", "rendering", f"Charts cannot be rendered: {error}.", mend)
        return
    try:
        found = await deployer(config.targets[0], info, config.helm.engine, config.helm.binary)
    except AuthorError as error:
        yield ill("helm", "deploying", error.what, error.fix)
    else:
        yield well("helm", "deploying", f"{found.info.name} {found.info.version} deploys.")


async def cluster_signs(target: Target, namespaces: Sequence[str]) -> AsyncIterator[Diagnosis]:
    """What planning needs, with each permission asked for; in mode direct deploying too."""
    async for sign in _reviewed(target, "plan", namespaces):
        yield sign
    if target.deploy_mode == "direct":
        rules = target.deploy
        other = replace(target, kubeconfig=rules.kubeconfig or target.kubeconfig)
        other = replace(other, context=rules.context or target.context)
        async for sign in _reviewed(other, "deploy", namespaces):
            yield sign


async def write_signs(target: Target, namespaces: Sequence[str]) -> AsyncIterator[Diagnosis]:
    """Whether a real write of the planning identity is refused: it is tried, in each of the namespaces."""
    for namespace in namespaces or ["default"]:
        try:
            tried = await try_write(target, namespace)
        except (AuthorError, ClusterForbids, ClusterUnreachable) as error:
            yield unsure("write", f"{target.name} (plan) in {namespace}", f"It was not tried: {error.what}")
        else:
            yield write_sign(
                target.name, namespace, tried.status, tried.words, name=tried.name, left=tried.left
            )


async def _reviewed(target: Target, deed: str, namespaces: Sequence[str]) -> AsyncIterator[Diagnosis]:
    about = f"{target.name} ({deed})"
    wanted = planning(namespaces) if deed == "plan" else deploying(namespaces)
    context = f" --context {target.context}" if target.context else ""
    file = f" --kubeconfig {target.kubeconfig}" if target.kubeconfig else ""
    try:
        found = await review(target, [*wanted, EVERYTHING])
    except AuthorError as error:
        yield ill("cluster", about, error.what, error.fix)
        return
    except ClusterForbids as error:
        mend = f"kubectl{file}{context} auth whoami (has the token or certificate expired?)"
        yield ill("cluster", about, error.what, mend)
        return
    except ClusterUnreachable as error:
        yield ill("cluster", about, error.what, f"kubectl{file}{context} version (from here: name, network)")
        return
    yield well("cluster", about, f"Kubernetes {found.version} answers {found.user or 'us'}.")
    denied = [right for right in found.denied if right != EVERYTHING]
    for sign in rights_signs(target.name, deed, found.user, denied, EVERYTHING not in found.denied):
        yield sign
