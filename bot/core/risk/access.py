"""Who may do what, and what may reach what: roles, network policies, web application firewalls, services."""

import re
from typing import Any

from bot.core.model import Finding, Level, Manifest, Risk
from bot.core.objects import annotations_of
from bot.core.planned import ObjectPlan

Noticed = tuple[Risk, Finding]
_Said = tuple[Risk, str, str]

_POWERFUL_ROLES = frozenset({"cluster-admin", "admin", "system:masters"})
_POWERFUL_VERBS = frozenset({"escalate", "bind", "impersonate", "*"})
_NETWORK = frozenset({"NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"})
_ENGINE = re.compile(r"SecRuleEngine\s+(\w+)", re.IGNORECASE)


def access(planned: ObjectPlan) -> list[Noticed]:
    """What the change of one object opens."""
    before, after = planned.before or {}, planned.after or {}
    match planned.ref.kind:
        case "Role" | "ClusterRole":
            said = _wider_role(before, after)
        case "RoleBinding" | "ClusterRoleBinding":
            said = _wider_binding(before, after)
        case kind if kind in _NETWORK:
            said = _network(planned, before, after)
        case "Service":
            said = _public(before, after)
        case _:
            said = []
    if planned.before is not None:
        said += _firewall(before, after)
    said += _audit(before, after)
    return [
        (risk, Finding(Level.WARNING, code, f"{planned.ref}: {says}", object=planned.ref))
        for risk, code, says in said
    ]


def _wider_role(before: Manifest, after: Manifest) -> list[_Said]:
    wider = sorted(_powers(after) - _powers(before))
    return [(Risk.HIGH, "rbac-widened", f"the role now grants {', '.join(wider)}.")] if wider else []


def _wider_binding(before: Manifest, after: Manifest) -> list[_Said]:
    role = _role(after)
    if role not in _POWERFUL_ROLES or (role == _role(before) and _subjects(after) <= _subjects(before)):
        return []
    who = ", ".join(sorted(_subjects(after))) or "nobody"
    return [(Risk.HIGH, "rbac-widened", f"{role} is given to {who}.")]


def _public(before: Manifest, after: Manifest) -> list[_Said]:
    now = _spec(after).get("type")
    if now not in ("LoadBalancer", "NodePort") or _spec(before).get("type") == now:
        return []
    return [(Risk.MEDIUM, "service-public", f"the service becomes {now}, reachable from outside.")]


def _powers(role: Manifest) -> set[str]:
    """The dangerous grants of a role, in words."""
    found: set[str] = set()
    rules = role.get("rules")
    for rule in rules if isinstance(rules, list) else []:
        if not isinstance(rule, dict):
            continue
        verbs, resources = _texts(rule.get("verbs")), _texts(rule.get("resources"))
        groups = _texts(rule.get("apiGroups"))
        found |= {f"the verb {verb}" for verb in verbs & _POWERFUL_VERBS}
        if "*" in resources:
            found.add(f"every resource of {', '.join(sorted(group or 'core' for group in groups))}")
        if "*" in groups and resources - {"*"}:
            found.add(f"{', '.join(sorted(resources))} of every API group")
        if any(url in ("*", "/*") for url in _texts(rule.get("nonResourceURLs"))):
            found.add("every path of the API server that is no resource")
        if "secrets" in resources and verbs & {"get", "list", "watch", "*"}:
            found.add("reading Secrets")
    return found


def _role(binding: Manifest) -> str:
    reference = binding.get("roleRef")
    return str(reference.get("name")) if isinstance(reference, dict) else ""


def _subjects(binding: Manifest) -> set[str]:
    subjects = binding.get("subjects")
    return {
        f"{one.get('kind')} {one.get('namespace', '')}/{one.get('name')}".replace(" /", " ")
        for one in (subjects if isinstance(subjects, list) else [])
        if isinstance(one, dict)
    }


def _network(planned: ObjectPlan, before: Manifest, after: Manifest) -> list[_Said]:
    if planned.action == "delete":
        says = "the policy is deleted; what it shut off is open."
        return [(Risk.HIGH, "network-policy-removed", says)]
    if planned.before is None:
        return []
    old, new = _spec(before), _spec(after)
    lost = _texts(old.get("policyTypes")) - _texts(new.get("policyTypes"))
    found = [f"{kind} is not restricted any more." for kind in sorted(lost)]
    for direction in ("ingress", "egress"):
        was, now = _list(old.get(direction)), _list(new.get(direction))
        if any(rule not in was for rule in now):
            found.append(f"another {direction} rule lets traffic through.")
    if old.get("podSelector") != new.get("podSelector"):
        found.append("it applies to other pods than before.")
    return [(Risk.HIGH, "network-policy-widened", says) for says in found]


def _firewall(before: Manifest, after: Manifest) -> list[_Said]:
    found = []
    old, new = {**_data(before), **annotations_of(before)}, {**_data(after), **annotations_of(after)}
    for key, value in old.items():
        plain = key.rpartition("/")[2]
        if plain in ("enable-modsecurity", "enable-owasp-modsecurity-crs") and _true(value):
            if not _true(new.get(key)):
                found.append(f"{plain} is turned off.")
        elif (was := _ENGINE.findall(str(value))) and was[-1].lower() == "on":
            now = (_ENGINE.findall(str(new.get(key, ""))) or ["Off"])[-1]
            if now.lower() != "on":
                found.append(f"SecRuleEngine goes from On to {now}: the firewall blocks nothing.")
    return [(Risk.HIGH, "waf-off", says) for says in found]


def _audit(before: Manifest, after: Manifest) -> list[_Said]:
    old, new = _data(before), _data(after)
    if _true(new.get("policy-audit-mode")) and not _true(old.get("policy-audit-mode")):
        says = "network policies are only audited, not enforced (policy-audit-mode)."
    elif new.get("enable-policy") == "never" and old.get("enable-policy") != "never":
        says = "network policies are not enforced any more (enable-policy: never)."
    else:
        return []
    return [(Risk.HIGH, "policy-audit", says)]


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _data(manifest: Manifest) -> dict[str, Any]:
    data = manifest.get("data")
    return data if isinstance(data, dict) else {}


def _spec(manifest: Manifest) -> dict[str, Any]:
    spec = manifest.get("spec")
    return spec if isinstance(spec, dict) else {}


def _texts(value: Any) -> set[str]:
    return {str(item) for item in _list(value)}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
