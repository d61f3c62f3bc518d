"""Who is told what by `lookup`, policy by policy."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from bot.app.plan.lookup import ReleaseLookup, World
from bot.app.ports import Cluster
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.model import ChartInCheckout, DesiredRelease, LookupPolicy, Manifest, ObjectRef
from bot.core.question import Absent, Answer, Found, FoundAll, ListOf, Question, Read
from bot.core.redact.masking import Masker
from bot.core.release import Hook, LiveRelease, StoredRelease

RELEASE = DesiredRelease("web", "shop", ChartInCheckout("chart"))
MARKS = {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"}
OTHERS = {**MARKS, "meta.helm.sh/release-name": "other"}
HOOK = {"helm.sh/hook": "pre-install"}
LISTED = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\n"


def secret(name: str, annotations: Mapping[str, str] = MARKS, namespace: str = "shop") -> Manifest:
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    metadata = {"name": name, "namespace": namespace, "annotations": dict(annotations), "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "YS1sb25nLXNlY3JldA=="}}


class Answers:
    """A cluster with these objects; counts what it is asked."""

    def __init__(self, *objects: Manifest, failure: Exception | None = None) -> None:
        self.objects = objects
        self.failure = failure
        self.asked: list[Question] = []

    async def scopes(self) -> Mapping[tuple[str, str], bool]:
        crd = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        return {("v1", "Secret"): True, ("v1", "Namespace"): False, crd: False}

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        self.asked += questions
        if self.failure:
            raise self.failure
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> Answer:
        match question:
            case Read(ref):
                found = [one for one in self.objects if _ref(one) == ref]
                return Found(found[0]) if found else Absent()
            case ListOf(_, kind, namespace):
                of = [one for one in self.objects if one["kind"] == kind]
                return FoundAll(tuple(o for o in of if namespace in ("", _ref(o).namespace)))
            case _:
                raise AssertionError(question)


def _ref(manifest: Manifest) -> ObjectRef:
    metadata = manifest["metadata"]
    return ObjectRef("v1", manifest["kind"], metadata.get("namespace", ""), metadata["name"])


def live(manifest: str = LISTED, hooks: tuple[Hook, ...] = (), status: str = "deployed") -> LiveRelease:
    stored = StoredRelease("web", "shop", 1, status, "web", "1.0.0", "", {}, manifest, hooks)
    return LiveRelease(stored, stored)


def lookup(
    cluster: Answers, policy: LookupPolicy = "own", release: LiveRelease | None = None
) -> ReleaseLookup:
    return ReleaseLookup(World(policy, cast(Cluster, cluster), RELEASE, release))


async def get(asking: ReleaseLookup, name: str, namespace: str = "shop") -> Any:
    return await asking.get("v1", "Secret", namespace, name)


async def test_own_is_what_the_revision_holds_and_bears_its_marks() -> None:
    asking = lookup(Answers(secret("login")), release=live())
    assert await get(asking, "login") == secret("login")
    assert asking.refused == set()


@pytest.mark.parametrize("marks", [{}, OTHERS, {**MARKS, "meta.helm.sh/release-namespace": "x"}])
async def test_own_is_nothing_that_lacks_a_mark(marks: Mapping[str, str]) -> None:
    asking = lookup(Answers(secret("login", marks)), release=live())
    assert await get(asking, "login") is None
    assert [one.name for one in asking.refused] == ["login"]
    assert not asking.has_secrets


async def test_what_no_revision_holds_is_not_even_asked_for() -> None:
    cluster = Answers(secret("marked"), secret("login", MARKS, "elsewhere"))
    asking = lookup(cluster, release=live())
    assert await get(asking, "marked") is None
    assert await get(asking, "login", "elsewhere") is None
    assert cluster.asked == []
    assert len(asking.refused) == 2


async def test_what_the_revision_held_and_is_gone_is_absent_without_a_word() -> None:
    asking = lookup(Answers(), release=live())
    assert await get(asking, "login") is None
    assert asking.refused == set()


@pytest.mark.parametrize(
    ("marks", "own"), [(HOOK, True), ({}, False), ({**HOOK, **OTHERS}, False), ({"helm.sh/hook": "x"}, False)]
)
async def test_a_hook_is_known_by_its_hook_annotation(marks: Mapping[str, str], own: bool) -> None:
    hooks = (Hook(secret("made", HOOK), ("pre-install",), 0, ("before-hook-creation",)),)
    asking = lookup(Answers(secret("made", marks)), release=live("", hooks))
    assert (await get(asking, "made") is not None) is own


@pytest.mark.parametrize("release", [None, live(status="uninstalled")])
async def test_an_install_finds_what_an_earlier_release_of_its_name_left(release: LiveRelease | None) -> None:
    asking = lookup(Answers(secret("login"), secret("other", OTHERS)), release=release)
    assert await get(asking, "login") == secret("login")
    assert await get(asking, "other") is None


async def test_an_install_that_may_not_read_a_secret_takes_it_for_anothers() -> None:
    asking = lookup(Answers(failure=ClusterForbids("get secrets")))
    assert await get(asking, "login") is None
    assert len(asking.refused) == 1


async def test_a_list_holds_the_releases_own_objects_and_is_said_to_be_short() -> None:
    cluster = Answers(secret("login"), secret("other", OTHERS))
    asking = lookup(cluster, release=live())
    assert await asking.list("v1", "Secret", "") == [secret("login")]
    assert await asking.list("v1", "Secret", "elsewhere") == []
    assert {one.namespace for one in asking.refused} == {"", "elsewhere"}
    assert not any(isinstance(question, ListOf) for question in cluster.asked)


async def test_namespaces_are_shown_by_own_and_not_by_never() -> None:
    space: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}
    for policy, found in (("own", space), ("never", None)):
        asking = lookup(Answers(space), cast(LookupPolicy, policy), live())
        assert await asking.get("v1", "Namespace", "", "x") == found
        assert await asking.list("v1", "Namespace", "") == ([found] if found else [])


async def test_never_asks_nothing() -> None:
    cluster = Answers(secret("login"))
    asking = lookup(cluster, "never", live())
    assert await get(asking, "login") is None
    assert await asking.list("v1", "Secret", "shop") == []
    assert (cluster.asked, len(asking.refused)) == ([], 2)


async def test_all_is_all() -> None:
    asking = lookup(Answers(secret("other", OTHERS)), "all", live())
    assert await get(asking, "other") is not None
    assert len(await asking.list("v1", "Secret", "")) == 1
    assert asking.refused == set()


async def test_nothing_is_asked_twice() -> None:
    cluster = Answers(secret("login"))
    asking = lookup(cluster, release=live())
    for each in (asking, asking, asking.decoyed(b"salt"), asking.without_secrets()):
        await get(each, "login")
    assert len(cluster.asked) == 1


async def test_decoys_hold_other_values_and_are_no_secrets_that_were_told() -> None:
    asking = lookup(Answers(secret("login")), release=live())
    other = await get(asking.decoyed(b"salt"), "login")
    assert other["data"] != secret("login")["data"]
    assert await get(asking.without_secrets(), "login") is None
    assert not asking.has_secrets


async def test_what_was_told_is_masked_afterwards() -> None:
    asking, masker = lookup(Answers(secret("login")), release=live()), Masker(b"key")
    await get(asking, "login")
    asking.texts.add("something made of it")
    asking.teach(masker)
    shown = masker.text("a-long-secret YS1sb25nLXNlY3JldA== something made of it")
    assert not {"a-long-secret", "YS1sb25nLXNlY3JldA==", "something made"} & set(shown.split(" ‹"))
    assert "secret" not in shown
    assert "something" not in shown


async def test_a_cluster_that_does_not_answer_or_forbids_is_never_an_empty_one() -> None:
    asking = lookup(Answers(failure=ClusterUnreachable("get secrets in namespace shop")), release=live())
    with pytest.raises(ClusterUnreachable, match="lookup of kind Secret"):
        await get(asking, "login")
    asking = lookup(Answers(failure=ClusterForbids("get secrets")), release=live())
    with pytest.raises(AuthorError) as caught:
        await get(asking, "login")
    assert caught.value.code == "lookup-forbidden"
