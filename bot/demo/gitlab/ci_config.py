"""Reads a `.gitlab-ci.yml`: an honest subset. What it does not know it refuses by name."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.demo.gitlab.ci_rules import CiError, Verdict, decide, first_rule

Read = Callable[[str], Awaitable[bytes | None]]
STAGES = [".pre", "build", "test", "deploy", ".post"]
_GLOBAL = {"stages", "variables", "workflow", "include", "default"}
_DONE = {"stage", "script", "before_script", "after_script", "variables", "rules", "only", "except", "when"}
_DONE |= {"allow_failure", "environment", "resource_group", "artifacts", "needs", "extends", "timeout"}
_WITHOUT_EFFECT = {
    "image",
    "services",
    "tags",
    "cache",
    "interruptible",
    "coverage",
    "id_tokens",
    "retry",
    "inherit",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
}
_INPUT = re.compile(r"\$\[\[\s*inputs\.([\w-]+)\s*\]\]")


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job as its part of the CI file has it, after `extends`, `default` and the rules."""

    name: str
    stage: str
    script: tuple[str, ...]
    after_script: tuple[str, ...]
    variables: Mapping[str, str]
    when: str
    allow_failure: bool
    allowed_exit_codes: frozenset[int]
    environment: str | None
    environment_url: str | None
    resource_group: str | None
    artifacts: tuple[str, ...]
    artifacts_when: str
    needs: tuple[str, ...] | None
    timeout: float | None


