"""What a look for drift makes of the objects of a deployed revision, and what it says of them."""

from bot.core.drift.check import DriftReport, ReleaseDrift, Unread, by_hand, pieces_deployed, worst_first
from bot.core.model import ChartInCheckout, DesiredRelease, Manifest
from bot.core.notes.drift_issue import digest, drift_answer, lines, told_digest
from bot.core.planned import Change, Drift
from bot.core.redact.masking import Masker
from tests.core.rehearsals import SCOPES, config, ref, standing, stored
from tests.core.test_rehearsal_drift import TIME, touched

DESIRED = DesiredRelease("app", "web", ChartInCheckout("chart"), {})
BASE = config(data={"a": "1", "b": "1"})
EDITED = Drift("app", ref(BASE), (Change("/data/a", "replace", "1", "9"),), ("kubectl-edit",), TIME)


def looked(base: Manifest, *live: Manifest, method: str = "ssa") -> tuple[Drift, ...]:
    revision = stored(base, apply_method=method)
    pieces = pieces_deployed(revision, SCOPES)
    there = {ref(one).identity: one for one in live}
    return by_hand(DESIRED, revision, pieces, there, Masker(b"k" * 32))


def test_a_field_changed_by_hand_is_told_with_its_writer_and_its_time() -> None:
    assert looked(BASE, touched(BASE, {"a": "9", "b": "1"}, "b")) == (EDITED,)


def test_what_stands_as_deployed_is_no_drift() -> None:
    assert looked(BASE, touched(BASE, {"a": "1", "b": "1"}, "a", "b")) == ()
    assert looked(BASE, standing(BASE)) == ()


def test_an_object_that_is_gone_is_told() -> None:
    assert looked(BASE) == (Drift("app", ref(BASE), (Change("", "remove"),)),)


def test_a_removed_field_is_told_where_helm_applied_it_server_side() -> None:
    there = touched(BASE, {"b": "1"}, "b")
    assert [one.changes for one in looked(BASE, there)] == [(Change("/data/a", "remove", "1"),)]
    assert looked(BASE, there, method="") == ()


def test_values_of_secrets_are_masked() -> None:
    def secret(value: str) -> Manifest:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"p": value}}

    there = touched(secret("c2VjcmV0LW9uZQ=="), {"p": "c2VjcmV0LXR3bw=="})
    (drift,) = looked(secret("c2VjcmV0LW9uZQ=="), there)
    (change,) = drift.changes
    assert "‹masked" in change.before
    assert "‹masked" in change.after


def report(*releases: ReleaseDrift, unread: tuple[Unread, ...] = (), head: str = "a" * 40) -> DriftReport:
    return DriftReport("production", head, releases, unread, 5)


CHANGED = ReleaseDrift("app", "web", "changed", 1, "deployed", (EDITED,))


def test_the_worst_comes_first() -> None:
    pending, unlisted = (ReleaseDrift("z", "web", kind) for kind in ("pending", "unlisted"))
    assert worst_first([unlisted, CHANGED, pending]) == (pending, CHANGED, unlisted)


def test_the_same_drift_at_another_commit_is_the_same() -> None:
    assert digest(report(CHANGED)) == digest(report(CHANGED, head="b" * 40))
    other = ReleaseDrift("app", "web", "changed", 2, "deployed", (EDITED,))
    assert digest(report(CHANGED)) != digest(report(other))


def test_an_issue_without_drift_tells_of_none() -> None:
    assert told_digest("The drift is gone") is None


def test_what_could_not_be_read_is_neither_drift_nor_quiet() -> None:
    found = report(unread=(Unread("web/app", "The chart cannot be fetched."),))
    assert not found.quiet
    assert "No drift" not in drift_answer(found, "main", None)
    assert "The chart cannot be fetched." in drift_answer(found, "main", None)


def test_the_trail_has_a_line_for_each_release() -> None:
    assert lines(report(CHANGED)) == ["web/app: 1 object changed by hand, by kubectl-edit"]
