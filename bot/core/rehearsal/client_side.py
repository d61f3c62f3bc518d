"""Objects of releases that Helm applies client-side: it makes a patch, and the API server merges it."""

from bot.core.errors import AuthorError
from bot.core.model import Finding, Level, Manifest, ObjectRef
from bot.core.planned import ObjectPlan
from bot.core.question import Absent, Found, NoSuchKind, Patch, Refused
from bot.core.rehearsal.asking import Asking, ask
from bot.core.rehearsal.case import Outcome, Piece, Stage
from bot.core.rehearsal.outcome import outcome, warnings
from bot.core.rehearsal.refusals import refusal
from bot.core.rehearsal.strategic import client_side_patch, doubtful_fields


def patched(stage: Stage, piece: Piece, live: Manifest, *, source: Manifest) -> Asking[Outcome]:
    """A patch over an object that exists. An object that is adopted counts as its own old state."""
    ref = piece.ref
    old = next((one.manifest for one in stage.base if one.ref.identity == ref.identity), piece.manifest)
    try:
        content_type, body = client_side_patch(old, piece.manifest, live)
        doubts = _doubts(ref, doubtful_fields(old, piece.manifest, live))
    except AuthorError as error:
        found = Finding(
            Level.ERROR, error.code, stage.case.masker.text(f"{ref}: {error.what}"), error.fix, ref
        )
        return Outcome((ObjectPlan(ref, "unchanged"),), (found,))
    if not body:
        return outcome(stage, ref, before=live, after=live, source=source, findings=doubts)
    answer = yield from ask(Patch(ref, content_type, body))
    match answer:
        case Found(result, said):
            found_too = (*doubts, *warnings(stage.case, ref, said))
            return outcome(stage, ref, before=live, after=result, source=source, findings=found_too)
        case Refused() | NoSuchKind():
            error_found = refusal(answer, ref, stage.case.masker)
            return Outcome((ObjectPlan(ref, "unchanged"),), (error_found,))
        case Absent():
            return Outcome((ObjectPlan(ref, "create"),))
        case _:
            raise AssertionError(f"no answer to a patch: {answer}")


def _doubts(ref: ObjectRef, fields: tuple[str, ...]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            Level.WARNING,
            "client-side-uncertain",
            f"{ref}: what becomes of the list {field} is not sure. The release is applied client-side, "
            "entries of it go, and it has two of one key or lost some by hand.",
            "Look at this list after the deploy, or move the release to server-side apply first "
            "(`helm upgrade --server-side=true`).",
            ref,
        )
        for field in fields
    )
