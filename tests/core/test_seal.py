"""A seal changes with everything that would be applied, and with nothing else."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import Where
from bot.core.model import Finding, Level
from bot.core.noise import noise_between
from bot.core.objects import canonical
from bot.core.planned import EngineInfo, Plan, ReleasePlan
from bot.core.redact.masking import Masker
from bot.core.release import Hook, Rendered
from bot.core.seal import release_digest, seal
from tests.core.rehearsals import case, config, live, rendered

values = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3) | st.booleans(), max_size=3)


def digest(new: Rendered | None, again: Rendered | None = None, **more: Any) -> str:
    before, chart = more.pop("before", live(config())), more.pop("chart_digest", "sha256:c")
    noise = noise_between(new or rendered(), again)
    desired = replace(case(new).desired, **more)
    return release_digest(desired, rendered=new, noise=noise, live=before, chart_digest=chart)


def plan(*releases: ReleasePlan, **more: Any) -> Plan:
    facts: dict[str, Any] = {"complete": True, "seal": None, "cluster_version": "v1.36.3", **more}
    return Plan("production", "abc", engine=EngineInfo("helm-sdk", "4.2.3"), releases=releases, **facts)


def release(name: str = "app", action: Any = "upgrade", **more: Any) -> ReleasePlan:
    return ReleasePlan(name, "web", action, "chart", "1", "2", 1, **{"digest": f"sha256:{name}", **more})


@given(values, values)
def test_any_applied_field_changes_the_digest(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = (rendered({**config(), "data": data}) for data in (one, other))
    assert (digest(first) == digest(second)) == (canonical(one) == canonical(other))


def test_everything_that_would_be_applied_or_stands_is_in_the_digest() -> None:
    new = rendered(config())
    hook = Hook(config("h"), ("pre-upgrade",), 0, ("before-hook-creation",))
    variants = [
        digest(new),
        digest(None),
        digest(rendered(config(), config("b"))),
        digest(rendered(config(), hooks=(hook,))),
        digest(rendered(config(), hooks=(replace(hook, weight=1),))),
        digest(rendered(config(), hooks=(replace(hook, events=("post-upgrade",)),))),
        digest(rendered(config(), crds=(config("crd"),))),
        digest(replace(new, chart_version="9")),
        digest(new, values={"a": 1}),
        digest(new, force_conflicts=True),
        digest(new, chart_digest="sha256:d"),
        digest(new, before=None),
        digest(new, before=live(config(), revision=2)),
        digest(new, before=live(config("other"))),
        digest(new, before=live(config(), status="failed")),
    ]
    assert len(set(variants)) == len(variants)


def test_where_it_was_written_and_random_values_are_not_in_the_digest() -> None:
    first, again = rendered(config(data={"r": "x1"})), rendered(config(data={"r": "y2"}))
    later = rendered(config(data={"r": "z3"}))
    assert digest(first, again) == digest(later, again)
    assert digest(first, again, where=Where("a.yaml", 1), values_files=("b",)) == digest(first, again)


def test_a_seal_holds_the_target_and_every_release_that_changes_in_any_order() -> None:
    one, other, none = release("a"), release("b"), release("n", "none")
    sealed = seal(plan(one, other))
    assert sealed == seal(plan(other, one, none))
    assert sealed is not None
    assert sealed.startswith("sha256:")
    assert sealed != seal(replace(plan(one, other), target="staging"))
    assert sealed != seal(plan(one))


def test_there_is_no_seal_on_what_is_incomplete_or_would_fail() -> None:
    error = Finding(Level.ERROR, "conflict", "x")
    assert seal(plan(release(), complete=False)) is None
    assert seal(plan(release(digest=""))) is None
    assert seal(plan(release(), findings=(error,))) is None
    assert seal(plan(release(findings=(replace(error, level=Level.WARNING),)))) is not None


def test_masks_have_no_part_in_it() -> None:
    assert Masker(b"a").mask("x") != Masker(b"b").mask("x")
    assert digest(rendered(config())) == digest(rendered(config()))
