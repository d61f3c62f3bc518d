"""What the Dockerfile promises: pinned by digest arguments, not root, nothing secret, no addresses."""

import re
import shutil
import subprocess

import pytest

from tests.image.dockerfile import FILE, ROOT, of, stages, words

BEFORE, HELM, ENVIRONMENT, LAST = stages()


def test_each_base_image_can_be_named_by_its_digest() -> None:
    arguments = {value.partition("=")[0] for value in of(BEFORE, "ARG")}
    for stage in (HELM, ENVIRONMENT, LAST):
        [image] = of(stage, "FROM")
        found = re.match(r"\$\{(\w+)_IMAGE\}\$\{(\w+)_DIGEST:\+@\$\{(\w+)_DIGEST\}\}(?: AS [\w-]+)?$", image)
        assert found is not None
        assert len(set(found.groups())) == 1
        assert {f"{found[1]}_IMAGE", f"{found[1]}_DIGEST"} <= arguments
    defaults = [value.partition("=")[2] for value in of(BEFORE, "ARG") if "_IMAGE=" in value]
    assert [it for it in defaults if it.endswith(":latest") or ":" not in it] == []


def test_it_runs_as_nobody_s_user_by_number_and_without_a_shell() -> None:
    [user] = of(LAST, "USER")
    assert user == "10001:10001"
    assert words(of(LAST, "ENTRYPOINT")[0]) == ["/opt/purser/bin/purser"]
    assert words(of(LAST, "CMD")[0]) == ["serve", "--config", "/etc/purser/purser.yaml"]
    [health] = of(LAST, "HEALTHCHECK")
    assert words(health.partition("CMD ")[2])[0] == "/opt/purser/bin/python"
    order = [name for name, _ in LAST]
    assert order.index("USER") > max(place for place, name in enumerate(order) if name in ("RUN", "COPY"))


def test_nothing_comes_from_an_address_and_nothing_secret_is_inside() -> None:
    every = [it for stage in stages() for it in stage]
    assert [value for name, value in every if name == "ADD"] == []
    assert [value for _, value in every if re.search(r"https?://(?!127\.0\.0\.1)|curl|wget", value)] == []
    given = [value for name, value in every if name in ("ARG", "ENV")]
    assert [it for it in given if re.search(r"token|secret|passw|credential", it, re.IGNORECASE)] == []


def test_the_labels_and_the_ports_say_what_it_is() -> None:
    [labels] = of(LAST, "LABEL")
    for name in ("title", "description", "licenses", "version"):
        assert f"org.opencontainers.image.{name}=" in labels
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert of(LAST, "ARG") == [f"VERSION={version[1]}"]
    assert of(LAST, "EXPOSE") == ["8080 9090"]


def test_what_is_copied_is_there_and_let_through() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for stage in (HELM, ENVIRONMENT, LAST):
        for value in of(stage, "COPY"):
            if value.startswith("--from="):
                continue
            for name in value.split()[:-1]:
                assert (ROOT / name).exists(), name
                assert any(name == it or name.startswith(f"{it}/") for it in allowed), name


def locked(name: str) -> dict[str, str]:
    """Requirement and hashes, by package."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return {
        re.split(r"[=\[; ]", line)[0]: " ".join(line.split())
        for line in text.splitlines()
        if line and not line.startswith(("#", " "))
    }


def test_the_image_has_what_the_tests_ran_with() -> None:
    """Versions and hashes; the markers may differ, as each file says for whom a package is needed."""

    def pins(line: str) -> tuple[str, list[str]]:
        return line.split(maxsplit=1)[0], sorted(re.findall(r"--hash=(\S+)", line))

    whole, image = locked("requirements.lock"), locked("requirements-image.lock")
    assert len(image) > 20
    assert {name: pins(line) for name, line in image.items()} == {
        name: pins(whole.get(name, "absent")) for name in image
    }
    assert all("--hash=" in line for line in image.values())
    assert {"pytest", "mypy", "ruff", "hypothesis"} & set(image) == set()


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="no hadolint on the PATH")
def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(["hadolint", str(FILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
