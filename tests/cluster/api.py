"""The Kubernetes API as a test wants it: one call, JSON in, JSON out, no client library in between."""

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


class ApiError(Exception):
    """The API server refused; `status` is the HTTP status, the message what the server says."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """One API server, called as the user of `token`."""

    def __init__(self, server: str, ca_file: Path, token: str) -> None:
        self._server = server
        self._token = token
        tls = ssl.create_default_context(cafile=str(ca_file))
        # A proxy of the environment has no way to this machine's loopback address.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)
        )

    def call(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json"
    ) -> Any:
        """Sends `body` as JSON to `path` (with its query); the answer's JSON, or its text if it is not JSON.

        Raises ApiError for every status from 400 on, and OSError when the server cannot be reached.
        """
        request = urllib.request.Request(
            self._server + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": content_type},
        )
        try:
            with self._opener.open(request, timeout=30) as response:
                return _parsed(response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                answer = _parsed(error.read().decode(errors="replace"))
            said = answer.get("message", "") if isinstance(answer, dict) else answer
            raise ApiError(error.code, str(said)) from error

    def exists(self, path: str) -> bool:
        """Whether a GET of `path` finds something; a status other than 404 is an ApiError."""
        try:
            self.call("GET", path)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
