"""Which cluster a target means, and with whose credentials, as Helm and kubectl would find it themselves.

A plan must look at the cluster that Helm will change. So the order is theirs: the target's kubeconfig, else
the files of KUBECONFIG or `~/.kube/config`, else the service account of the pod we run in.
"""

import asyncio
import importlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import yaml
from yarl import URL

from bot.adapters.cluster.proxy import proxy_for
from bot.core.errors import AuthorError
from bot.core.model import Manifest, Target

_CODE = "cluster-config"
_POD_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came over the wire; `warnings` and `retry_after` are headers as they were sent.

    `body` is None where it was longer than it may be.
    """

    status: int
    body: bytes | None
    warnings: tuple[str, ...]
    retry_after: str


class Client:
    """One API server by the official client's own session, certificates, proxy and log-in, with raw answers.

    What the client does around each request stays unused: it copies and checks what is plain JSON already,
    keeps Warning headers back, and turns refusals into exceptions that hold whole answers.
    """

    def __init__(self, api_client: Any) -> None:
        self._api_client = api_client
        self._configuration = api_client.configuration
        self._session: aiohttp.ClientSession | None = None

    @property
    def server(self) -> str:
        """Host and port."""
        return urlsplit(str(self._configuration.host)).netloc

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]],
        body: Any,
        content_type: str,
        accept: str,
        limits: aiohttp.ClientTimeout,
        most: int | None = None,
    ) -> RawAnswer:
        """One request, once. Raises what aiohttp raises, TimeoutError and OSError."""
        url = f"{self._configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")
        sent = self._session_of_the_client().request(
            method,
            URL(url, encoded=True),
            data=None if body is None else json.dumps(body).encode(),
            headers={"Accept": accept, "Content-Type": content_type, **(await self._headers())},
            timeout=limits,
            proxy=self._configuration.proxy,
            proxy_headers=self._configuration.proxy_headers,
            server_hostname=self._configuration.tls_server_name or None,
        )
        async with sent as answer:
            body = await answer.read() if most is None else await _bounded(answer.content, most)
            return _raw(answer.status, answer.headers, body)

    async def close(self) -> None:
        """Ends all connections."""
        await self._api_client.close()

    def _session_of_the_client(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The client makes it at its own first request, and closes what stands here.
            rest = self._api_client.rest_client
            self._session = rest.pool_manager = rest._create_pool_manager()
        return self._session

    async def _headers(self) -> dict[str, str]:
        """Who we are. Asked for each time: tokens are renewed meanwhile."""
        headers: dict[str, str] = dict(self._api_client.default_headers)
        found = (await self._configuration.auth_settings()).get("BearerToken")
        if found and found["value"]:
            headers[found["key"]] = found["value"]
        return headers


async def client_for(target: Target, environment: Mapping[str, str]) -> Client:
    """A client for the target's cluster; close it after use.

    Kubeconfigs may log in by certificates, tokens, token files, OIDC and exec plugins.
    Raises AuthorError (`cluster-config`) where file or context do not exist or make no sense.
    """
    # The import takes its time and memory: only who talks to a cluster pays for it, and the loop goes on.
    await asyncio.to_thread(importlib.import_module, "kubernetes.aio.config")
    from kubernetes.aio.client import ApiClient, Configuration

    files = await asyncio.to_thread(_files, target, environment)
    # A fresh one each: `Configuration()` itself would hand out copies of a process-wide default.
    configuration = type.__call__(Configuration)
    configuration.connection_pool_maxsize = 16
    if files:
        await _load_files(configuration, files, target)
    else:
        _load_pod(configuration)
    if "@" in urlsplit(str(configuration.host)).netloc:
        raise _misconfigured(target, "has a name or password in the server's address")
    # The client would otherwise read ~/.netrc at each request and send what it finds there.
    configuration.client_session_kwargs = {"trust_env": False}
    configuration.proxy = configuration.proxy or proxy_for(str(configuration.host), environment)
    try:
        # This loads the certificates, from files.
        client = await asyncio.to_thread(ApiClient, configuration)
    except (OSError, ValueError):
        raise _misconfigured(target, "names certificates or keys that cannot be used") from None
    client.user_agent = "purser"
    return Client(client)


async def _bounded(stream: aiohttp.StreamReader, most: int) -> bytes | None:
    body = bytearray()
    async for chunk in stream.iter_any():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def _raw(status: Any, headers: Any, body: bytes | None) -> RawAnswer:
    return RawAnswer(status, body, tuple(headers.getall("Warning", ())), headers.get("Retry-After", ""))


def _files(target: Target, environment: Mapping[str, str]) -> str:
    if target.kubeconfig:
        # Not Path.expanduser, which fails for a user without a home, as pods have them.
        own = os.path.expanduser(target.kubeconfig)
        _content(target, Path(own))
        return own
    named = environment.get("KUBECONFIG") or f"{environment.get('HOME', '')}/.kube/config"
    candidates = named.split(os.pathsep)
    found = [candidate for candidate in candidates if candidate and Path(candidate).exists()]
    for candidate in found:
        _content(target, Path(candidate))
    if found or (not target.context and environment.get("KUBERNETES_SERVICE_HOST")):
        return os.pathsep.join(found)
    raise AuthorError(
        f"There is no kubeconfig for the target {target.name}: looked for {', '.join(candidates)}.",
        fix="Set the target's kubeconfig (or --kubeconfig, or KUBECONFIG) to an existing file.",
        code=_CODE,
    )


def _content(target: Target, path: Path) -> Manifest:
    try:
        content = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise _misconfigured(target, f"cannot be read ({error.strerror})", str(path)) from None
    except (yaml.YAMLError, UnicodeError, RecursionError):
        raise _misconfigured(target, "is not YAML", str(path)) from None
    if not isinstance(content, dict):
        raise _misconfigured(target, "is empty or no mapping", str(path))
    return content


async def _load_files(configuration: Any, files: str, target: Target) -> None:
    from kubernetes.aio.config import ConfigException, load_kube_config

    try:
        loader = await load_kube_config(  # type: ignore[no-untyped-call]
            config_file=files,
            context=target.context,
            client_configuration=configuration,
            persist_config=False,
        )
        user = loader.current_context["context"].get("user")
    except ConfigException as error:
        what = "has no such context" if target.context and target.context in str(error) else "is not complete"
        raise _misconfigured(target, what, files) from None
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        raise _misconfigured(target, f"cannot be used ({type(error).__name__})", files) from None
    if not (configuration.api_key or configuration.cert_file):
        # The loader logs a plugin's failure and goes on as nobody.
        await asyncio.to_thread(_check_plugin, target, files, user)


def _check_plugin(target: Target, files: str, user: object) -> None:
    contents = [_content(target, Path(file)) for file in files.split(os.pathsep)]
    entries = [entry for content in contents for entry in content.get("users") or ()]
    login = next((entry.get("user") or {} for entry in entries if entry.get("name") == user), {})
    if "exec" in login:
        command = (login["exec"] or {}).get("command", "")
        raise _misconfigured(target, f"logs in by the program {command}, which failed", files)


def _load_pod(configuration: Any) -> None:
    from kubernetes.aio.config import ConfigException, load_incluster_config

    try:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except ConfigException as error:
        raise AuthorError(
            f"The service account of this pod cannot be used: {error}",
            fix="Mount a service account token, or set the target's kubeconfig.",
            code=_CODE,
        ) from None


def _misconfigured(target: Target, what: str, path: str = "") -> AuthorError:
    context = f", context {target.context}," if target.context else ""
    return AuthorError(
        f"The kubeconfig {path or target.kubeconfig or ''}{context} of the target {target.name} {what}.",
        fix="`kubectl config get-contexts` with the same file shows what there is.",
        code=_CODE,
    )
