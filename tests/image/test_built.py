"""The image's steps without a container engine: the same commands in a plain directory, run as nobody.

Not run here, as it needs an engine and a registry: the base images, apt-get, useradd, the layers themselves,
and the Go build of Helm. What is run: the RUN steps that make the environment (the lock file by hash, the
wheel, the compiled modules), then ENTRYPOINT, CMD and HEALTHCHECK as an unprivileged user who may write data
and tmp.
Installing needs the package index or its cache; without either the tests are skipped.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bot.demo.gitlab import GitLab, Level
from tests.e2e.files import project_files
from tests.image.dockerfile import ROOT, of, stages, words

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
NOBODY = 65534
_, _, ENVIRONMENT, LAST = stages()
PATIENCE = 120.0
NOT_OF_PYTHON = shutil.ignore_patterns(
    "site-packages", "__pycache__", "test", "idlelib", "*.a", "include", "share"
)


@dataclass(frozen=True, slots=True)
class Image:
    """What the build left: `application` for /opt/purser, `data` for /var/lib/purser, `tmp` for /tmp."""

    root: Path

    @property
    def application(self) -> Path:
        return self.root / "purser"

    def put(self, word: str) -> str:
        """A word of the Dockerfile with this directory's places."""
        return word.replace("/opt/purser", str(self.application))

    def start(self, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
        """Runs as nobody where we are root; the application's directory cannot be written either way."""
        nobody = NOBODY if os.getuid() == 0 else None
        tmp = str(self.root / "tmp")
        usual = {
            "PATH": f"{self.application / 'bin'}:/usr/bin:/bin",
            "HOME": tmp,
            "TMPDIR": tmp,
            # A copied Python still looks for its library where it was copied from, which nobody can read.
            "LD_LIBRARY_PATH": str(self.root / "python" / "lib"),
        }
        return subprocess.Popen(
            command,
            cwd=self.root / "data",
            env={**usual, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            user=nobody,
            group=nobody,
            extra_groups=None if nobody is None else [],
        )

    def run(self, *command: str, **environment: str) -> tuple[int, str]:
        """Exit code and output."""
        with self.start([self.put(it) for it in command], environment) as process:
            out, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, out


def steps(root: Path) -> list[str]:
    """The RUN steps that make the environment, with the directory's places and the uv of this environment."""
    put = {
        "/opt/build/bin/python -m pip": "true",  # uv is here already
        "/opt/build/bin/uv": str(Path(sys.executable).parent / "uv"),
        "/opt/": f"{root}/",
        "/out": f"{root}/out",
        "python -m venv": f"{root}/python/bin/{Path(sys.executable).resolve().name} -m venv",
        # The cache makes it quick, and possible without a network.
        "--no-cache ": "",
    }
    found = []
    for step in of(ENVIRONMENT, "RUN"):
        for there, here in put.items():
            step = step.replace(there, here)  # noqa: PLW2901
        found.append(step)
    return found


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    # pytest's own folders are closed to others.
    root = Path("/tmp") / f"purser-image-{os.getpid()}"
    source = root / "src"
    source.mkdir(parents=True)
    try:
        # What the base image brings: others cannot reach a Python in somebody's home.
        shutil.copytree(sys.base_prefix, root / "python", symlinks=True, ignore=NOT_OF_PYTHON)
        for value in of(ENVIRONMENT, "COPY"):
            *names, to = value.split()
            for name in names:
                place = source / (name if to == "./" else to)
                if (ROOT / name).is_dir():
                    shutil.copytree(ROOT / name, place, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / name, place)
        for step in steps(root):
            done = subprocess.run(
                ["/bin/sh", "-ec", step], cwd=source, capture_output=True, text=True, check=False
            )
            if done.returncode and re.search(r"dns error|Failed to fetch|error sending request", done.stderr):
                pytest.skip("the package index cannot be reached")
            assert done.returncode == 0, done.stderr
        shutil.rmtree(source)
        for name in ("data", "tmp"):
            (root / name).mkdir(mode=0o777)
            (root / name).chmod(0o777)
        subprocess.run(["chmod", "--recursive", "a+rX,a-w", str(root / "purser")], check=True)
        yield Image(root)
    finally:
        subprocess.run(["chmod", "--recursive", "u+w", str(root)], check=True)
        shutil.rmtree(root)


def entry() -> list[str]:
    """The image's ENTRYPOINT."""
    return words(of(LAST, "ENTRYPOINT")[0])


def test_the_entry_point_says_its_version(image: Image) -> None:
    [version] = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    code, said = image.run(*entry(), "--version")
    assert (code, version in said) == (0, True), said


def test_neither_pip_nor_the_tests_nor_the_checkout_is_inside(image: Image) -> None:
    code, said = image.run("/opt/purser/bin/python", "-c", "import bot, sys; print(bot.__file__)")
    assert code == 0
    assert said.startswith(str(image.application))
    for module in ("pip", "pytest", "tests"):
        assert image.run("/opt/purser/bin/python", "-c", f"import {module}")[0] == 1


def test_whoever_runs_it_cannot_change_it(image: Image) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become nobody")
    for place in ("bin/purser", "lib"):
        path = image.application / place / ("x" if place == "lib" else "")
        code, said = image.run("/bin/sh", "-c", f"echo changed >>{str(path).rstrip('/')}")
        assert code != 0
        assert "Permission denied" in said


def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def configured(image: Image, url: str, token: str) -> tuple[Path, int]:
    """A minimal configuration, and the port that it names."""
    at = port()
    (image.root / "data" / "gitlab-token").write_text(token)
    (image.root / "data" / "webhook-token").write_text("0123456789abcdef0123456789abcdef")
    content = {
        "version": 1,
        "gitlab": {"url": url, "token": {"file": "gitlab-token"}},
        "webhook": {"token": {"file": "webhook-token"}},
        "listen": f"127.0.0.1:{at}",
        "metrics": {"listen": "127.0.0.1:0"},
        "data_dir": str(image.root / "data" / "state"),
        "projects": [{"path": "platform/cluster", "targets": [{"name": "production"}]}],
    }
    file = image.root / "data" / "purser.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file, at


@pytest.fixture
async def gitlab(tmp_path: Path) -> AsyncIterator[GitLab]:
    async with GitLab(tmp_path / "gitlab") as running:
        yield running


async def test_it_checks_its_configuration_serves_and_its_health_check_passes(
    image: Image, gitlab: GitLab
) -> None:
    ada = gitlab.add_user("ada")
    project = await gitlab.add_project("platform/cluster", {"releases.yaml": ""}, {ada: Level.OWNER})
    file, at = configured(image, gitlab.url, gitlab.project_bot(project)[1])
    code, said = await asyncio.to_thread(image.run, *entry(), "config", "check", str(file))
    assert (code, "all well" in said) == (0, True), said
    health = words(of(LAST, "HEALTHCHECK")[0].partition("CMD ")[2])
    assert ":8080/healthz" in health[-1]
    health[-1] = health[-1].replace(":8080/", f":{at}/")
    assert (await asyncio.to_thread(image.run, *health))[0] == 1  # nobody answers yet
    command = words(of(LAST, "CMD")[0])
    assert command[-1] == "/etc/purser/purser.yaml"
    serving = image.start([*(image.put(it) for it in entry()), *command[:-1], str(file)], {})
    try:
        said = await asyncio.to_thread(started, serving)
        code, problem = await asyncio.to_thread(image.run, *health)
        assert (code, problem) == (0, ""), said
    finally:
        os.killpg(serving.pid, signal.SIGTERM)
        await asyncio.to_thread(serving.communicate, timeout=PATIENCE)
    assert serving.returncode == 0


def started(process: subprocess.Popen[str]) -> str:
    """What it said until it listens; fails with it where it ended before."""
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if '"service.started"' in line:
            return said
    raise AssertionError(said)


RENDER = """
import asyncio, json, sys
from bot.adapters.helm.sdk import SdkRenderer
from bot.core.release import Capabilities, LocalChart, RenderJob

async def main(folder):
    async with SdkRenderer(workers=1, read_paths=[folder]) as renderer:
        chart = LocalChart(folder, "sha256:" + "0" * 64, "web", "1.0.0")
        job = RenderJob(chart, "web", "shop", {"color": "green", "password": "x", "replicas": 1},
                        Capabilities("v1.36.3", ("v1",)))
        found = await renderer.render(job)
        print(json.dumps([[it["kind"] for it in found.objects], repr(renderer.seal_report)]))

asyncio.run(main(sys.argv[1]))
"""


def test_charts_are_rendered_in_the_sandbox_by_nobody(image: Image) -> None:
    chart = image.root / "data" / "checkout"
    for name, text in project_files("shop").items():
        path = chart / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    folder = str(chart / "charts" / "web")
    code, said = image.run("/opt/purser/bin/python", "-I", "-c", RENDER, folder)
    assert code == 0, said
    kinds, seal = json.loads(said.splitlines()[-1])
    assert sorted(kinds) == ["ConfigMap", "Deployment", "Secret"]
    assert "Seal(" in seal
