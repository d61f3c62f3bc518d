"""What happens to merge requests and targets, counted where it is written down: in the trail."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge

from bot.core.trail.chain import Happening


class DomainMetrics:
    """Counts the trail's entries, each happening once however often it was tried, and killed renderings."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.entries = Counter(
            "purser_trail_entries", "Entries of the trail by kind", ["kind"], registry=registry
        )
        self.sealed = Counter(
            "purser_plan_results",
            "Plans kept, by whether they have a seal (would be deployed)",
            ["target", "sealed"],
            registry=registry,
        )
        self.decisions = Counter(
            "purser_gate_decisions",
            "What the gate decided of merges",
            ["target", "decision"],
            registry=registry,
        )
        self.deploys = Counter(
            "purser_deploys", "Deployments that ended, by state", ["target", "state"], registry=registry
        )
        self.kills = Gauge(
            "purser_render_kills",
            "Renderings that were ended at a limit since the start, by limit",
            ["reason"],
            registry=registry,
        )
        self.verifications = Counter(
            "purser_verifications", "Looks at a cluster after a deploy", ["target", "good"], registry=registry
        )

    def __call__(self, happenings: Sequence[Happening]) -> None:
        """The store's observer: these were written down now."""
        for happening in happenings:
            self.entries.labels(happening.kind).inc()
            facts = happening.facts
            target = str(facts.get("target", ""))
            match happening.kind:
                case "plan":
                    self.sealed.labels(target, _yes(facts.get("seal"))).inc()
                case "gate":
                    self.decisions.labels(target, str(facts.get("decision"))).inc()
                case "deploy.ended":
                    self.deploys.labels(target, str(facts.get("state"))).inc()
                case "verified":
                    self.verifications.labels(target, _yes(facts.get("good"))).inc()


class DriftMetrics:
    """What looks for drift found. Of several processes one looks, the others keep what they found before."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.releases = Gauge(
            "purser_drift_releases",
            "Releases that are not as Git says, by the last look for drift",
            ["target"],
            registry=registry,
        )
        self.looked = Gauge(
            "purser_drift_look_timestamp_seconds",
            "When this process looked for drift last, in seconds since 1970: of several, the newest is right",
            ["target"],
            registry=registry,
        )

    def __call__(self, target: str, releases: int) -> None:
        """How many releases of a target are not as Git says, by a look that ended now."""
        self.releases.labels(target).set(releases)
        self.looked.labels(target).set_to_current_time()


def _yes(value: object) -> str:
    return "yes" if value else "no"
