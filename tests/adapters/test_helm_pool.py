"""The pool of workers: lazily started, replaced, ended, and blind to our environment."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from bot.adapters.helm.cli import CliRenderer
from bot.adapters.helm.sdk import SdkRenderer
from bot.adapters.helm.worker import RenderLimits, death_of
from bot.core.errors import AuthorError
from bot.core.release import RenderJob
from tests.contracts.renderer.charts import config_map, write
from tests.contracts.renderer.conftest import CAPABILITIES


def job(folder: Path, text: str = "x") -> RenderJob:
    return RenderJob(write(folder, {"templates/a.yaml": config_map(text)}), "web", "shop", {}, CAPABILITIES)


async def test_the_parent_never_loads_helms_library(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import asyncio, pathlib, sys, psutil
        from bot.adapters.helm.sdk import SdkRenderer
        from tests.adapters.test_helm_pool import job

        async def main(folder):
            async with SdkRenderer(1, read_paths=[str(folder)]) as renderer:
                found = await renderer.render(job(folder))
                loaded = [area.path for area in psutil.Process().memory_maps() if "helm_c" in area.path]
                print(len(found.objects), loaded)

        asyncio.run(main(pathlib.Path(sys.argv[1])))
    """)
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await parent.communicate()
    assert (parent.returncode, said.decode().strip()) == (0, "1 []")


async def test_workers_are_started_when_they_are_needed_and_end_with_the_pool(tmp_path: Path) -> None:
    renderer = SdkRenderer(2, read_paths=[str(tmp_path)])
    assert renderer.pids == frozenset()
    await renderer.render(job(tmp_path))
    assert len(renderer.pids) == 1
    await asyncio.gather(*(renderer.render(job(tmp_path / str(n))) for n in range(4)))
    pids = renderer.pids
    assert len(pids) == 2
    await renderer.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_a_worker_is_replaced_after_its_share_of_jobs(tmp_path: Path) -> None:
    async with SdkRenderer(1, RenderLimits(jobs=2), [str(tmp_path)]) as renderer:
        seen = []
        for number in range(4):
            seen.append(renderer.pids)
            await renderer.render(job(tmp_path / str(number)))
        assert len({pid for pids in seen for pid in pids}) == 2
        assert renderer.renders == 4


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        (-signal.SIGXCPU, b"", "time"),
        (-signal.SIGKILL, b"", "memory"),
        (2, b"fatal error: runtime: out of memory: cannot allocate 4194304-byte block\n", "memory"),
        (
            -signal.SIGABRT,
            b"runtime/cgo: pthread_create failed: Resource temporarily unavailable\n",
            "memory",
        ),
        (-signal.SIGSEGV, b"", "crash"),
    ],
)
def test_the_end_of_a_worker_tells_which_limit_it_met(status: int, said: bytes, reason: str) -> None:
    assert death_of(status, said) == reason


@pytest.mark.parametrize("how", ["removed", "moved away"])
async def test_a_directory_of_charts_that_is_made_anew_is_read_by_new_workers(
    tmp_path: Path, how: str
) -> None:
    """A worker is sealed to the directory itself, whatever stands in its place later."""
    charts = tmp_path / "charts"
    async with SdkRenderer(1, read_paths=[str(charts)]) as renderer:
        assert (await renderer.render(job(charts / "first"))).objects
        if how == "removed":
            shutil.rmtree(charts)
        else:
            charts.rename(tmp_path / "old")
        assert (await renderer.render(job(charts / "second"))).objects
        known = renderer.pids
        assert (await renderer.render(job(charts / "third"))).objects
        assert renderer.pids == known


async def test_a_worker_that_was_busy_then_is_not_used_again_either(tmp_path: Path) -> None:
    charts = tmp_path / "charts"
    async with SdkRenderer(2, read_paths=[str(charts)]) as renderer:
        assert (await renderer.render(job(charts / "first"))).objects
        [busy] = renderer.pids
        slow = "{{ range until 2000 }}{{ range until 500 }}{{ end }}{{ end }}x"
        under_way = asyncio.create_task(renderer.render(job(charts / "slow", slow)))
        await asyncio.sleep(0)  # it has its worker
        shutil.rmtree(charts)
        assert (await renderer.render(job(charts / "second"))).objects
        await asyncio.gather(under_way, return_exceptions=True)
        found = await asyncio.gather(*(renderer.render(job(charts / str(n))) for n in range(4)))
        assert all(each.objects for each in found)
        assert busy not in renderer.pids


async def test_workers_that_nobody_needs_end_and_come_again(tmp_path: Path) -> None:
    limits = RenderLimits(idle=0.2)
    async with SdkRenderer(2, limits, [str(tmp_path)]) as renderer:
        await asyncio.gather(*(renderer.render(job(tmp_path / str(n))) for n in range(4)))
        async with asyncio.timeout(60):
            while renderer.pids:  # noqa: ASYNC110 - the pool ends them by itself
                await asyncio.sleep(0.02)
        await renderer.start()
        assert renderer.pids == frozenset()
        found = await renderer.render(job(tmp_path / "again"))
        assert len(found.objects) == 1
    assert renderer.kills == {}


async def test_whether_helm_is_there_is_told_while_every_worker_is_busy(tmp_path: Path) -> None:
    charts = write(tmp_path / "slow", {"templates/a.yaml": config_map("{{ range until 3000000 }}{{ end }}")})
    async with SdkRenderer(1, read_paths=[str(tmp_path)]) as renderer:
        slow = RenderJob(charts, "web", "shop", {}, CAPABILITIES)
        busy = asyncio.create_task(renderer.render(slow))
        while not renderer.renders:  # noqa: ASYNC110 - it begins
            await asyncio.sleep(0)
        await renderer.start()
        assert not busy.done()
        await busy


async def test_a_worker_that_died_while_idle_is_replaced_without_an_error(tmp_path: Path) -> None:
    async with SdkRenderer(1, read_paths=[str(tmp_path)]) as renderer:
        (pid,) = renderer.pids
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):  # reaped already
            await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        found = await renderer.render(job(tmp_path))
        assert len(found.objects) == 1
        assert renderer.pids.isdisjoint({pid})


async def test_a_worker_has_none_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "glpat-secret")
    async with SdkRenderer(1, read_paths=[str(tmp_path)]) as renderer:
        (pid,) = renderer.pids
        environment = psutil.Process(pid).environ()
    assert set(environment) == {"GOMEMLIMIT", "GOTRACEBACK", "HOME"}


async def test_a_chart_outside_of_the_read_paths_cannot_be_read(tmp_path: Path) -> None:
    async with SdkRenderer(1, read_paths=[str(tmp_path / "charts")]) as renderer:
        if renderer.seal_report is None or not renderer.seal_report.landlock:
            pytest.skip("this kernel has no Landlock")
        with pytest.raises(AuthorError) as caught:
            await renderer.render(job(tmp_path / "elsewhere"))
    assert caught.value.code == "render-failed"
    assert str(tmp_path) not in str(caught.value)


async def test_both_engines_say_what_they_are_and_a_missing_command_is_not_there(tmp_path: Path) -> None:
    async with SdkRenderer(1) as renderer:
        assert renderer.info.name == "helm-sdk"
        assert renderer.info.version.startswith("4.")
    nowhere = CliRenderer(str(tmp_path / "helm"))
    assert await nowhere.available() is None
    await nowhere.close()
    with pytest.raises(RuntimeError):
        assert nowhere.info
