"""A real Kubernetes control plane on the loopback interface: no nodes, but everything of the API.

etcd, the API server and, unless it is not wanted, the controller manager, with which quotas, the deletion
of namespaces, replica sets and garbage collection work. Pods stay pending: there is nowhere to run them.
"""

import base64
import json
import secrets
import shutil
import socket
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.cluster.api import Api, ApiError
from tests.cluster.processes import Processes, ServerExitedError
from tests.cluster.tools import tools_dir
from tests.cluster.waiting import until

ADMIN = "admin"
# A user of their own, so that in the audit log the administrator's requests are the test's alone.
CONTROLLERS = "system:kube-controller-manager"
_HOST = "127.0.0.1"
_READY_SECONDS = 60
# A port that was free a moment ago can be taken by another process before the server listens on it.
_STARTS = 3
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class ControlPlane:
    """A running control plane, ready when `ControlPlane.start` returns, gone after `stop`.

    `server` is its URL, `ca_file` the certificates to trust it by, `token` the administrator's bearer token,
    `kubeconfig` a file with all three, `api` a client that uses them.
    """

    def __init__(self, users: Mapping[str, Sequence[str]], audit_log: Path | None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="purser-cluster-"))
        etcd_port, etcd_peer_port, api_port = _free_ports(3)
        self._etcd = f"http://{_HOST}:{etcd_port}"
        self._etcd_peer = f"http://{_HOST}:{etcd_peer_port}"
        self._port = api_port
        self._audit_log = audit_log
        self._groups = {ADMIN: ("system:masters",), CONTROLLERS: ("system:masters",), **users}
        self._tokens = {user: secrets.token_hex(16) for user in self._groups}
        self._certificates = self.folder / "certificates"
        self.server = f"https://{_HOST}:{api_port}"
        self.ca_file = self._certificates / "apiserver.crt"
        self.token = self._tokens[ADMIN]
        self._processes = Processes(self.folder)

    @classmethod
    def start(
        cls,
        *,
        controllers: bool = True,
        users: Mapping[str, Sequence[str]] | None = None,
        audit_log: Path | None = None,
    ) -> Self:
        """Starts the servers and returns once they answer, in about five seconds.

        `users` are further users with the groups of each; RBAC gives them nothing of its own. With
        `audit_log` every request is one JSON line in that file, level Metadata; `requests` reads it.
        Raises ServerExitedError or TimeoutError, both with the reason, when it does not come up.
        """
        for _ in range(_STARTS - 1):
            try:
                return cls._started(controllers, users or {}, audit_log)
            except ServerExitedError:
                continue
        return cls._started(controllers, users or {}, audit_log)

    def stop(self) -> None:
        """Kills the servers and removes their folder; the audit log stays. A second call does nothing."""
        self._processes.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill_api_server(self) -> None:
        """SIGKILL; etcd keeps what there is, and `start_api_server` brings it back where it was."""
        self._processes.kill("kube-apiserver")

    def start_api_server(self) -> None:
        """Returns once it answers. Its port may be a client's for a moment, so it is tried again."""
        for last in (False,) * _STARTS + (True,):
            self._processes.start("kube-apiserver", tools_dir() / "kube-apiserver", self._apiserver_options())
            try:
                until(self._is_ready, "the API server to be back", _READY_SECONDS)
            except ServerExitedError:
                if last:
                    raise
            else:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig file."""
        return self.kubeconfig_for(ADMIN)

    @property
    def api(self) -> Api:
        """A client with the administrator's rights."""
        return self.api_for(self.token)

    @property
    def pids(self) -> tuple[int, ...]:
        """The ids of all processes that belong to this control plane."""
        return self._processes.pids

    def api_for(self, token: str) -> Api:
        """A client with the rights of `token`."""
        return Api(self.server, self.ca_file, token)

    def requests(self) -> list[dict[str, Any]]:
        """Every request answered before this call: audit.k8s.io/v1 Events, level Metadata, as they ended.

        A watch has one more entry, with stage ResponseStarted, from its beginning. RuntimeError when the
        control plane was started without `audit_log`.
        """
        if self._audit_log is None:
            raise RuntimeError("start the control plane with audit_log to read its requests")
        log = self._audit_log
        # The server logs a request just after it has answered. Once a later one is logged, it was too.
        mark = f"/version?mark={secrets.token_hex(8)}"
        self.api.call("GET", mark)
        until(lambda: mark in log.read_text(encoding="utf-8"), "the audit log to catch up")
        # The last piece is empty, or a line that is still being written.
        entries = [json.loads(line) for line in log.read_text(encoding="utf-8").split("\n")[:-1]]
        return [entry for entry in entries if entry["requestURI"] != mark]

    def token_of(self, user: str) -> str:
        """The bearer token of one of the `users`; KeyError for any other."""
        return self._tokens[user]

    def service_account_token(self, namespace: str, name: str) -> str:
        """A token of one hour for a service account that exists."""
        answer: dict[str, Any] = self.api.call(
            "POST",
            f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token",
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
        )
        return str(answer["status"]["token"])

    def kubeconfig_for(self, user: str, token: str | None = None) -> Path:
        """A kubeconfig file for one of the `users`, or for the holder of `token` under the name `user`."""
        cluster = {
            "server": self.server,
            "certificate-authority-data": base64.b64encode(self.ca_file.read_bytes()).decode(),
        }
        path = self.folder / f"{user.replace(':', '-')}.kubeconfig"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": token or self._tokens[user]}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
            "current-context": "test",
        }
        # Helm warns on its error output about a kubeconfig that others can read.
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    @classmethod
    def _started(cls, controllers: bool, users: Mapping[str, Sequence[str]], audit_log: Path | None) -> Self:
        plane = cls(users, audit_log)
        try:
            plane._start(controllers)
        except BaseException:
            plane.stop()
            raise
        return plane

    def _start(self, controllers: bool) -> None:
        self._processes.start("etcd", tools_dir() / "etcd", self._etcd_options())
        self._processes.start("kube-apiserver", tools_dir() / "kube-apiserver", self._apiserver_options())
        until(self._is_ready, f"the API server ({self._processes.log_of('kube-apiserver')})", _READY_SECONDS)
        if controllers:
            manager = tools_dir() / "kube-controller-manager"
            self._processes.start("kube-controller-manager", manager, self._manager_options())
            until(self._has_controllers, "the controller manager's first work", _READY_SECONDS)

    def _is_ready(self) -> bool:
        self._processes.check()
        try:
            return self.ca_file.exists() and self.api.call("GET", "/readyz") == "ok"
        except (OSError, ApiError):
            return False

    def _has_controllers(self) -> bool:
        self._processes.check()
        return self.api.exists("/api/v1/namespaces/default/serviceaccounts/default")

    def _etcd_options(self) -> list[str]:
        return [
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={self._etcd}",
            f"--advertise-client-urls={self._etcd}",
            f"--listen-peer-urls={self._etcd_peer}",
            f"--initial-advertise-peer-urls={self._etcd_peer}",
            f"--initial-cluster=default={self._etcd_peer}",
            "--unsafe-no-fsync",
        ]

    def _apiserver_options(self) -> list[str]:
        # The API server makes its own serving certificate and key before it reads the key for
        # service accounts, so one key serves both and no other tool has to make any.
        key = self._certificates / "apiserver.key"
        return [
            f"--etcd-servers={self._etcd}",
            f"--bind-address={_HOST}",
            f"--advertise-address={_HOST}",
            f"--secure-port={self._port}",
            f"--cert-dir={self._certificates}",
            f"--token-auth-file={self._token_file()}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--allow-privileged=true",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            # Pods would be refused in the moments before a new namespace has its default account.
            "--disable-admission-plugins=ServiceAccount",
            # The addresses of the API server are of no use without nodes, and loopback is not allowed.
            "--endpoint-reconciler-type=none",
            *self._audit_options(),
        ]

    def _audit_options(self) -> list[str]:
        if self._audit_log is None:
            return []
        policy = self.folder / "audit-policy.yaml"
        policy.write_text(json.dumps(_AUDIT_POLICY), encoding="utf-8")
        return [
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self._audit_log.absolute()}",
            "--audit-log-mode=blocking",
        ]

    def _manager_options(self) -> list[str]:
        return [
            f"--kubeconfig={self.kubeconfig_for(CONTROLLERS)}",
            "--leader-elect=false",
            "--secure-port=0",
            f"--root-ca-file={self.ca_file}",
            f"--service-account-private-key-file={self._certificates / 'apiserver.key'}",
        ]

    def _token_file(self) -> Path:
        path = self.folder / "tokens.csv"
        path.touch(mode=0o600)
        lines = (
            f'{token},{user},{user},"{",".join(self._groups[user])}"' for user, token in self._tokens.items()
        )
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server((_HOST, 0)) for _ in range(count)]
    try:
        return [listener.getsockname()[1] for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()
