"""The simulated cluster as the demo and the tests start it."""

import asyncio
import base64
import contextlib
import json
import secrets
import ssl
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.demo.cluster.certificate import self_signed
from bot.demo.cluster.controllers import Controllers
from bot.demo.cluster.front import Front
from bot.demo.cluster.incoming import Write
from bot.demo.cluster.objects import Objects
from bot.demo.cluster.preparing import Preparer
from bot.demo.cluster.resources import Resources
from bot.demo.cluster.reviews import Rights
from bot.demo.cluster.storage import Object, Storage

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_LARGEST_BODY = 16 * 1024 * 1024


class SimulatedCluster:
    """A Kubernetes API server of our own on loopback, kept in memory.

    `folder` gets the kubeconfig, readable by its owner alone; the default is a temporary folder.
    Workloads become ready `delay` seconds after a write, except those with an image that contains `broken`.
    `logs` are what containers say, by namespace and name; the others are silent.
    """

    def __init__(self, folder: Path | None = None, *, delay: float = 0.05, broken: str = "broken") -> None:
        self._folder = folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._token = secrets.token_urlsafe(24)
        self.rights = Rights()
        self.logs: dict[tuple[str, str], str] = {}
        self._storage = Storage()
        self._resources = Resources()
        self._objects = Objects(self._resources, self._storage, Preparer())
        self._controllers = Controllers(self._storage, self._resources, delay, broken)
        self._runner: web.AppRunner | None = None
        self._working: asyncio.Task[None] | None = None
        self._port = 0
        self._furnish()

    @property
    def url(self) -> str:
        """The server's address, once started."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def token(self) -> str:
        """The only bearer token that it takes."""
        return self._token

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig, once started."""
        if self._folder is None:
            raise RuntimeError("the simulated cluster is not started")
        return self._folder / "kubeconfig"

    async def start(self) -> None:
        """Listens on a free port of 127.0.0.1 and writes the kubeconfig."""
        if self._folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="simulated-cluster-")
            self._folder = Path(self._temporary.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        certificate, key = self_signed("simulated-cluster", datetime.now(UTC))
        front = Front(self._storage, self._resources, self._objects, self._token, self.rights, self.logs)
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", front.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls(certificate, key))
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._write(self.kubeconfig, json.dumps(self._config(certificate), indent=1))
        self._working = asyncio.create_task(self._controllers.run())

    async def stop(self) -> None:
        """Stops listening, ends all watches, and removes what `start` wrote."""
        if self._working is not None:
            self._working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._working
        if self._runner is not None:
            await self._runner.cleanup()
        if self._folder is not None:
            self.kubeconfig.unlink(missing_ok=True)
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = self._folder = None

    async def __aenter__(self) -> "SimulatedCluster":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def objects(self, kind: str = "", namespace: str = "") -> list[Object]:
        """Copies of the objects there are, of one kind and in one namespace where they are given."""
        return [
            one
            for _, _, one in self._storage.every()
            if kind in ("", one["kind"]) and namespace in ("", one["metadata"].get("namespace"))
        ]

    def reset(self) -> None:
        """Everything gone but the first namespaces."""
        self._storage.clear()
        self._resources.clear()
        self._furnish()

    def _furnish(self) -> None:
        namespaces = self._resources.find("", "v1", "namespaces")
        if namespaces is None:
            raise LookupError("served.json lacks namespaces")
        for name in _NAMESPACES:
            self._objects.create(namespaces, "", {"metadata": {"name": name}}, Write("kube-apiserver"))

    def _tls(self, certificate: str, key: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder) / "chain.pem"
            self._write(chain, certificate + key)
            context.load_cert_chain(chain)
        return context

    def _config(self, certificate: str) -> dict[str, Any]:
        name = "simulated"
        authority = base64.b64encode(certificate.encode()).decode()
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": {"server": self.url, "certificate-authority-data": authority}}
            ],
            "users": [{"name": name, "user": {"token": self._token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
            "current-context": name,
        }

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
