"""Judge an installation: GitLab's side of it, and what the bot may do in a cluster."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus

from bot.app.ports.administering import Administration, Place
from bot.app.webhook import Seen, look
from bot.core.diagnosis import Diagnosis, ill, unsure, well
from bot.core.errors import ForgeRefused, TransientError
from bot.core.gate.rules import LEVELS
from bot.core.rights import Right, grants, missing
from bot.core.webhook.signature import TOLERANCE

OLDEST = (17, 0)
"""The oldest GitLab that is looked after."""

SOON = timedelta(days=14)
MOST_SECONDS_OFF = 60
_ANSWERS = {
    "401": "The service refuses its secret: `purser webhook install` sets the one of this configuration.",
    "404": "The address is wrong, or a proxy before the service does not pass the path on.",
    "413": "A proxy before the service bounds bodies: let 25 MB pass.",
}
_OF_THE_IDENTITY = ("is forbidden: User ", "ValidatingAdmissionPolicy")
"""What RBAC says, and what a policy of the API server's own does; a quota or a webhook says other things."""
_NO_ANSWER = (
    "GitLab does not reach the service: look at the address, the network between them and the service's log."
)


def gitlab_signs(
    admin: Administration, url: str, projects: Sequence[str], now: datetime
) -> Iterator[Diagnosis]:
    """The server, the token, the role in each project, the clock. Stops where no more can be known."""
    try:
        server = admin.server()
    except TransientError as error:
        mend = f"curl --include {url}/api/v4/version (from here: name, network, proxy, gitlab.ca_file)"
        yield ill("gitlab", url, f"{error.what}.", mend)
        return
    except ForgeRefused as error:
        yield _refused_token(url, error)
        return
    yield _version(url, server.version)
    yield _clock(url, server.at, now)
    try:
        yield from _token(admin, url, now.date())
    except (TransientError, ForgeRefused) as error:
        yield unsure("token", url, f"The token cannot be looked at: {error.what}.")
    for project in projects:
        yield _role(admin, url, project)


def _refused_token(url: str, error: ForgeRefused) -> Diagnosis:
    make = f"Make a project or group access token at {url} (role Maintainer, scope api): gitlab.token."
    if error.status == 401:
        return ill("token", url, f"The token is not valid: {error.what}.", make)
    return ill("token", url, f"The token may not even ask for the version: {error.what}.", make)


def _version(url: str, version: str) -> Diagnosis:
    numbers = version.split(".")[:2]
    known = tuple(int(it) for it in numbers if it.isdigit())
    if len(known) < 2:
        return unsure("gitlab", url, f"It says that it is version {version or 'nothing'}.")
    if known < OLDEST:
        said = f"It is GitLab {version}; Purser is made for {OLDEST[0]}.{OLDEST[1]} and newer."
        return ill("gitlab", url, said, "Upgrade GitLab.")
    return well("gitlab", url, f"GitLab {version} answers.")


def _clock(url: str, at: datetime | None, now: datetime) -> Diagnosis:
    if at is None:
        return unsure("clock", url, "GitLab did not say its time.")
    off = round((now - at).total_seconds())
    said = f"This clock is {abs(off)} seconds {'ahead of' if off > 0 else 'behind'} GitLab's."
    if abs(off) > TOLERANCE:
        said += " Signed deliveries are refused."
    if abs(off) > MOST_SECONDS_OFF:
        return ill("clock", url, said, "timedatectl set-ntp true (on the machine whose clock is wrong)")
    return well("clock", url, "This clock and GitLab's agree.")


def _token(admin: Administration, url: str, today: date) -> Iterator[Diagnosis]:
    token = admin.token()
    if token is None:
        yield unsure("token", url, "This kind of token does not tell its scopes.")
        return
    if "api" not in token.scopes:
        has = ", ".join(sorted(token.scopes)) or "none"
        make = (
            "Make a token with the scope api and set gitlab.token to it: scopes cannot be added to a token."
        )
        yield ill("token", url, f"The token lacks the scope api; it has {has}.", make)
    elif token.expires is not None and token.expires - today <= SOON:
        said = f"The token expires on {token.expires.isoformat()}."
        yield unsure(
            "token", url, said, "Make a new one in time and replace it; a file is read again by itself."
        )
    else:
        yield well("token", url, "The token is valid and has the scope api.")


