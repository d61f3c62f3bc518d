"""Where the programs of a real cluster are kept, and how each of them is made.

The versions are the ones in `build/*/go.mod`. Built programs live outside the checkout, in a folder
named after everything that shapes them, so a changed version never meets an old program.
"""

import hashlib
import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "build"


def _pinned(module: str, dependency: str) -> str:
    """The version of `dependency`, such as v1.36.3, that the go.mod of `module` names."""
    text = (MODULES / module / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^(?:require )?\s*{re.escape(dependency)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"tests/cluster/build/{module}/go.mod does not require {dependency}")
    return found[1]


HELM_VERSION = _pinned("helm", "helm.sh/helm/v4")
KUBERNETES_VERSION = _pinned("kubernetes", "k8s.io/kubernetes")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One program: the Go module under `build/` that pins it, its package, and what the linker sets."""

    name: str
    module: str
    package: str
    variables: tuple[str, ...] = ()


# The API server tells clients the version the linker wrote; unset, it would call itself v0.0.0.
_KUBERNETES_VARIABLES = (
    f"k8s.io/component-base/version.gitVersion={KUBERNETES_VERSION}",
    f"k8s.io/component-base/version.gitMajor={KUBERNETES_VERSION.lstrip('v').split('.')[0]}",
    f"k8s.io/component-base/version.gitMinor={KUBERNETES_VERSION.split('.')[1]}",
)

# In the order of the time they take, so that the quick ones are there first.
RECIPES = (
    Recipe("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    Recipe(
        "helm",
        "helm",
        "helm.sh/helm/v4/cmd/helm",
        (f"helm.sh/helm/v4/internal/version.version={HELM_VERSION}",),
    ),
    Recipe("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", _KUBERNETES_VARIABLES),
    Recipe(
        "kube-controller-manager",
        "kubernetes",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        _KUBERNETES_VARIABLES,
    ),
)


def tools_dir() -> Path:
    """The folder of the built programs, whether or not it exists yet.

    It is `<root>/<key>/bin`, where the root is $PURSER_TOOLS, or `purser/tools` in the user's cache folder,
    and the key stands for the pinned versions, the way of building, and the kind of machine.
    """
    return _root() / _key() / "bin"


def find(name: str) -> Path | None:
    """The program `name` (one of RECIPES), or None when it is not built."""
    program = tools_dir() / name
    return program if os.access(program, os.X_OK) else None


def helmfile() -> Path | None:
    """The helmfile program that $PURSER_HELMFILE names, or helmfile-1.7.4/helmfile beside the built ones.

    Nothing here builds it: that takes eight minutes of computing.
    """
    named = Path(os.environ.get("PURSER_HELMFILE") or _root() / "helmfile-1.7.4" / "helmfile")
    return named if os.access(named, os.X_OK) else None


def kubectl() -> Path | None:
    """The kubectl that $PURSER_KUBECTL names, or kubectl-1.36.3/kubectl beside the built ones, or the PATH's.

    Nothing here builds it; `go build k8s.io/kubernetes/cmd/kubectl` takes four minutes.
    """
    beside = _root() / f"kubectl-{KUBERNETES_VERSION.lstrip('v')}" / "kubectl"
    named = os.environ.get("PURSER_KUBECTL") or (
        beside if os.access(beside, os.X_OK) else shutil.which("kubectl")
    )
    return Path(named) if named and os.access(named, os.X_OK) else None


def missing() -> tuple[str, ...]:
    """The names of the programs that are not built yet."""
    return tuple(recipe.name for recipe in RECIPES if find(recipe.name) is None)


def _root() -> Path:
    if chosen := os.environ.get("PURSER_TOOLS"):
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "purser" / "tools"


def _key() -> str:
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()} {RECIPES}".encode())
    for module in sorted({recipe.module for recipe in RECIPES}):
        for name in ("go.mod", "go.sum"):
            digest.update((MODULES / module / name).read_bytes())
    return digest.hexdigest()[:16]
