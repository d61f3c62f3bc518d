"""What a cluster hands out: addresses and node ports of Services."""

from itertools import count
from typing import Any

Object = dict[str, Any]


class Allotter:
    """Hands out each number once in its life; a dry run uses one up."""

    def __init__(self) -> None:
        self._addresses = count(10)
        self._ports = count(30_000)

    def allot(self, manifest: Object) -> None:
        """Gives a new Service its address and node ports, in place."""
        if manifest["kind"] != "Service" or manifest["apiVersion"] != "v1":
            return
        spec = manifest["spec"]
        if spec.get("type") == "ExternalName":
            return
        if not spec.get("clusterIP"):
            number = next(self._addresses)
            spec["clusterIP"] = f"10.96.{number // 250 % 250}.{number % 250 + 1}"
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            for port in spec.get("ports", ()):
                if not port.get("nodePort"):
                    port["nodePort"] = next(self._ports)

    def keep(self, live: Object, manifest: Object) -> None:
        """Leaves a changed Service what it was given, in place, as a write that names none of it does."""
        if manifest["kind"] != "Service" or manifest["apiVersion"] != "v1":
            return
        before, spec = live.get("spec", {}), manifest.setdefault("spec", {})
        if spec.get("type", "ClusterIP") == "ExternalName":
            return
        if not spec.get("clusterIP") and before.get("clusterIP"):
            spec["clusterIP"] = before["clusterIP"]
            spec["clusterIPs"] = before.get("clusterIPs", [before["clusterIP"]])
        given = {
            (port.get("port"), port.get("protocol")): port.get("nodePort") for port in before.get("ports", ())
        }
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            for port in spec.get("ports", ()):
                number = given.get((port.get("port"), port.get("protocol", "TCP")))
                if number and not port.get("nodePort"):
                    port["nodePort"] = number
        self.allot(manifest)
