"""Renderings known by their texts."""

from bot.core.texts import recorded_texts, texts_digest

RECORD = {
    "manifest": "---\n# Source: c/templates/a.yaml\nkind: A\ntext: |\n  x\n\n\n"
    "---\n# Source: c/templates/b.yaml\n# only words\n",
    "hooks": [{"path": "c/templates/h.yaml", "manifest": "kind: H"}],
}
TEXTS = [
    ("c/templates/h.yaml", "kind: H"),
    ("c/templates/b.yaml", "# only words"),
    ("c/templates/a.yaml", "kind: A\ntext: |\n  x\n\n"),
]


def test_a_record_gives_back_the_texts_that_helm_was_given() -> None:
    assert sorted(recorded_texts(RECORD)) == sorted(TEXTS)


def test_the_order_of_documents_makes_no_difference() -> None:
    assert texts_digest(TEXTS) == texts_digest(reversed(TEXTS)) == texts_digest(recorded_texts(RECORD))


def test_a_line_break_more_is_another_text_where_yaml_keeps_it() -> None:
    path, text = TEXTS[2]
    assert texts_digest([*TEXTS[:2], (path, text + "\n")]) == texts_digest(TEXTS)
    for style in ("|+", ">+", "|2+"):
        kept = text.replace("|", style)
        assert texts_digest([(path, kept + "\n")]) != texts_digest([(path, kept)])


def test_the_same_text_elsewhere_is_another_text() -> None:
    assert texts_digest([("a", "bc")]) != texts_digest([("ab", "c")])


def test_a_document_twice_is_not_a_document_once() -> None:
    assert texts_digest([*TEXTS, TEXTS[0]]) != texts_digest(TEXTS)


def test_a_manifest_of_another_program_gives_no_texts() -> None:
    assert list(recorded_texts({"manifest": "kind: A\n---\nkind: B\n"})) == []
    assert list(recorded_texts({})) == []
