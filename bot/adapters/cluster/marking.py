"""Marks a revision of Helm's that a crash left pending as failed; its Secret's version guards the write."""

import os
from collections import Counter
from collections.abc import Mapping
from urllib.parse import quote

from bot.adapters.cluster.access import client_for
from bot.adapters.cluster.releases import record
from bot.adapters.cluster.wire import SECONDS_PER_REQUEST, Call, Wire
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.helm_record import marked_failed, secret_name, stored_release
from bot.core.model import Target


class HelmRecords:
    """The port Records over API servers. `environment` is where KUBECONFIG is looked up."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment

    async def mark_failed(self, target: Target, namespace: str, name: str, revision: int) -> None:
        """See the port."""
        client = await client_for(target, self._environment)
        wire = Wire(client, seconds=SECONDS_PER_REQUEST, requests=Counter())
        try:
            await _mark(wire, namespace, name, revision)
        finally:
            await wire.close()


async def _mark(wire: Wire, namespace: str, name: str, revision: int) -> None:
    what = f"Revision {revision} of {namespace}/{name}"
    secret = await record(wire, namespace, name, revision)
    status = stored_release(secret).status if secret else "gone"
    if status == "failed":
        return
    if secret is None or not status.startswith("pending-"):
        raise _moved(f"{what} is {status} by now.")
    call = Call(
        verb="put",
        what=f"update secrets in namespace {namespace}",
        method="PUT",
        path=f"/api/v1/namespaces/{quote(namespace, safe='')}/secrets/{secret_name(name, revision)}",
        query=(("fieldManager", "helm"),),
        body=marked_failed(secret),
    )
    reply = await wire.send(call)
    if reply.status == 409:
        # Sent twice, or an operation runs after all: its own state tells which.
        secret = await record(wire, namespace, name, revision)
        if secret is None or stored_release(secret).status != "failed":
            raise _moved(f"{what} was changed while it was to be marked failed: an operation runs.")
    elif reply.status == 403:
        raise ClusterForbids(f"The API server forbids us to {call.what}.")
    elif reply.status != 200:
        raise ClusterUnreachable(f"The API server could not {call.what} (HTTP {reply.status}).")


def _moved(what: str) -> AuthorError:
    return AuthorError(what, fix="Look at it (/helm history), then plan again.", code="release-moved")
