"""What the API server says, in words that help."""

import pytest

from bot.core.model import ObjectRef
from bot.core.question import NoSuchKind, Refused
from bot.core.redact.masking import Masker
from bot.core.rehearsal.refusals import refusal

REF = ObjectRef("apps/v1", "Deployment", "web", "app")
SAID = [
    (
        422,
        'Deployment.apps "app" is invalid: spec.selector: Invalid value: {}: field is immutable',
        "immutable-field",
    ),
    (422, "spec: Forbidden: updates to statefulset spec for fields other than 'replicas'", "immutable-field"),
    (422, 'Deployment.apps "app" is invalid: spec.replicas: Invalid value: -1', "invalid-object"),
    (422, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", "admission-denied"),
    (400, 'admission webhook "v.example.com" denied the request: no', "admission-denied"),
    (500, 'failed calling webhook "v.example.com": connection refused', "webhook-unavailable"),
    (400, 'strict decoding error: unknown field "spec.replicaz"', "unknown-field"),
    (
        500,
        "failed to create typed patch object (web/app): .spec.replicaz: field not declared in schema",
        "unknown-field",
    ),
    (500, 'failed to create typed patch object: duplicate entries for key [name="A"]', "invalid-object"),
    (403, 'deployments.apps "app" is forbidden: exceeded quota: few, requested: 1', "quota"),
    (403, 'deployments.apps is forbidden: User "ann" cannot patch resource "deployments"', "forbidden"),
    (403, 'roles "r" is forbidden: user "ann" is attempting to grant RBAC permissions', "forbidden"),
    (403, 'pods "p" is forbidden: violates PodSecurity "restricted:latest"', "admission-denied"),
    (404, 'namespaces "elsewhere" not found', "namespace-missing"),
    (401, "Unauthorized", "forbidden"),
    (503, "etcd is not there", "api-error"),
]


@pytest.mark.parametrize(("status", "message", "code"), SAID, ids=[row[1][:40] for row in SAID])
def test_each_refusal_has_its_code_and_a_way_out(status: int, message: str, code: str) -> None:
    finding = refusal(Refused(status, "", message), REF, Masker(b"k"))
    assert (finding.code, finding.object) == (code, REF)
    assert finding.fix
    assert "web/app" in finding.message


def test_a_removed_api_is_told_with_what_took_its_place() -> None:
    old = ObjectRef("policy/v1beta1", "PodDisruptionBudget", "web", "p")
    finding = refusal(NoSuchKind(), old, Masker(b"k"))
    assert finding.code == "unknown-kind"
    assert "1.25" in finding.message
    assert "policy/v1 " in finding.fix


def test_an_existing_object_is_told_from_a_conflict() -> None:
    finding = refusal(Refused(409, "AlreadyExists", 'jobs "j" already exists'), REF, Masker(b"k"))
    assert finding.code == "exists"


def test_every_manager_and_field_of_a_conflict_is_named() -> None:
    causes = (
        (".spec.replicas", "FieldManagerConflict", 'conflict with "hpa" using apps/v1'),
        (".spec.paused", "FieldManagerConflict", 'conflict with "ann" with subresource "x" using apps/v1'),
    )
    finding = refusal(Refused(409, "Conflict", "Apply failed with 2 conflicts", causes), REF, Masker(b"k"))
    assert "ann, hpa owns .spec.replicas, .spec.paused" in finding.message
