"""Rehearsals as coroutines: each thing to find out is its own small generator, and they ask together."""

from collections.abc import Generator, Sequence
from typing import TypeAlias, TypeVar

from bot.core.question import Answer, Question

T = TypeVar("T")

Asking: TypeAlias = Generator[list[Question], list[Answer], T]
"""Yields batches of questions, is sent one answer per question, and returns what it found out."""


def ask(question: Question) -> Asking[Answer]:
    """One question, alone."""
    answers = yield [question]
    return answers[0]


def answered(value: T) -> Asking[T]:
    """Something known without asking."""
    return value
    yield []


def together(many: Sequence[Asking[T]]) -> Asking[list[T]]:
    """Runs all of them side by side: what they ask at the same time goes out as one batch."""
    results: dict[int, T] = {}
    waiting: dict[int, list[Question]] = {}
    for index, one in enumerate(many):
        _advance(one, None, index, waiting, results)
    while waiting:
        turn = list(waiting.items())
        answers = yield [question for _, questions in turn for question in questions]
        taken = 0
        for index, questions in turn:
            share = answers[taken : taken + len(questions)]
            taken += len(questions)
            del waiting[index]
            _advance(many[index], share, index, waiting, results)
    return [results[index] for index in range(len(many))]


def _advance(
    one: Asking[T],
    answers: list[Answer] | None,
    index: int,
    waiting: dict[int, list[Question]],
    results: dict[int, T],
) -> None:
    try:
        questions = next(one) if answers is None else one.send(answers)
        while not questions:
            questions = one.send([])
    except StopIteration as end:
        results[index] = end.value
    else:
        waiting[index] = questions
