"""Charts, a chart repository and a registry for tests."""

import gzip
import hashlib
import io
import json
import ssl
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from bot.demo.cluster.certificate import self_signed

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def chart_files(name: str = "web", version: str = "1.2.3", more: str = "") -> dict[str, str]:
    return {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n{more}",
        "values.yaml": "replicas: 1\n",
        "templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
    }


def write(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def packed(files: Mapping[str, str], top: str = "web", *extra: tarfile.TarInfo) -> bytes:
    """A chart archive; `extra` are members as they are, whatever they would do."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{top}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        for member in extra:
            archive.addfile(member, io.BytesIO(b"\0" * member.size))
    return gzip.compress(buffer.getvalue(), mtime=0)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, size
    return made


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Served:
    """A server on loopback: answers by path, and what was asked of it."""

    port: int = 0
    ca_file: Path | None = None
    answers: dict[str, Handler] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.ca_file else 'http'}://{self.host}"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.asked]

    def give(self, path: str, body: bytes | str, status: int = 200, **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(_request: web.Request) -> web.StreamResponse:
            return web.Response(body=data, status=status, headers=named)

        self.answers[path] = answer

    def redirect(self, path: str, to: str) -> None:
        self.give(path, b"", 302, Location=to)

    def chart(
        self, name: str, version: str, data: bytes, *, url: str = "", digest: str | None = None
    ) -> None:
        """A repository with this one chart."""
        file = f"{name}-{version}.tgz"
        self.give(f"/charts/{file}", data)
        listed = digest if digest is not None else sha256(data)
        self.give(
            "/charts/index.yaml",
            f"apiVersion: v1\nentries:\n  aaa: [{{version: 9.9.9, urls: [x]}}]\n  {name}:\n"
            f'  - name: {name}\n    version: {version}\n    digest: "{listed}"\n    urls: [{url or file}]\n',
            ETag='"one"',
        )

    def guard(self, expected: str) -> None:
        """Lets only those in who say this Authorization."""

        def guarded(handler: Handler) -> Handler:
            async def answer(request: web.Request) -> web.StreamResponse:
                if request.headers.get("Authorization") != expected:
                    return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="charts"'})
                return await handler(request)

            return answer

        self.answers = {path: guarded(handler) for path, handler in self.answers.items()}


@asynccontextmanager
async def serving(tls: Path | None = None) -> AsyncIterator[Served]:
    """By https where there is a folder for the certificate."""
    served, context = Served(), None
    if tls is not None:
        served.ca_file = tls / "ca.pem"
        context = _certified(tls, served.ca_file)

    async def answer(request: web.Request) -> web.StreamResponse:
        served.asked.append(request)
        handler = served.answers.get(request.path)
        return await handler(request) if handler else web.Response(status=404)

    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    served.port = runner.addresses[0][1]
    try:
        yield served
    finally:
        await runner.cleanup()


def _certified(folder: Path, ca_file: Path) -> ssl.SSLContext:
    certificate, key = self_signed("charts", datetime.now(UTC))
    folder.mkdir(exist_ok=True)
    ca_file.write_text(certificate)
    (folder / "chain.pem").write_text(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem")
    return context


def registry(served: Served, data: bytes, *, blob: bytes | None = None, token: str = "") -> None:
    """An OCI registry with the chart `charts/web` at 1.2.3, behind an anonymous token if one is given."""
    digest = f"sha256:{sha256(data)}"
    layer = {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": digest}
    bodies = {
        "/v2/charts/web/manifests/1.2.3": json.dumps({"schemaVersion": 2, "layers": [layer]}).encode(),
        f"/v2/charts/web/blobs/{digest}": data if blob is None else blob,
    }

    def guarded(body: bytes) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            if token and request.headers.get("Authorization") != f"Bearer {token}":
                realm = f'Bearer realm="{served.url}/token",service="r",scope="repository:charts/web:pull"'
                return web.Response(status=401, headers={"WWW-Authenticate": realm})
            return web.Response(body=body)

        return answer

    served.answers |= {path: guarded(body) for path, body in bodies.items()}
    served.give("/token", json.dumps({"token": token}))