def _role(admin: Administration, url: str, project: str) -> Diagnosis:
    try:
        level = admin.access(project)
    except ForgeRefused as error:
        if error.status != 404:
            return ill("role", project, f"{error.what}.", "Look at the token.")
        mend = f"Correct projects[].path, or invite the bot: {url}/{project}/-/project_members"
        return ill("role", project, "There is no such project, or the token may not see it.", mend)
    except TransientError as error:
        return unsure("role", project, f"{error.what}.")
    if level < LEVELS["maintainer"]:
        name = next((name for name, number in LEVELS.items() if number == level), f"level {level}")
        said = f"The bot is {name} here; webhooks and deploy pipelines on protected branches need maintainer."
        return ill("role", project, said, f"Make it maintainer: {url}/{project}/-/project_members")
    return well("role", project, "The bot is maintainer or above.")


def webhook_signs(
    admin: Administration, wanted: Mapping[Place, frozenset[str]], url: str | None, config: str
) -> Iterator[Diagnosis]:
    """Each place's webhook, and how its last deliveries went. `config` is the file, for the commands."""
    mend = f"purser webhook install --config {config} --url {url or 'https://ADDRESS-OF-THE-SERVICE'}"
    for place, events in wanted.items():
        command = f"{mend} --group {place.path}" if place.group else mend
        try:
            seen = look(admin, place, events, url)
        except ForgeRefused as error:
            said = f"The webhooks cannot be looked at: {error.what}."
            yield ill("webhook", str(place), said, "Give the bot the role maintainer (a group's: owner).")
        except TransientError as error:
            yield unsure("webhook", str(place), f"{error.what}.")
        else:
            yield from _webhook(seen, command)


def _webhook(seen: Seen, command: str) -> Iterator[Diagnosis]:
    about = str(seen.place)
    if seen.hook is None:
        yield ill("webhook", about, "There is no webhook to the service: it hears nothing.", command)
        return
    for fault in seen.faults:
        yield ill("webhook", about, fault, command)
    failed = ", ".join(f"{count} with {status}" for status, count in seen.failing.items())
    if seen.failing:
        worst = max(seen.failing, key=lambda status: seen.failing[status])
        said = f"Of the last {seen.last} deliveries {sum(seen.failing.values())} failed: {failed}."
        way = _ANSWERS.get(worst, _NO_ANSWER)
        yield ill("webhook", about, said, way) if seen.broken else unsure("webhook", about, said, way)
    elif not seen.last:
        sample = f"{command} --test"
        yield unsure("webhook", about, "GitLab has delivered nothing yet.", f"Let it send a sample: {sample}")
    if seen.good:
        yield well("webhook", about, f"Webhook {seen.hook.id} is set as it should be.")


def rights_signs(
    target: str, deed: str, user: str, denied: Sequence[Right], everything: bool
) -> Iterator[Diagnosis]:
    """What an identity lacks for a deed (`plan`, `deploy`); `everything`: it may do anything at all."""
    about = f"{target} ({deed})"
    role = f"purser-{deed}"
    for sentence, commands in zip(missing(denied), _pairs(grants(user or "USER", denied, role)), strict=True):
        yield ill("rights", about, sentence, commands)
    if not denied:
        yield well("rights", about, f"{user or 'The identity'} may do what to {deed} needs.")
    if everything and deed == "plan":
        said = "The planning identity may do anything in this cluster."
        yield unsure(
            "rights", about, said, "Give planning an identity of its own: docs/security.md says which."
        )


def write_sign(target: str, namespace: str, status: int, words: str, *, name: str, left: bool) -> Diagnosis:
    """What a real write of the planning identity came to: `words` are the API server's, `left`: it stands."""
    about = f"{target} (plan) in {namespace}"
    delete = f"kubectl --namespace {namespace} delete configmap {name}"
    if left:
        return ill("write", about, f"It can write: the ConfigMap {name} was made, and still stands.", delete)
    if status < HTTPStatus.BAD_REQUEST:
        said = "It can write: a ConfigMap was made, and deleted again at once."
        mend = "Give planning the chart's account and policy (rbac.plan.create, rbac.plan.admissionPolicy)."
        return ill("write", about, said, mend)
    if status == HTTPStatus.FORBIDDEN and any(it in words for it in _OF_THE_IDENTITY):
        return well("write", about, f"A real write was tried and refused: {words}")
    return unsure("write", about, f"No write was made, for another reason than who tried: {words or status}")


def _pairs(commands: Sequence[str]) -> list[str]:
    return ["\n".join(commands[at : at + 2]) for at in range(0, len(commands), 2)]
