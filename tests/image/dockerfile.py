"""The Dockerfile, read with dockerfile-parse, one list of instructions for each stage."""

import json
from pathlib import Path

from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[2]
FILE = ROOT / "Dockerfile"
Stage = list[tuple[str, str]]


def stages() -> list[Stage]:
    """Instruction and value, in order; what stands before the first FROM is its own first list."""
    found: list[Stage] = [[]]
    with FILE.open("rb") as file:
        for it in DockerfileParser(fileobj=file).structure:
            if it["instruction"] == "COMMENT":
                continue
            if it["instruction"] == "FROM":
                found.append([])
            found[-1].append((it["instruction"], it["value"]))
    return found


def of(stage: Stage, instruction: str) -> list[str]:
    """The values of that instruction."""
    return [value for name, value in stage if name == instruction]


def words(value: str) -> list[str]:
    """An instruction in exec form, `["a", "b"]`; ValueError for any other."""
    found: list[str] = json.loads(value)
    return found
