"""Every reader of foreign text, with real inputs and a few hundred mutations of them, the same each time."""

import pytest
from hypothesis import given, settings

from tests.fuzz.checks import CHECKS, Check
from tests.fuzz.mutating import mutations

every_check = pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())


@every_check
def test_what_comes_in_real_life_is_read(check: Check) -> None:
    assert check.seeds
    for seed in check.seeds:
        check.holds(seed)


@every_check
def test_no_mutation_of_it_breaks_the_reader(check: Check) -> None:
    @settings(max_examples=300, deadline=None, derandomize=True, database=None)
    @given(mutations(check.seeds))
    def held(text: str) -> None:
        check.holds(text)

    held()
    assert check.seeds
