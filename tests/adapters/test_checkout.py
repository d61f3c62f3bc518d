"""A checkout on this disk gives its own files and nothing else."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from bot.adapters.checkout import MAX_TEXT, DirectoryCheckout, head_of
from bot.core.errors import AuthorError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").write_text("secret")
    inner = tmp_path / "checkout"
    (inner / "dir").mkdir(parents=True)
    (inner / ".git").mkdir()
    (inner / ".git" / "config").write_text("[core]")
    (inner / "a.yaml").write_text("a: ü")
    return inner


def test_text_and_names_are_the_files_own(root: Path) -> None:
    checkout = DirectoryCheckout(str(root), "abc")
    assert checkout.text("a.yaml") == "a: ü"
    assert checkout.text("./dir/../a.yaml".replace("dir/../", "")) == "a: ü"
    assert checkout.names(".") == ("a.yaml", "dir")
    assert checkout.names("dir") == ()
    assert checkout.head == "abc"


@pytest.mark.parametrize("path", ["gone.yaml", "dir/gone.yaml", "a.yaml/x"])
def test_what_is_not_there_is_none(root: Path, path: str) -> None:
    assert DirectoryCheckout(str(root)).text(path) is None
    assert DirectoryCheckout(str(root)).names(path) == ()


def test_a_byte_order_mark_is_no_text(root: Path) -> None:
    (root / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    assert DirectoryCheckout(str(root)).text("bom.yaml") == "a: 1"


@pytest.mark.parametrize(
    "path",
    ["../outside", "/etc/passwd", "dir/../../outside", "dir\\x", "a\0b", ".git/config", "dir/../.git/config"],
)
def test_a_path_that_leaves_is_refused(root: Path, path: str) -> None:
    checkout = DirectoryCheckout(str(root))
    for ask in (checkout.text, checkout.names):
        with pytest.raises(AuthorError) as caught:
            ask(path)
        assert caught.value.code == "path-escape"


@pytest.mark.parametrize("to", ["/etc/passwd", "../outside", "../checkout/../outside", ".git/config"])
def test_a_symlink_that_leads_out_is_refused(root: Path, to: str) -> None:
    (root / "link").symlink_to(to)
    with pytest.raises(AuthorError) as caught:
        DirectoryCheckout(str(root)).text("link")
    assert caught.value.code == "path-escape"
    assert str(caught.value).startswith("link: ")


def test_a_symlinked_directory_that_leads_out_is_refused_on_the_way(root: Path) -> None:
    (root / "up").symlink_to("..")
    with pytest.raises(AuthorError, match="leads out of the checkout"):
        DirectoryCheckout(str(root)).text("up/outside")
    with pytest.raises(AuthorError, match="leads out of the checkout"):
        DirectoryCheckout(str(root)).names("up")


def test_a_symlink_that_stays_inside_is_followed(root: Path) -> None:
    (root / "dir" / "link").symlink_to("../a.yaml")
    (root / "same").symlink_to(root)
    checkout = DirectoryCheckout(str(root))
    assert checkout.text("dir/link") == "a: ü"
    assert checkout.text("same/a.yaml") == "a: ü"


def test_a_checkout_may_itself_be_reached_by_a_symlink(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    assert DirectoryCheckout(str(tmp_path / "alias")).text("a.yaml") == "a: ü"


def test_pipes_sockets_directories_and_loops_are_no_files(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(os.path.relpath(root / "socket"))
        for name in ("pipe", "socket", "dir", "loop"):
            with pytest.raises(AuthorError) as caught:
                DirectoryCheckout(str(root)).text(name)
            assert caught.value.code == "not-a-file", name


def test_a_file_over_the_limit_and_one_that_is_not_text_are_refused(root: Path) -> None:
    (root / "large").write_bytes(b"a" * (MAX_TEXT + 1))
    (root / "latin").write_bytes(b"a: \xfc")
    for name, code in (("large", "too-large"), ("latin", "not-text")):
        with pytest.raises(AuthorError) as caught:
            DirectoryCheckout(str(root)).text(name)
        assert caught.value.code == code
        assert caught.value.fix


def test_the_head_is_the_commit_that_is_checked_out(tmp_path: Path) -> None:
    assert head_of(str(tmp_path / "gone")) is None
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    for arguments in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    head = head_of(str(tmp_path))
    assert head is not None
    assert len(head) == 40
