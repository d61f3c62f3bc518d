"""What Chart.yaml and the files beside it say about a chart."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.core.errors import AuthorError, Where
from bot.core.manifest import load
from bot.core.values import described

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,249}")
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,127}")
_ARCHIVE: Final = re.compile(r"(?P<name>.+?)-v?[0-9]+\.[0-9]+.*\.tgz")


@dataclass(frozen=True, slots=True)
class Dependency:
    """A chart that another one needs. `locked` is the version in Chart.lock; empty where there is none."""

    name: str
    version: str
    repository: str
    locked: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """A chart's own words about itself."""

    name: str
    version: str
    dependencies: tuple[Dependency, ...]


def read_metadata(files: Mapping[str, bytes], where: str) -> Metadata:
    """From the files of a chart by their path in it: Chart.yaml and its lock, or those of the older format.

    `where` is the chart's place in messages. Raises AuthorError (`chart-invalid`).
    """
    if "Chart.yaml" not in files:
        raise invalid("There is no Chart.yaml, so this is no chart.", where)
    chart = _mapping(files, "Chart.yaml", where)
    api_version = chart.get("apiVersion")
    if api_version not in ("v1", "v2"):
        raise invalid(f"`apiVersion` is v1 or v2, not {described(api_version)}.", f"{where}/Chart.yaml")
    name, version = _word(chart, "name", _NAME, where), _word(chart, "version", _VERSION, where)
    declared = chart if api_version == "v2" else _mapping(files, "requirements.yaml", where)
    lock = _mapping(files, "Chart.lock" if api_version == "v2" else "requirements.lock", where)
    locked = {
        str(one.get("name")): str(one.get("version", "")) for one in _listed(lock, f"{where}/Chart.lock")
    }
    dependencies = tuple(
        Dependency(
            _word(one, "name", _NAME, where),
            str(one.get("version") or ""),
            str(one.get("repository") or ""),
            locked.get(str(one.get("name")), ""),
        )
        for one in _listed(declared, f"{where}/Chart.yaml")
    )
    return Metadata(name, version, dependencies)


def packed_names(files: Mapping[str, bytes], where: str) -> frozenset[str]:
    """The names of the charts that lie in `charts/`, unpacked or as archives."""
    names = set()
    for path, data in files.items():
        match path.split("/"):
            case ["charts", directory, "Chart.yaml"]:
                chart = _mapping({"Chart.yaml": data}, "Chart.yaml", f"{where}/charts/{directory}")
                names.add(str(chart.get("name") or directory))
            case ["charts", archive] if found := _ARCHIVE.fullmatch(archive):
                names.add(found["name"])
    return frozenset(names)


def missing_dependencies(metadata: Metadata, files: Mapping[str, bytes], where: str) -> list[Dependency]:
    """Those that are declared but do not lie in `charts/`. Helm needs them all, even the disabled."""
    packed = packed_names(files, where)
    return [one for one in metadata.dependencies if one.name not in packed]


def invalid(what: str, where: str) -> AuthorError:
    """A chart that is none."""
    return AuthorError(what, where=Where(where), code="chart-invalid")


def _mapping(files: Mapping[str, bytes], name: str, where: str) -> dict[str, Any]:
    place = Where(f"{where}/{name}")
    if name not in files:
        return {}
    try:
        value = load(files[name].decode(), where=place)
    except UnicodeDecodeError:
        raise invalid("This file is not UTF-8 text.", str(place)) from None
    except AuthorError as error:
        raise AuthorError(error.what, where=error.where, fix=error.fix, code="chart-invalid") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"This file holds {described(value)} instead of a mapping.", str(place))
    return value


def _listed(value: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    found = value.get("dependencies") or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise invalid("`dependencies` is a list of mappings.", where)
    return found


def _word(value: Mapping[str, Any], key: str, shape: re.Pattern[str], where: str) -> str:
    word = value.get(key)
    if not isinstance(word, str) or not shape.fullmatch(word):
        raise invalid(f"`{key}` of a chart cannot be {described(word)}.", f"{where}/Chart.yaml")
    return word