@dataclass(slots=True)
class CiConfig:
    """The file with its includes put in and inputs filled in."""

    tree: dict[str, Any]
    stages: list[str] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        return _variables(self.tree.get("variables"))

    def wanted(self, variables: Mapping[str, str]) -> Verdict:
        """Whether `workflow: rules` let a pipeline with these variables be made."""
        workflow = self.tree.get("workflow") or {}
        return (
            first_rule(workflow["rules"], variables, "always") if "rules" in workflow else Verdict("always")
        )

    def name(self) -> str | None:
        return (self.tree.get("workflow") or {}).get("name")

    def jobs(self, variables: Mapping[str, str]) -> list[JobSpec]:
        """The jobs that take part in a pipeline with these variables, by stage."""
        found = []
        for name in self.tree:
            if name in _GLOBAL or name.startswith("."):
                continue
            spec = self._job(name, variables)
            if spec is not None:
                found.append(spec)
        return sorted(found, key=lambda job: self.stages.index(job.stage))

    def _merged(self, name: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
        own = self.tree.get(name)
        if not isinstance(own, dict):
            raise CiError(f"jobs:{name} config should be a hash")
        if name in seen:
            raise CiError(f"{name}: circular dependency detected in `extends`")
        merged: dict[str, Any] = {}
        parents = own.get("extends", [])
        for parent in [parents] if isinstance(parents, str) else parents:
            if parent not in self.tree:
                raise CiError(f"{name}: unknown keys in `extends` ({parent})")
            merged = _deep(merged, self._merged(parent, (*seen, name)))
        return _deep(merged, {k: v for k, v in own.items() if k != "extends"})

    def _job(self, name: str, variables: Mapping[str, str]) -> JobSpec | None:
        job = {**(self.tree.get("default") or {}), **self._merged(name)}
        if unknown := set(job) - _DONE - _WITHOUT_EFFECT:
            raise CiError(f"jobs:{name}: this look-alike does not know {', '.join(sorted(unknown))}")
        if "script" not in job:
            raise CiError(f"jobs:{name} config should implement the script:, run:, or trigger: keyword")
        stage = job.get("stage", "test")
        if stage not in self.stages:
            raise CiError(
                f"{name} job: chosen stage {stage} does not exist; available stages are {self.stages}"
            )
        own = _variables(job.get("variables"))
        verdict = decide(job, {**variables, **own})
        if verdict.when == "never":
            return None
        return _spec(name, stage, job, {**own, **(verdict.variables or {})}, verdict)


def _spec(name: str, stage: str, job: dict[str, Any], own: Mapping[str, str], verdict: Verdict) -> JobSpec:
    allowed = job.get("allow_failure")
    codes = allowed.get("exit_codes", []) if isinstance(allowed, dict) else []
    # A manual job blocks its pipeline only where `rules` made it manual.
    default = verdict.when == "manual" and "rules" not in job
    if verdict.allow_failure is not None:
        allowed = verdict.allow_failure
    environment = job.get("environment")
    place = environment if isinstance(environment, dict) else {"name": environment}
    artifacts, needs = job.get("artifacts") or {}, job.get("needs")
    return JobSpec(
        name=name,
        stage=stage,
        script=(*_lines(job.get("before_script")), *_lines(job["script"])),
        after_script=_lines(job.get("after_script")),
        variables=own,
        when=verdict.when,
        allow_failure=default if allowed is None or isinstance(allowed, dict) else bool(allowed),
        allowed_exit_codes=frozenset([codes] if isinstance(codes, int) else codes),
        environment=place.get("name"),
        environment_url=place.get("url"),
        resource_group=job.get("resource_group"),
        artifacts=tuple(artifacts.get("paths", [])),
        artifacts_when=artifacts.get("when", "on_success"),
        needs=None if needs is None else tuple(n["job"] if isinstance(n, dict) else n for n in needs),
        timeout=_seconds(job.get("timeout")),
    )


async def load(read: Read, path: str, inputs: Mapping[str, Any]) -> CiConfig | None:
    """The CI file at `path`, None where there is none. CiError says what is wrong with it or with the
    inputs.
    """
    raw = await read(path)
    if raw is None:
        return None
    header, tree = _documents(raw, path)
    declared = ((header or {}).get("spec") or {}).get("inputs") or {}
    tree = _fill(tree, _inputs(declared, inputs))
    tree = await _included(read, tree)
    stages = tree.get("stages") or STAGES[1:-1]
    return CiConfig(tree, [".pre", *[s for s in stages if s not in (".pre", ".post")], ".post"])


def _documents(raw: bytes, path: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    try:
        documents = list(yaml.safe_load_all(raw))
    except yaml.YAMLError as error:
        raise CiError(f"{path}: Invalid configuration format: {error}") from None
    header = documents.pop(0) if len(documents) > 1 else None
    tree = documents[0] if documents else None
    if not isinstance(tree, dict):
        raise CiError(f"{path}: Invalid configuration format")
    return header, tree


async def _included(read: Read, tree: dict[str, Any]) -> dict[str, Any]:
    """Files of `include: local` first, the including file over them."""
    given = tree.get("include") or []
    merged: dict[str, Any] = {}
    for entry in given if isinstance(given, list) else [given]:
        local = entry if isinstance(entry, str) else entry.get("local")
        if local is None:
            raise CiError(f"include: this look-alike knows only local files, not {entry}")
        inner = await load(
            read, str(local).lstrip("/"), {} if isinstance(entry, str) else entry.get("inputs") or {}
        )
        if inner is None:
            raise CiError(f"Local file `{local}` does not exist!")
        merged = _deep(merged, inner.tree)
    return _deep(merged, {k: v for k, v in tree.items() if k != "include"})


def _inputs(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(given) - set(declared)):
        raise CiError(
            f"Given inputs not defined in the `spec` section of the included configuration file: {unknown}"
        )
    values = {}
    for name, given_rules in declared.items():
        rules = given_rules or {}
        if name not in given and "default" not in rules:
            raise CiError(f"`{name}` input: required value has not been provided")
        value = given.get(name, rules.get("default"))
        kind = rules.get("type", "string")
        if not isinstance(value, _TYPES[kind]) or (kind == "number" and isinstance(value, bool)):
            raise CiError(f"`{name}` input: provided value is not a {kind}")
        if "options" in rules and value not in rules["options"]:
            raise CiError(
                f"`{name}` input: `{value}` cannot be used because it is not in the list of allowed options"
            )
        if "regex" in rules and not re.search(rules["regex"], str(value)):
            raise CiError(f"`{name}` input: provided value does not match required RegEx pattern")
        values[name] = value
    return values


def _fill(node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        return {_fill(k, values): _fill(v, values) for k, v in node.items()}
    if isinstance(node, list):
        return [_fill(item, values) for item in node]
    if not isinstance(node, str) or "$[[" not in node:
        return node
    whole = _INPUT.fullmatch(node.strip())
    if whole and whole[1] in values:
        return values[whole[1]]
    filled = _INPUT.sub(lambda m: _text(values[m[1]]) if m[1] in values else m[0], node)
    if "$[[" in filled:
        raise CiError(f"unknown interpolation key in: {node}")
    return filled


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _deep(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _deep(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _variables(given: Any) -> dict[str, str]:
    plain = {k: v.get("value", "") if isinstance(v, dict) else v for k, v in (given or {}).items()}
    return {str(k): _text(v) for k, v in plain.items()}


def _lines(given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    flat: list[str] = []
    for entry in given if isinstance(given, list) else [given]:
        flat += entry if isinstance(entry, list) else [str(entry)]
    return tuple(flat)


def _seconds(given: Any) -> float | None:
    """GitLab's durations: "90 seconds", "10m", "1h 30m", "3 minutes"."""
    if given is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600}
    return float(sum(int(n) * units[u[0]] for n, u in re.findall(r"(\d+)\s*([smh])", str(given))))
