import base64
import gzip
import json
from typing import Any

import pytest

from bot.core import helm_record
from bot.core.errors import AuthorError
from bot.core.helm_record import base_revision, packed, revision_in, secret_name, stored_release

HOOK = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {answer: y}
"""
RECORD: dict[str, Any] = {
    "name": "web",
    "namespace": "shop",
    "version": 7,
    "info": {
        "status": "deployed",
        "last_deployed": "2026-11-23T13:13:34.2Z",
        "description": "Upgrade complete",
    },
    "chart": {
        "metadata": {"name": "podinfo", "version": "6.14.1", "appVersion": "6.14.1"},
        "values": {"a": 1},
    },
    "config": {"replicaCount": 2},
    "manifest": "---\napiVersion: v1\nkind: ConfigMap\n",
    "hooks": [
        {
            "manifest": HOOK,
            "events": ["pre-upgrade", "pre-install"],
            "weight": -3,
            "path": "templates/job.yaml",
        },
        {"manifest": HOOK, "events": ["test"], "delete_policies": ["hook-succeeded"]},
    ],
    "apply_method": "ssa",
}


def secret(entry: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "metadata": {"name": "sh.helm.release.v1.web.v7", "namespace": "shop", "labels": labels or {}},
        "data": {"release": entry},
    }


def wrapped(inner: bytes) -> str:
    return base64.b64encode(base64.b64encode(inner)).decode()


def test_a_record_says_what_was_deployed() -> None:
    release = stored_release(secret(packed(RECORD)))
    assert (release.name, release.namespace, release.revision) == ("web", "shop", 7)
    assert (release.chart_name, release.chart_version, release.app_version) == ("podinfo", "6.14.1", "6.14.1")
    assert release.values == {"replicaCount": 2}
    assert release.manifest == RECORD["manifest"]
    assert (release.status, release.apply_method) == ("deployed", "ssa")
    assert release.updated == "2026-11-23T13:13:34.2Z"


def test_a_record_as_go_compresses_it_is_read() -> None:
    entry = wrapped(gzip.compress(json.dumps(RECORD).encode()))
    assert stored_release(secret(entry)) == stored_release(secret(packed(RECORD)))


def test_equal_records_are_packed_to_equal_bytes() -> None:
    assert packed(RECORD) == packed(dict(RECORD))


def test_hooks_are_objects_by_the_rules_of_kubernetes_yaml() -> None:
    hook, test = stored_release(secret(packed(RECORD))).hooks
    assert hook.manifest["metadata"]["annotations"] == {"answer": True}
    assert (hook.events, hook.weight) == (("pre-upgrade", "pre-install"), -3)
    assert hook.delete_policies == ("before-hook-creation",)
    assert test.delete_policies == ("hook-succeeded",)


def test_only_labels_that_people_set_count() -> None:
    labels = {
        "owner": "helm",
        "name": "web",
        "version": "7",
        "status": "deployed",
        "modifiedAt": "1",
        "team": "a",
    }
    assert stored_release(secret(packed(RECORD), labels)).labels == {"team": "a"}


def test_a_record_of_helm_3_has_no_apply_method_and_may_lack_what_is_empty() -> None:
    bare = {key: RECORD[key] for key in ("name", "namespace", "version", "info")}
    release = stored_release(secret(packed(bare)))
    assert (release.apply_method, release.values, release.hooks, release.manifest) == ("", {}, (), "")


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "no base64",
        base64.b64encode(b"\xff not base64").decode(),
        wrapped(b"\x1f\x8b\x08 no gzip"),
        wrapped(gzip.compress(json.dumps(RECORD).encode())[:-20]),
        wrapped(b"[1, 2]"),
        wrapped(b"{}"),
        packed({**RECORD, "version": "seven"}),
        packed({**RECORD, "info": None}),
        packed({**RECORD, "hooks": [{"manifest": "kind: ["}]}),
        packed({**RECORD, "hooks": ["text"]}),
    ],
)
def test_a_broken_record_is_named_and_never_shown(entry: str) -> None:
    with pytest.raises(AuthorError, match=r"shop/sh\.helm\.release\.v1\.web\.v7") as error:
        stored_release(secret(entry))
    assert error.value.code == "release-record"
    assert "podinfo" not in str(error.value)


def test_a_secret_without_a_record_is_named_too() -> None:
    with pytest.raises(AuthorError, match="cannot be read"):
        stored_release({"metadata": {"name": "sh.helm.release.v1.web.v7"}})


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b'{"a":"' + b" " * (helm_record.RECORD_LIMIT + 1) + b'"}')
    with pytest.raises(AuthorError, match="cannot be read"):
        stored_release(secret(wrapped(bomb)))


def test_helm_starts_from_the_newest_deployed_revision_else_from_the_newest() -> None:
    assert base_revision({1: "superseded", 2: "deployed"}) == 2
    assert base_revision({1: "deployed", 2: "failed", 3: "pending-upgrade"}) == 1
    assert base_revision({1: "deployed", 2: "deployed", 3: "failed"}) == 2
    assert base_revision({1: "superseded", 2: "failed"}) == 2
    assert base_revision({4: "uninstalled"}) == 4


def test_names_of_records() -> None:
    assert secret_name("my.web-1", 12) == "sh.helm.release.v1.my.web-1.v12"
    assert revision_in("sh.helm.release.v1.my.web-1.v12") == ("my.web-1", 12)
    assert revision_in("sh.helm.release.v1.web.vx") is None
    assert revision_in("token") is None
