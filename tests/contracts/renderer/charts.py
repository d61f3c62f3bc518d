"""Small charts, written as a test wants them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from bot.core.release import LocalChart

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n{data}"


def head(name: str = "demo", version: str = "1.2.3", rest: str = "") -> str:
    """A Chart.yaml."""
    return f"apiVersion: v2\nname: {name}\nversion: {version}\n{rest}"


def config_map(name: str, **data: str) -> str:
    """A ConfigMap whose entries are template text, indented as it has to be."""
    return CONFIG_MAP.format(name=name, data="".join(f"  {key}: {text}\n" for key, text in data.items()))


def of_kind(kind: str, name: str, api_version: str = "v1", annotations: str = "") -> str:
    """An object that is nothing but its head."""
    marks = f"\n  annotations:\n{annotations}" if annotations else ""
    return f"apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}{marks}\n"


def hook(name: str, events: str, *, kind: str = "Job", weight: str = "", policy: str = "") -> str:
    """A hook object."""
    marks = [f'    "helm.sh/hook": {events}']
    if weight:
        marks.append(f'    "helm.sh/hook-weight": {weight}')
    if policy:
        marks.append(f'    "helm.sh/hook-delete-policy": {policy}')
    return of_kind(kind, name, "batch/v1" if kind == "Job" else "v1", "\n".join(marks))


def write(root: Path, files: Mapping[str, str], name: str = "demo") -> LocalChart:
    """The chart as a directory below `root`, with a Chart.yaml where `files` bring none."""
    folder = root / name
    for path, text in {"Chart.yaml": head(name), **files}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
    return LocalChart(str(folder), f"sha256:{digest}", name, "1.2.3")
