"""Objects whose CRD comes or changes with the plan: the API server cannot judge them yet, the CRD can."""

from bot.core.model import Finding, Level, Manifest, ObjectRef
from bot.core.rehearsal.case import Stage
from bot.core.rehearsal.crd_schema import Violation, schema_in, violations, with_defaults

_BY_SCHEMA = frozenset({"unknown-field", "invalid-object", "unknown-kind"})
_FIX = (
    "Correct the values or the template that make this field, or see whether the CRD that comes with the "
    "plan is as new as the chart."
)


def judged_by_crd(stage: Stage, ref: ObjectRef, manifest: Manifest) -> tuple[Finding, ...]:
    """What the CRD to come refuses in the object as rendered; else that the API server was not asked.

    That is said of the kind, in the same words for each of its objects, so that a plan says it once.
    """
    schema = _schema(stage, ref)
    found = violations(schema, manifest) if schema is not None else None
    if found:
        return tuple(_finding(stage, ref, one) for one in found)
    how = ": they were checked by that CRD's schema alone" if found is not None else ""
    says = (
        f"{ref.kind} ({ref.api_version}): the CRD of this kind comes with this plan, so the API server could "
        f"not be asked about its objects yet{how}."
    )
    return (Finding(Level.INFO, "not-checked", says),)


def as_defaulted(stage: Stage, ref: ObjectRef, manifest: Manifest) -> Manifest:
    """The object with the defaults of the CRD to come."""
    made: Manifest = with_defaults(_schema(stage, ref), manifest)
    return made


def second_opinion(stage: Stage, ref: ObjectRef, manifest: Manifest, error: Finding) -> tuple[Finding, ...]:
    """The error, unless it is the schema of today's that speaks, and another one will hold by then."""
    if error.code in _BY_SCHEMA and (ref.api_version, ref.kind) in stage.crds:
        return judged_by_crd(stage, ref, manifest)
    return (error,)


def _schema(stage: Stage, ref: ObjectRef) -> Manifest | None:
    crd = stage.crds.get((ref.api_version, ref.kind))
    return schema_in(crd, ref.api_version) if crd else None


def _finding(stage: Stage, ref: ObjectRef, one: Violation) -> Finding:
    where = f" ({one.path})" if one.path else ""
    says = stage.case.masker.text(f"{ref}: {one.says}{where}, says the CRD that comes with this plan.")
    return Finding(Level.ERROR, one.code, says, _FIX, ref)
