"""Set GitLab's webhooks so that the service hears what it needs, and look whether they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.app.ports.administering import Administration, Place
from bot.core.model import Target
from bot.core.webhook.settings import PATH, Webhook, failing, faults, needed_events, ours, switches


@dataclass(frozen=True, slots=True)
class Wanted:
    """A webhook as it should be. At least one of the two secrets is there."""

    url: str
    events: frozenset[str]
    token: str | None = field(default=None, repr=False)
    signing_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """How the webhooks of one place stand: sentences of what is wrong, and answers of failed deliveries.

    `hook` is None where there is none of ours; `last` counts the deliveries that GitLab still knows.
    """

    place: Place
    hook: Webhook | None
    faults: Sequence[str] = ()
    failing: Mapping[str, int] = field(default_factory=dict)
    last: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing is to be mended; a failure among arrivals may pass."""
        return self.hook is not None and not self.faults and not self.broken

    @property
    def broken(self) -> bool:
        """Whether most deliveries fail."""
        return sum(self.failing.values()) * 2 > self.last


def places(targets: Iterable[Target], groups: Sequence[str] = ()) -> dict[Place, frozenset[str]]:
    """Where webhooks belong, with the events that each needs: a named group, else the project."""
    found: dict[Place, list[Target]] = {}
    for target in targets:
        group = next((it for it in groups if target.project.startswith(f"{it}/")), None)
        place = Place(group, group=True) if group else Place(target.project)
        found.setdefault(place, []).append(target)
    return {place: needed_events(of) for place, of in found.items()}


def install(admin: Administration, place: Place, wanted: Wanted) -> str:
    """Makes the webhook or sets it anew, secrets included; says what was done. May be repeated."""
    mine = ours(admin.webhooks(place), wanted.url)
    before = faults(mine[0], wanted.events) if mine else []
    values: dict[str, object] = {
        "url": wanted.url,
        **switches(wanted.events),
        "enable_ssl_verification": True,
        "push_events_branch_filter": "",
    }
    # Without `token` GitLab erases the one that it has; it never shows what it has.
    values["token"] = wanted.token or ""
    if wanted.signing_token:
        values["signing_token"] = wanted.signing_token
    made = admin.set_webhook(place, mine[0].id if mine else None, values)
    for twice in mine[1:]:
        admin.drop_webhook(place, twice.id)
    if not mine:
        return f"{place}: webhook {made} made."
    done = [*before, *(["It stood twice."] if mine[1:] else [])]
    return (
        f"{place}: webhook {made} set. {'Mended: ' + ' '.join(done) if done else 'Its secrets are set anew.'}"
    )


def look(admin: Administration, place: Place, events: frozenset[str], url: str | None = None) -> Seen:
    """How it stands. Without `url`, any webhook that ends as ours do is taken for ours."""
    every = admin.webhooks(place)
    mine = ours(every, url) if url else [it for it in every if it.url.rstrip("/").endswith(PATH)]
    if not mine:
        return Seen(place, None)
    found = faults(mine[0], events)
    if len({it.url for it in mine}) < len(mine):
        found.append("It stands twice.")
    statuses = admin.deliveries(place, mine[0].id)
    return Seen(place, mine[0], found, failing(statuses), len(statuses))
