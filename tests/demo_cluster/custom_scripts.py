"""Conversations about custom resources, lists, and what a server says of itself."""

from typing import Any

from tests.demo_cluster.conversations import (
    APPLY,
    JSON,
    STRATEGIC,
    Conversation,
    Step,
    apply,
    create,
    delete,
    get,
    patch,
)

Manifest = dict[str, Any]
GROUP = "purser.example.org"
NAME = f"widgets.{GROUP}"
SPEC = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "colour": {"type": "string", "default": "red", "enum": ["red", "blue"]},
        "code": {"type": "string", "pattern": "^[a-z]+$"},
        "parts": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "count": {"type": "integer", "default": 1}},
            },
        },
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "plain": {"type": "array", "items": {"type": "string"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "port": {"x-kubernetes-int-or-string": True},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
DEFINITION: Manifest = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": NAME},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": SPEC,
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    },
}
META = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
META_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def widget(**spec: Any) -> Manifest:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {"size": 1} | spec,
    }


def config_map(name: str, **labels: str) -> Manifest:
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}}


# The definition is there before the first of these and away after the last.
CUSTOM = (
    Conversation(
        "defaults, merging and refusals of a custom kind",
        (
            apply(widget()),
            apply(widget(parts=[{"name": "a"}, {"name": "b", "count": 2}], tags=["x", "y"], plain=["1"])),
            apply(widget(parts=[{"name": "c"}], tags=["z"], plain=["2"]), "other"),
            apply(widget(parts=[{"name": "c"}], tags=["z"]), "other"),
            apply(widget(parts=[{"name": "b", "count": 2}], tags=["y"], plain=["1"], free={"a": {"b": 1}})),
            apply(widget(port="http", labels={"a": "b"}, colour=None), query="&dryRun=All"),
            apply(widget(unknown=1)),
            apply(widget(size="1")),
            apply(widget(size=10)),
            apply(widget(colour="green")),
            apply(widget(code="1")),
            apply({"apiVersion": f"{GROUP}/v1", "kind": "Widget", "metadata": {"name": "x"}, "spec": {}}),
            create(widget(size=0)),
            create({**widget(unknown=1), "metadata": {"name": "y"}}, "&fieldValidation=Strict"),
            create({**widget(unknown=1), "metadata": {"name": "y"}}, "&fieldValidation=Warn"),
            patch(widget(), {"spec": {"size": 2}}),
            patch(widget(), {"spec": {"size": 3}}, STRATEGIC),
            apply(widget()),
            Step(
                "PATCH",
                f"/apis/{GROUP}/v1/namespaces/{{ns}}/widgets/w/status",
                {"status": {"ready": True}, "spec": {"size": 7}},
                "application/merge-patch+json",
                "fieldManager=controller",
            ),
            get(widget()),
            Step("GET", f"/apis/{GROUP}/v1/namespaces/{{ns}}/widgets"),
            Step("GET", f"/apis/{GROUP}/v1"),
            delete(widget()),
            get(widget()),
        ),
    ),
    Conversation(
        "lists",
        (
            create(config_map("a", app="x", tier="1")),
            create(config_map("b", app="x", tier="2")),
            create(config_map("c", app="y")),
            *(
                Step(
                    "GET",
                    "/api/v1/namespaces/{ns}/configmaps",
                    query=f"labelSelector={labels}&fieldSelector=metadata.name!%3Dkube-root-ca.crt",
                )
                for labels in (
                    "app",
                    "app%3Dx",
                    "app%3D%3Dx,tier!%3D1",
                    "app%20in%20(x,y),!tier",
                    "app%20notin%20(x)",
                )
            ),
            Step("GET", "/api/v1/namespaces/{ns}/configmaps", query="fieldSelector=metadata.name%3Da"),
            Step("GET", "/api/v1/namespaces/{ns}/configmaps", query="labelSelector=app%3D%3D%3Dx"),
            Step("GET", "/api/v1/namespaces/{ns}/configmaps", query="labelSelector=app", accept=META_LIST),
            Step("GET", "/api/v1/namespaces/{ns}/configmaps/a", accept=META),
            Step("PATCH", "/api/v1/namespaces/{ns}/configmaps/a", config_map("a"), APPLY, "fieldManager="),
            Step("PATCH", "/api/v1/namespaces/{ns}/configmaps/a", {}, "text/plain"),
            Step("PATCH", "/api/v1/namespaces/{ns}/configmaps/a", config_map("b"), APPLY, "fieldManager=x"),
            Step("GET", "/api/v1/namespaces/{ns}/nothing"),
            Step("GET", "/apis/nothing.example.org/v1/things"),
            Step("PUT", "/api/v1/namespaces/{ns}/configmaps"),
            Step("DELETE", "/api/v1/namespaces/{ns}/configmaps/a"),
            Step("DELETE", "/api/v1/namespaces/{ns}/secrets", query="labelSelector=app"),
        ),
    ),
    Conversation(
        "reviews",
        (
            Step(
                "POST",
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                {"spec": {"resourceAttributes": {"verb": "get", "resource": "secrets"}}},
                JSON,
            ),
        ),
    ),
)
