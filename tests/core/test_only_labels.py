"""What a new chart version writes on every object is told in one line, and nothing else is."""

import pytest

from bot.core.model import ObjectRef
from bot.core.notes.only_labels import labels_sentence, only_labels
from bot.core.planned import Change, ObjectAction, ObjectPlan


def item(
    *paths: str, action: ObjectAction = "update", kind: str = "Deployment", hook: str | None = None
) -> ObjectPlan:
    changes = tuple(Change(path, "replace", "1", "2") for path in paths)
    return ObjectPlan(ObjectRef("v1", kind, "web", "x"), action, changes, hook=hook)


CHART = "/metadata/labels/helm.sh~1chart"
CHECKSUM = "/spec/template/metadata/annotations/checksum~1config"


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (item(CHART), True),
        (item(CHART, "/metadata/labels/app.kubernetes.io~1version"), True),
        (item("/spec/template" + CHART, CHECKSUM), True),
        (item("/spec/jobTemplate/spec/template" + CHART, kind="CronJob"), True),
        (item("/spec/volumeClaimTemplates/0" + CHART), True),
        (item(), False),
        (item(CHART, "/spec/replicas"), False),
        (item("/metadata/labels/app"), False),
        (item("/metadata/annotations/note"), False),
        (item("/spec/selector/matchLabels/helm.sh~1chart"), False),
        (item(CHART, action="replace"), False),
        (item(CHART, hook="pre-upgrade"), False),
    ],
)
def test_only_marks_of_the_version_count(plan: ObjectPlan, expected: bool) -> None:
    assert only_labels(plan) is expected


def test_every_object_is_named_and_restarts_are_said() -> None:
    text = labels_sentence([item(CHART, kind="Service"), item(CHECKSUM)], str)
    assert text == (
        "2 objects change only in labels of the chart's version and in checksums: Service web/x, "
        "Deployment web/x. Pods are replaced all the same: Deployment web/x."
    )
    assert labels_sentence([item(CHART)], str).startswith("1 object changes only")
    assert labels_sentence([], str) == ""
