"""GitLab's settings through python-gitlab: tokens, roles and webhooks, for people at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Any

import gitlab
import requests
from gitlab.exceptions import GitlabError, GitlabHttpError

from bot.app.ports.administering import OwnToken, Place, Server
from bot.core.errors import ForgeRefused, TransientError
from bot.core.webhook.settings import EVENTS, INTERNAL_NOTES, OTHERS, Webhook

SECONDS = 20.0
_LAST = 20
_SWITCHES = (*EVENTS, INTERNAL_NOTES, *OTHERS)


class GitLabAdministration:
    """The port Administration. `close` it."""

    def __init__(
        self, url: str, token: Callable[[], str], ca_file: str | None = None, seconds: float = SECONDS
    ) -> None:
        self._url = url
        self._api = gitlab.Gitlab(
            url, private_token=token(), ssl_verify=ca_file or True, timeout=seconds, user_agent="purser"
        )
        self._api.session.trust_env = False  # else it would send what ~/.netrc has for this host

    def __enter__(self) -> "GitLabAdministration":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all connections."""
        self._api.session.close()

    def server(self) -> Server:
        """See the port."""
        with self._translated("the version"):
            answer = self._api.http_request("get", "/version")
            found = answer.json()
        said = answer.headers.get("Date")
        try:
            at = parsedate_to_datetime(said) if said else None
        except ValueError:
            at = None
        return Server(str(found.get("version", "")) if isinstance(found, dict) else "", at)

    def token(self) -> OwnToken | None:
        """See the port."""
        try:
            with self._translated("the token"):
                found = self._api.http_get("/personal_access_tokens/self")
        except ForgeRefused as error:
            if error.status == 404:
                return None
            raise
        match found:
            case {"scopes": [*scopes], "expires_at": expires}:
                ends = date.fromisoformat(expires) if isinstance(expires, str) else None
                return OwnToken(frozenset(str(scope) for scope in scopes), ends)
        return None

    def access(self, project: str) -> int:
        """See the port."""
        with self._translated(f"the project {project}"):
            found: Any = self._api.http_get(f"/projects/{gitlab.utils.EncodedId(project)}")
        rights = found.get("permissions") if isinstance(found, dict) else None
        kinds = (rights or {}).get("project_access"), (rights or {}).get("group_access")
        return max((int(it["access_level"]) for it in kinds if it), default=0)

    def webhooks(self, place: Place) -> list[Webhook]:
        """See the port."""
        with self._translated(f"the webhooks of {place}"):
            found = self._api.http_list(_of(place), get_all=True)
        return [_read(it) for it in found if isinstance(it, dict)]

    def set_webhook(self, place: Place, hook_id: int | None, values: dict[str, Any]) -> int:
        """See the port."""
        with self._translated(f"a webhook of {place}"):
            if hook_id is None:
                made: Any = self._api.http_post(_of(place), post_data=values)
            else:
                made = self._api.http_put(f"{_of(place)}/{hook_id}", post_data=values)
        return int(made["id"])

    def drop_webhook(self, place: Place, hook_id: int) -> None:
        """See the port."""
        with self._translated(f"a webhook of {place}"):
            self._api.http_delete(f"{_of(place)}/{hook_id}")

    def send_sample(self, place: Place, hook_id: int) -> str:
        """See the port."""
        try:
            with self._translated(f"a sample for the webhook of {place}"):
                self._api.http_post(f"{_of(place)}/{hook_id}/test/push_events")
        except ForgeRefused as error:
            if error.status == 422:
                return error.what
            raise
        return ""

    def deliveries(self, place: Place, hook_id: int) -> list[str]:
        """See the port."""
        path = f"{_of(place)}/{hook_id}/events"
        try:
            with self._translated(f"the deliveries to {place}"):
                found = self._api.http_list(path, get_all=False, page=1, per_page=_LAST)
        except ForgeRefused as error:
            if error.status == 404:  # before GitLab 17.3
                return []
            raise
        return [str(it.get("response_status")) for it in found if isinstance(it, dict)]

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except requests.exceptions.SSLError:
            raise TransientError(f"{self._url} shows a certificate that is not trusted") from None
        except (requests.exceptions.RequestException, OSError) as error:
            raise TransientError(f"{self._url} does not answer ({type(error).__name__})") from None
        except GitlabError as error:
            raise _refused(error, self._url, what) from None
        except ValueError:
            raise TransientError(f"{self._url} does not answer as GitLab does") from None


def _refused(error: GitlabError, url: str, what: str) -> ForgeRefused | TransientError:
    status = error.response_code or 0
    if not isinstance(error, GitlabHttpError | gitlab.exceptions.GitlabAuthenticationError):
        return TransientError(f"{url} does not answer as GitLab does")
    if status == 429 or status >= 500 or not status:
        return TransientError(f"{url} answered {status} ({what})")
    said = " ".join(str(error.error_message).split())[:200]
    return ForgeRefused(f"GitLab answered {status} ({what}): {said}", status=status)


def _of(place: Place) -> str:
    return f"/{'groups' if place.group else 'projects'}/{gitlab.utils.EncodedId(place.path)}/hooks"


def _read(found: dict[str, Any]) -> Webhook:
    return Webhook(
        id=int(found["id"]),
        url=str(found["url"]),
        events=frozenset(name for name in _SWITCHES if found.get(name) is True),
        verifies_tls=found.get("enable_ssl_verification") is not False,
        alert=str(found.get("alert_status") or "executable"),
        branches=str(found.get("push_events_branch_filter") or ""),
    )
