"""What a deployment says of itself is not decided by what others write into its log."""

from bot.core.deploy.words import after_pipeline, was_refused

OWN = "Refused: the seal no longer holds, so nothing was touched. What moved:"
QUOTED = "    | Refused: the seal no longer holds, so nothing was touched."


def test_a_refusal_is_known_by_purser_s_own_line_alone() -> None:
    assert was_refused(f"something\n{OWN}\n  it moved")
    assert not was_refused(f"something\n{QUOTED}")
    assert not was_refused("  web: the seal no longer holds")


def test_the_advice_is_not_another_one_because_a_container_s_log_says_so() -> None:
    assert "Something moved" in after_pipeline("failed", "purser-apply", OWN)
    assert "which release failed" in after_pipeline("failed", "purser-apply", QUOTED)
