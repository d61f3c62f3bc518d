"""What one API server answered, kept for minutes and not for longer."""

from bot.adapters.cluster.recall import SECONDS, Recall

ANSWER = {"kind": "ConfigMap", "data": {"level": "info"}}


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_was_kept_is_given_again_as_a_copy_until_its_time_is_over() -> None:
    clock = _Clock()
    recall = Recall(clock)
    recall.put("a", ANSWER)
    recall.get("a")["data"].clear()
    clock.now += SECONDS - 1
    assert recall.get("a") == ANSWER
    clock.now += 1
    assert recall.get("a") is None


def test_states_that_nobody_asks_for_again_are_not_held_for_longer_than_they_may_be_given() -> None:
    clock = _Clock()
    recall, most = Recall(clock), 0
    for revision in range(10_000):
        recall.put(("record", revision), ANSWER)
        clock.now += 1
        most = max(most, recall.entries)
    assert SECONDS <= most < SECONDS * 1.5


def test_an_answer_that_is_used_again_and_again_goes_with_its_time_all_the_same() -> None:
    clock = _Clock()
    recall = Recall(clock)
    recall.put("used", ANSWER)
    for _ in range(int(SECONDS) - 1):
        clock.now += 1
        assert recall.get("used") == ANSWER
    clock.now += 1
    recall.put("other", ANSWER)
    assert recall.entries == 1


def test_many_small_answers_are_bounded_with_what_their_keys_take() -> None:
    recall = Recall(_Clock(), limit=100 * 1024)
    for number in range(10_000):
        recall.put(number, None)
    assert recall.entries < 100
    assert recall.get(9_999) is None
    recall.put("newest", ANSWER)
    assert recall.get("newest") == ANSWER
