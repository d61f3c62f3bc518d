"""`purser webhook`: GitLab's webhooks, set and looked at."""

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from bot.adapters.gitlab.admin import GitLabAdministration
from bot.adapters.hook_probe import probe
from bot.app.webhook import Seen, Wanted, look, places
from bot.app.webhook import install as set_up
from bot.cli.webhook_secrets import rotate as make_new
from bot.cli.webhook_secrets import rotated
from bot.config import Config, load
from bot.core.errors import AuthorError
from bot.core.notes.markdown import visible
from bot.core.webhook.settings import address

ConfigFile = Annotated[Path, Parameter(help="configuration file")]
Groups = Annotated[
    list[str] | None, Parameter(help="use a webhook of this group for its projects; may be repeated")
]
_RESTART = (
    "The service does not accept this secret. Restart it with this configuration, then run the command "
    "again; GitLab was not touched."
)


def install(
    *,
    config: ConfigFile,
    url: Annotated[
        str, Parameter(help="where GitLab reaches the service, such as https://purser.example.com")
    ],
    group: Groups = None,
    rotate: Annotated[
        bool, Parameter(help="make a new signing token; the one before counts on", negative="")
    ] = False,
    test: Annotated[bool, Parameter(help="let GitLab send a sample afterwards", negative="")] = False,
    force: Annotated[
        bool, Parameter(help="do not ask the service whether it accepts the secret", negative="")
    ] = False,
) -> int:
    """Makes the webhooks of all projects, or sets them right: events, secrets, certificate check.

    The same command again changes nothing. The service is asked first whether it accepts the secret.

    Exit codes: 0 all well, 1 not.

    Example: purser webhook install --config purser.yaml --url https://purser.example.com
    """
    if rotate:
        fresh = make_new(config)
        print("A new signing token is made." if fresh else "Going on with the new signing token of before.")
    loaded = load(config, os.environ)
    goal = address(url)
    if not force and not loaded.webhook.allow_networks:
        _ask(goal, *secrets_of(loaded))
    good = _set(loaded, goal, group or [], test)
    if rotate:
        rotated(config)
    return 0 if good else 1


def _set(config: Config, url: str, groups: list[str], test: bool) -> bool:
    good = True
    with administration(config) as admin:
        for place, events in places(config.targets, groups).items():
            print(set_up(admin, place, Wanted(url, events, *secrets_of(config))))
            if test:
                seen = look(admin, place, events, url)
                problem = admin.send_sample(place, seen.hook.id) if seen.hook else "It is gone."
                print(f"  {visible(problem) or 'The sample arrived.'}")
                good = good and not problem
    return good


def _ask(url: str, token: str | None, signing: str | None) -> None:
    match asyncio.run(probe(url, token, signing)):
        case "refused":
            raise AuthorError(_RESTART, code="secret-unknown")
        case "silent":
            print(f"The service does not answer from here ({url}): whether it accepts the secret is open.")
        case "accepted":
            print("The service accepts the secret.")


def status(
    *,
    config: ConfigFile,
    url: Annotated[str | None, Parameter(help="where GitLab reaches the service")] = None,
    group: Groups = None,
    output: Annotated[Literal["terminal", "json"], Parameter(help="how to print it")] = "terminal",
) -> int:
    """Shows the webhooks: whether each stands, what is wrong with it, how its last deliveries went.

    Exit codes: 0 all well, 1 not.

    Example: purser webhook status --config purser.yaml
    """
    loaded = load(config, os.environ)
    with administration(loaded) as admin:
        goal = address(url) if url else None
        found = [look(admin, place, it, goal) for place, it in places(loaded.targets, group or ()).items()]
    if output == "json":
        print(json.dumps([_document(seen) for seen in found], indent=2))
    else:
        for seen in found:
            print("\n".join(visible(line) for line in told(seen)))
    return 0 if all(seen.good for seen in found) else 1


def administration(config: Config) -> GitLabAdministration:
    """GitLab's settings with the configuration's token."""
    ca_file = str(config.gitlab.ca_file) if config.gitlab.ca_file else None
    return GitLabAdministration(config.gitlab.url, config.gitlab.token.get_secret_value, ca_file)


def secrets_of(config: Config) -> tuple[str | None, str | None]:
    """The token and the signing token that a webhook should have: the first of two."""
    signing = config.webhook.signing_tokens[0].get_secret_value() if config.webhook.signing_tokens else None
    return (config.webhook.token.get_secret_value() if config.webhook.token else None), signing


def told(seen: Seen) -> list[str]:
    """How one place stands, in lines."""
    if seen.hook is None:
        return [f"{seen.place}: there is no webhook of Purser's."]
    lines = [f"{seen.place}: webhook {seen.hook.id} to {seen.hook.url}", *(f"  {it}" for it in seen.faults)]
    failed = ", ".join(f"{count} with {status}" for status, count in seen.failing.items())
    lines.append(f"  last deliveries: {seen.last}, failed: {failed or 'none'}")
    return lines


def _document(seen: Seen) -> dict[str, object]:
    return {
        "place": str(seen.place),
        "webhook": seen.hook.id if seen.hook else None,
        "url": seen.hook.url if seen.hook else None,
        "faults": list(seen.faults),
        "deliveries": seen.last,
        "failed": dict(seen.failing),
        "good": seen.good,
    }
