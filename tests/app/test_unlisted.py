"""What we deployed and the files do not name is named, and nothing is done to it."""

from bot.app.plan.unlisted import unlisted
from bot.app.ports.cluster import ReleaseHead
from bot.core.model import ChartInCheckout, DesiredRelease, Level


def head(name: str, namespace: str = "apps", status: str = "deployed", *, ours: bool = True) -> ReleaseHead:
    return ReleaseHead(name, namespace, 1, status, "1", ours)


def named(*heads: ReleaseHead) -> list[str]:
    desired = [DesiredRelease("web", "apps", ChartInCheckout("chart"))]
    found = unlisted({(one.namespace, one.name): [one] for one in heads}, desired)
    assert all((one.level, one.code) == (Level.INFO, "not-managed") for one in found)
    return [one.message.split()[1] for one in found]


def test_a_release_that_went_out_of_the_files_is_named() -> None:
    assert named(head("web"), head("old")) == ["apps/old"]


def test_releases_of_others_and_of_other_places_are_not_our_affair() -> None:
    assert (
        named(head("theirs", ours=False), head("old", "elsewhere"), head("gone", status="uninstalled")) == []
    )
