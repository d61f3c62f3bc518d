"""Port Forge: the one issue about something that comes and goes."""

from tests.contracts.gitlab_setting import PATH, setting

MARK = "<!-- m -->"


async def test_an_issue_is_opened_edited_closed_and_opened_again() -> None:
    async with setting() as at:
        assert await at.forge.issue(PATH, MARK) is None
        url = await at.forge.put_issue(PATH, MARK, "Drift", "one", opened=True)
        [made] = at.project.issues.values()
        assert (made.title, made.state, made.description) == ("Drift", "opened", f"{MARK}\n\none")
        assert await at.forge.put_issue(PATH, MARK, "Drift", "gone", opened=False) == url
        found = await at.forge.issue(PATH, MARK)
        assert found is not None
        assert (found.iid, found.opened, found.body) == (made.iid, False, f"{MARK}\n\ngone")
        assert await at.forge.put_issue(PATH, MARK, "Drift", "two", opened=True) == url
        assert (made.state, made.description) == ("opened", f"{MARK}\n\ntwo")
        assert list(at.project.issues.values()) == [made]


async def test_what_is_so_already_is_not_sent_again() -> None:
    async with setting() as at:
        await at.forge.put_issue(PATH, MARK, "Drift", "one", opened=True)
        await at.forge.put_issue(PATH, MARK, "Drift", "one", opened=True)
        assert at.sent("PUT") == []


async def test_no_issue_is_made_to_be_closed() -> None:
    async with setting() as at:
        assert await at.forge.put_issue(PATH, MARK, "Drift", "gone", opened=False) == ""
        assert at.project.issues == {}


async def test_somebody_elses_issue_is_not_ours() -> None:
    async with setting() as at:
        await at.forge.put_issue(PATH, MARK, "Drift", "one", opened=True)
        [theirs] = at.project.issues.values()
        theirs.author = at.ada
        assert await at.forge.issue(PATH, MARK) is None
        await at.forge.put_issue(PATH, MARK, "Drift", "two", opened=True)
        assert theirs.description == f"{MARK}\n\none"


async def test_a_lost_answer_makes_no_second_issue() -> None:
    async with setting() as at:
        at.lose_answers("POST", "/issues")
        await at.forge.put_issue(PATH, MARK, "Drift", "one", opened=True)
        assert len(at.project.issues) == 1
