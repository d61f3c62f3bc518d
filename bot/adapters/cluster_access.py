"""Which cluster a target means, and with whose credentials, as Helm and kubectl would find it themselves.

A plan must look at the cluster that Helm will change. So the order is theirs: the target's kubeconfig, else
the files of KUBECONFIG or `~/.kube/config`, else the service account of the pod we run in.
"""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bot.core.errors import AuthorError
from bot.core.model import Target

_CODE = "cluster-config"
_POD_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


async def client_for(target: Target, environment: Mapping[str, str]) -> Any:
    """A `kubernetes.aio` ApiClient for the target's cluster; close it after use.

    Kubeconfigs may log in by certificates, tokens, token files, OIDC and exec plugins.
    Raises AuthorError (`cluster-config`) where file or context do not exist or make no sense.
    """
    # The import costs 0.8 s and 23 MB: only who talks to a cluster pays for it.
    from kubernetes.aio.client import ApiClient, Configuration  # noqa: PLC0415

    files = await asyncio.to_thread(_files, target, environment)
    # A fresh one each: `Configuration()` itself would hand out copies of a process-wide default.
    configuration = type.__call__(Configuration)
    configuration.connection_pool_maxsize = 16
    if files:
        await _load_files(configuration, files, target)
    else:
        _load_pod(configuration, environment)
    # Everything that loads certificates happens in here, and it reads files.
    try:
        client = await asyncio.to_thread(ApiClient, configuration)
    except (OSError, ValueError) as error:
        raise _misconfigured(target, f"has certificates or keys that cannot be used ({error})") from None
    client.user_agent = "purser"
    return client


def _files(target: Target, environment: Mapping[str, str]) -> str:
    if target.kubeconfig:
        _check_readable(target, Path(target.kubeconfig).expanduser())
        return str(Path(target.kubeconfig).expanduser())
    named = environment.get("KUBECONFIG", "")
    candidates = named.split(os.pathsep) if named else [str(Path("~/.kube/config").expanduser())]
    found = [candidate for candidate in candidates if candidate and Path(candidate).exists()]
    for candidate in found:
        _check_readable(target, Path(candidate))
    if found or (not target.context and environment.get("KUBERNETES_SERVICE_HOST")):
        return os.pathsep.join(found)
    raise AuthorError(
        f"There is no kubeconfig for the target {target.name}: looked for {', '.join(candidates)}.",
        fix="Set the target's kubeconfig (or --kubeconfig, or KUBECONFIG) to an existing file.",
        code=_CODE,
    )


def _check_readable(target: Target, path: Path) -> None:
    try:
        content = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise _misconfigured(target, f"cannot be read ({error.strerror})", path) from None
    except (yaml.YAMLError, UnicodeError, RecursionError):
        raise _misconfigured(target, "is not YAML", path) from None
    if not isinstance(content, dict):
        raise _misconfigured(target, "is empty or no mapping", path)


async def _load_files(configuration: Any, files: str, target: Target) -> None:
    from kubernetes.aio.config import ConfigException, load_kube_config  # noqa: PLC0415

    try:
        await load_kube_config(  # type: ignore[no-untyped-call]
            config_file=files,
            context=target.context,
            client_configuration=configuration,
            persist_config=False,
        )
    except ConfigException as error:
        what = "has no such context" if target.context and target.context in str(error) else "is not complete"
        raise _misconfigured(target, what, Path(files)) from None
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        raise _misconfigured(target, f"cannot be used ({type(error).__name__})", Path(files)) from None


def _load_pod(configuration: Any, environment: Mapping[str, str]) -> None:
    from kubernetes.aio.config import ConfigException, load_incluster_config  # noqa: PLC0415

    try:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except ConfigException as error:
        raise AuthorError(
            f"The service account of this pod cannot be used: {error}",
            fix="Mount a service account token, or set the target's kubeconfig.",
            code=_CODE,
        ) from None


def _misconfigured(target: Target, what: str, path: Path | None = None) -> AuthorError:
    context = f", context {target.context}," if target.context else ""
    return AuthorError(
        f"The kubeconfig {path or target.kubeconfig or ''}{context} of the target {target.name} {what}.",
        fix="`kubectl config get-contexts` with the same file shows what there is.",
        code=_CODE,
    )
