"""A rendering is known again by its texts, whichever engine makes it."""

import pytest

from bot.core.texts import texts_digest
from tests.contracts.renderer.conftest import Render

FILES = {
    "templates/b.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: b}
data: {n: {{ .Values.n | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
""",
    "templates/hook.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: h, annotations: {helm.sh/hook: pre-install}}
""",
    "templates/NOTES.txt": "Thanks.",
    "crds/crd.yaml": "# nothing",
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_same_texts_have_the_same_digest(render: Render) -> None:
    first = await render(FILES, values={"n": "1"})
    again = await render(FILES, values={"n": "1"})
    other = await render(FILES, values={"n": "2"})
    assert first.texts == again.texts != ""
    assert other.texts != first.texts


async def test_both_engines_give_one_digest(render: Render) -> None:
    made = await render(FILES, values={"n": "1"})
    config = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {n: "1"}'
    hook = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: h, annotations: {helm.sh/hook: pre-install}}"
    assert made.texts == texts_digest(
        [
            ("demo/templates/b.yaml", config),
            ("demo/templates/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}"),
            ("demo/templates/hook.yaml", hook),
        ]
    )


async def test_texts_that_stand_are_not_parsed(render: Render) -> None:
    first = await render(FILES, values={"n": "1"})
    stands = await render(FILES, values={"n": "1"}, stands=first.texts)
    assert (stands.texts, stands.objects, stands.hooks) == (first.texts, (), ())
    other = await render(FILES, values={"n": "2"}, stands=first.texts)
    assert len(other.objects) == 2
