"""Helm's release records of a namespace, as the API server has them."""

import base64
import gzip
import json

from tests.cluster.control_plane import ControlPlane


def revisions(plane: ControlPlane, namespace: str) -> list[tuple[str, int, str]]:
    """Name, revision and status of each record, in order."""
    query = "fieldSelector=type%3Dhelm.sh/release.v1"
    stored = plane.api.call("GET", f"/api/v1/namespaces/{namespace}/secrets?{query}")["items"]
    packed = [base64.b64decode(base64.b64decode(it["data"]["release"])) for it in stored]
    records = [json.loads(gzip.decompress(each)) for each in packed]
    return sorted((it["name"], it["version"], it["info"]["status"]) for it in records)
