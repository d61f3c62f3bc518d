"""Helm's library for one deployment, in a process of its own (`-m bot.adapters.helm.deploy_worker`).

Its input is one JSON object (see `SdkDeployer`), its output {"revision": n} or {"error": words}; what Helm
logs goes to standard error. Its argv[0] has to be `helm`: Helm takes its field manager from it. No limits: it
must not die half-way. SIGTERM cancels an install or upgrade, so that Helm marks the release failed and ends;
an uninstall is finished.
"""

import contextlib
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import helm_python
from helm_python import Chart, Config, HelmContext, HelmError, HelmNotFoundError, _native

from bot.adapters.helm.sdk_render import check_installable
from bot.core.errors import AuthorError


def main() -> None:
    """Does what its input says; the exit status is 0 also for an error of Helm's."""
    order = json.load(sys.stdin)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    helm_python.enable_logging(logging.INFO)
    context = HelmContext()
    signal.signal(signal.SIGTERM, lambda *_: context.cancel())
    # Signal handlers run between Python's instructions, so the long call into Helm is another thread's.
    answer: dict[str, Any] = {}
    work = threading.Thread(target=lambda: answer.update(_answer(order, context)))
    work.start()
    while work.is_alive():
        work.join(0.2)
    print(json.dumps(answer), flush=True)  # noqa: T201 (its answer)


def _answer(order: Mapping[str, Any], context: HelmContext) -> Mapping[str, Any]:
    operation = _OPERATIONS[order["op"]]
    try:
        with Config(
            kubeconfig_path=order["kubeconfig"], kube_context=order["context"], namespace=order["namespace"]
        ) as config:
            return {"revision": operation(config, order, context)}
    except HelmError as error:
        return {"error": str(error)}
    except AuthorError as error:
        return {"error": error.what}


def _deploy(config: Config, order: Mapping[str, Any], context: HelmContext) -> int:
    with Chart.load(order["chart"]) as chart:
        check_installable(chart.metadata, chart.dependencies)
        install = order["install"] and not _is_there(config, order["name"])
        payload = _native.call_string(
            "helm_install" if install else "helm_upgrade",
            *(config._raw(), context._raw(), chart._raw(), None),
            *(order["name"], json.dumps(order["values"]), json.dumps(_options(order, install=install))),
        )
    return int(json.loads(payload)["revision"])


def _options(order: Mapping[str, Any], *, install: bool) -> Mapping[str, Any]:
    options = {
        "namespace": order["namespace"],
        "timeout_seconds": order["timeout"],
        "wait": "watcher" if order["wait"] else "hookOnly",
        "rollback_on_failure": order["atomic"],
        "force_conflicts": order["force_conflicts"],
        "take_ownership": order["take_ownership"],
        "wait_for_jobs": order["wait_for_jobs"],
        "labels": order["labels"],
    }
    if install:
        return {**options, "create_namespace": order["create_namespace"]}
    return {**options, "reset_values": True, "max_history": order["history"]}


def _is_there(config: Config, name: str) -> bool:
    try:
        return bool(config.history(name))
    except HelmNotFoundError:
        return False


def _uninstall(config: Config, order: Mapping[str, Any], _: HelmContext) -> int:
    wait = "watcher" if order["wait"] else "hookOnly"
    # The library's own ignore_not_found is no choice: versions of it crash there.
    with contextlib.suppress(HelmNotFoundError):
        config.uninstall(order["name"], timeout=order["timeout"], wait=wait)
    return 0


def _rollback(config: Config, order: Mapping[str, Any], _: HelmContext) -> int:
    options = {
        "version": order["to"],
        "timeout_seconds": order["timeout"],
        "wait": "watcher" if order["wait"] else "hookOnly",
        "wait_for_jobs": order["wait_for_jobs"],
        "max_history": order["history"],
    }
    _native.call_status("helm_rollback", config._raw(), order["name"], json.dumps(options))
    return max(int(one["revision"]) for one in config.history(order["name"]))


_OPERATIONS: Mapping[str, Callable[[Config, Mapping[str, Any], HelmContext], int]] = {
    "deploy": _deploy,
    "rollback": _rollback,
    "uninstall": _uninstall,
}


if __name__ == "__main__":
    main()
