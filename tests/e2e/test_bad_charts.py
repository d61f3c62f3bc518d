"""Charts that mean harm or are broken: the note says why, and the next merge request is planned as ever."""

import re

import pytest

from tests.e2e.site import Site

pytestmark = pytest.mark.long

TEMPLATE = "charts/web/templates/all.yaml"
LOOP = "{{ range until 9999 }}{{ range until 9999 }}{{ range until 9999 }}{{ end }}{{ end }}{{ end }}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LOOP, "took longer than"),
        (
            "a: {{ repeat 1000000000 `x` }}",
            "MB of memory|took longer than",
        ),  # which limit is met first is the machine's
        (
            "{{ define `again` }}{{ include `again` . }}{{ end }}{{ include `again` . }}",
            "rendering template has a nested reference name",
        ),
        ("{{ .Values.color | nosuchfunction }}", "nosuchfunction"),
        ("kind: ConfigMap\n", "all.yaml"),
    ],
    ids=["loops for ever", "prints 1 GB", "includes itself", "no such function", "no object"],
)
async def test_a_chart_that_cannot_be_planned_is_explained_and_others_go_on(
    site: Site, text: str, said: str
) -> None:
    bad = await site.change("bad", {TEMPLATE: text})
    good = await site.change("good")
    note = await site.planned(bad)
    assert re.search(said, note), note
    assert "This plan has no seal: it would not be deployed." in note
    assert [status.status for status in site.statuses(bad.head)] == ["failed"]
    assert "1 to install" in await site.planned(good)
