"""Bytes kept on disk by key."""

import os
import stat
from pathlib import Path

import pytest

from bot.adapters.content_cache import ContentCache
from bot.adapters.plan_memory import DiskMemory
from bot.core.model import Finding, Level, ObjectRef
from bot.core.release import Hook, Rendered, Renderings

KEYS = [f"{number:064x}" for number in range(100)]
MEGABYTE = 1_000_000


@pytest.fixture
def cache(tmp_path: Path) -> ContentCache:
    return ContentCache(tmp_path / "cache", limit=10 * MEGABYTE)


def only_file(folder: Path) -> Path:
    [file] = [path for path in folder.rglob("*") if path.is_file()]
    return file


def test_what_was_put_is_there_for_the_next_process(cache: ContentCache, tmp_path: Path) -> None:
    cache.put(KEYS[0], b"content")
    assert ContentCache(tmp_path / "cache", limit=MEGABYTE).get(KEYS[0]) == b"content"
    assert cache.get(KEYS[1]) is None
    assert cache.known(KEYS) == {KEYS[0]}


def test_nobody_else_may_read_it(cache: ContentCache, tmp_path: Path) -> None:
    cache.put(KEYS[0], b"content")
    file = only_file(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 200])
def test_a_damaged_entry_is_a_miss_and_goes(cache: ContentCache, tmp_path: Path, damage: bytes) -> None:
    cache.put(KEYS[0], b"content" * 20)
    file = only_file(tmp_path)
    file.write_bytes(damage)
    assert cache.get(KEYS[0]) is None
    assert not file.exists()


def test_a_cut_or_changed_entry_is_a_miss(cache: ContentCache, tmp_path: Path) -> None:
    cache.put(KEYS[0], b"content")
    file = only_file(tmp_path)
    data = file.read_bytes()
    file.write_bytes(data[:-1])
    assert cache.get(KEYS[0]) is None
    file.write_bytes(data[:-1] + b"X")
    assert cache.get(KEYS[0]) is None


def test_an_old_entry_is_a_miss(tmp_path: Path) -> None:
    ContentCache(tmp_path, limit=MEGABYTE).put(KEYS[0], b"content")
    assert ContentCache(tmp_path, limit=MEGABYTE, seconds=0).get(KEYS[0]) is None


def test_it_stays_within_its_bound_and_what_was_used_last_stays(tmp_path: Path) -> None:
    cache = ContentCache(tmp_path, limit=MEGABYTE)
    for age, key in enumerate(KEYS[:9]):
        cache.put(key, bytes(100_000))
        os.utime(tmp_path / key[:2] / key[2:], (1_000 + age, 1_000 + age))
    assert cache.get(KEYS[0]) is not None
    cache.put(KEYS[9], bytes(100_000))
    cache.put(KEYS[10], bytes(100_000))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= MEGABYTE
    assert KEYS[0] in cache.known(KEYS)
    assert KEYS[1] not in cache.known(KEYS)
    assert KEYS[10] in cache.known(KEYS)


def test_a_place_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    cache = ContentCache(tmp_path / "file" / "cache", limit=MEGABYTE)
    cache.put(KEYS[0], b"content")
    assert cache.get(KEYS[0]) is None


def test_a_key_is_no_path(cache: ContentCache) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        cache.get("../../etc/passwd")


async def test_renderings_come_back_as_they_were(tmp_path: Path) -> None:
    hook = Hook({"kind": "Job"}, ("pre-install",), 5, ("before-hook-creation",))
    finding = Finding(Level.WARNING, "unknown-hook", "What?", "That.", ObjectRef("v1", "Pod", "a", "b"))
    first = Rendered(
        "web", "1.0.0", "2", ({"kind": "A", "n": 1.5},), (hook,), ({"kind": "C"},), (finding,), "t"
    )
    for again in (None, Rendered("web", "1.0.0", "2", (), (), ())):
        memory = DiskMemory(tmp_path)
        await memory.keep_renderings(KEYS[0], Renderings(first, again))
        assert await DiskMemory(tmp_path).renderings(KEYS[0]) == Renderings(first, again)
    assert await memory.renderings(KEYS[1]) is None


async def test_renderings_of_another_shape_are_not_known(tmp_path: Path) -> None:
    ContentCache(tmp_path / "renderings", limit=MEGABYTE).put(KEYS[0], b"not zlib")
    assert await DiskMemory(tmp_path).renderings(KEYS[0]) is None


async def test_verdicts_hold_nothing_but_their_key(tmp_path: Path) -> None:
    memory = DiskMemory(tmp_path)
    await memory.keep_standing(KEYS[0])
    assert await memory.standing(KEYS[:2]) == {KEYS[0]}
    assert only_file(tmp_path).stat().st_size == 40
