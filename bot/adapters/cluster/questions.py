"""Questions as requests to an API server, and its replies as answers. Every write says `dryRun=All`."""

import re
from typing import Any, assert_never

from bot.adapters.cluster.discovery import Served
from bot.adapters.cluster.wire import Call, Reply
from bot.core.errors import ClusterForbids, ClusterUnreachable
from bot.core.objects import mapping
from bot.core.question import (
    Absent,
    Answer,
    Apply,
    Create,
    Delete,
    Found,
    FoundAll,
    ListOf,
    Patch,
    Question,
    Read,
    Refused,
)

_DRY = ("dryRun", "All")
_HELM = ("fieldManager", "helm")
_STRICT = ("fieldValidation", "Strict")
# Kubernetes' rule for what cannot be a segment of a path (apimachinery's IsValidPathSegmentName).
_PATH_BREAKING = re.compile(r"\.{1,2}|.*[/%].*", re.DOTALL)


def kind_of(question: Question) -> tuple[str, str]:
    """(apiVersion, kind) that a question is about."""
    match question:
        case Read(ref) | Patch(ref) | Delete(ref):
            return ref.api_version, ref.kind
        case Apply(manifest) | Create(manifest):
            return str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))
        case ListOf(api_version, kind):
            return api_version, kind
        case _:
            assert_never(question)


def place_of(question: Question) -> tuple[str, str]:
    """Namespace and name that a question is about; empty where it has none."""
    match question:
        case Read(ref) | Patch(ref) | Delete(ref):
            return ref.namespace, ref.name
        case Apply(manifest) | Create(manifest):
            metadata = manifest.get("metadata") or {}
            return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
        case ListOf(namespace=namespace):
            return namespace, ""
        case _:
            assert_never(question)


def _refused_name(question: Question) -> Refused | None:
    """What the API server would say to a name that cannot be part of a path, without asking it.

    `..` as a name would turn the request into one about something else.
    """
    namespace, name = place_of(question)
    wrong = next((part for part in (namespace, name) if _PATH_BREAKING.fullmatch(part)), None)
    if wrong is None and (name or isinstance(question, Create | ListOf)):
        return None
    field = "metadata.name" if wrong is None or wrong == name else "metadata.namespace"
    message = f"{wrong!r} cannot be the name of an object" if wrong else "name is required"
    return Refused(422, "Invalid", message, ((field, "FieldValueInvalid", message),))


def known_without_asking(question: Question, served: Served) -> Answer | None:
    """The answer where the request would be senseless: to a bad name, or for a kind that keeps no objects.

    Reviews and bindings are kinds too, and a list of everything in a namespace comes to them.
    """
    match question:
        case ListOf() if "list" not in served.verbs:
            return FoundAll(())
        case Read() if "get" not in served.verbs:
            return Absent()
        case _:
            return _refused_name(question)


def call_for(question: Question, served: Served) -> Call:
    """The request that asks it."""
    namespace, name = place_of(question)
    if served.namespaced and not namespace and not isinstance(question, ListOf):
        raise ValueError(f"{kind_of(question)[1]} {name} lives in a namespace and none is given")
    within = f" in namespace {namespace}" if served.namespaced and namespace else ""

    def call(verb: str, method: str, name: str, *query: tuple[str, str], **more: Any) -> Call:
        what = f"{verb} {served.plural}{within}"
        return Call(verb, what, method, served.path(namespace, name), query, **more)

    match question:
        case Read():
            return call("get", "GET", name)
        case ListOf():
            return call("list", "GET", "")
        case Apply(manifest, force):
            query = (_DRY, _HELM, _STRICT, ("force", "true" if force else "false"))
            return call(
                "apply", "PATCH", name, *query, body=manifest, content_type="application/apply-patch+yaml"
            )
        case Create(manifest):
            return call("create", "POST", "", _DRY, _HELM, _STRICT, body=manifest)
        case Patch(_, content_type, body):
            return call("patch", "PATCH", name, _DRY, _HELM, body=body, content_type=content_type)
        case Delete():
            options = {"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"]}
            return call("delete", "DELETE", name, _DRY, body=options)
        case _:
            assert_never(question)


def answer_to(question: Question, call: Call, reply: Reply) -> Answer | None:
    """What the reply says; None where the path itself is unknown by now, so that discovery is out of date.

    A list that is not allowed is Refused: it only enriches a plan. Raises ClusterForbids for other reads that
    are not allowed, ClusterUnreachable for reads that fail over there.
    """
    if reply.status < 300:
        return _found(question, reply)
    if reply.status == 404:
        return _missing(question, reply)
    if isinstance(question, Read | ListOf):
        if reply.status == 403 and isinstance(question, ListOf):
            return _refused(reply)
        if reply.status == 403:
            raise ClusterForbids(f"The API server forbids us to {call.what}.")
        raise ClusterUnreachable(f"The API server could not {call.what} (HTTP {reply.status}).")
    return _refused(reply)


def _found(question: Question, reply: Reply) -> Answer:
    if not isinstance(question, ListOf):
        return Found(dict(reply.content), reply.warnings)
    # The items of a list leave out what the list's own kind says.
    types = {"apiVersion": question.api_version, "kind": question.kind}
    return FoundAll(tuple({**types, **item} for item in reply.content.get("items") or ()))


def _missing(question: Question, reply: Reply) -> Answer | None:
    details = mapping(reply.content.get("details"))
    if not details.get("name"):
        return None
    if isinstance(question, Apply | Create):
        return _refused(reply)
    return Absent()


def causes_of(reply: Reply) -> tuple[tuple[str, str, str], ...]:
    """The causes that a Status names, as in Refused."""
    causes = mapping(reply.content.get("details")).get("causes") or ()
    return tuple(
        (str(cause.get("field", "")), str(cause.get("reason", "")), str(cause.get("message", "")))
        for cause in causes
        if isinstance(cause, dict)
    )


def _refused(reply: Reply) -> Refused:
    return Refused(
        status=reply.status,
        reason=str(reply.content.get("reason", "")),
        message=reply.message,
        causes=causes_of(reply),
    )
