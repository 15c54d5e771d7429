"""Nothing outside the file root is read, by any way of naming it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runflow.language.files import FileRefused, Files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "root" / "a.txt").write_text("a")
    (tmp_path / "secret.txt").write_text("s")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "root" / "loop").symlink_to(tmp_path / "root" / "loop")
    os.mkfifo(tmp_path / "root" / "pipe")
    return tmp_path / "root"


def test_a_file_below_the_root_is_read_once(root: Path) -> None:
    files = Files(root)
    assert files.read("a.txt", root) == b"a"
    (root / "a.txt").write_text("changed")
    assert files.read("../a.txt", root / "sub") == b"a"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../secret.txt", "outside the file root"), ("/etc/passwd", "outside the file root"), ("link", "outside the file root"),
        ("sub/../../secret.txt", "outside the file root"), ("sub", "is a folder"), ("pipe", "not a regular file"), ("nope.txt", "there is no file"),
        ("", "the file name is empty"), ("a\0b", "NUL"), ("loop", ""), ("a.txt/b", ""), ("nofolder/x", "there is no file"), ("x" * 5000, ""),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_reason(root: Path, name: str, message: str) -> None:
    with pytest.raises(FileRefused) as caught:
        Files(root).read(name, root)
    assert message in caught.value.message


def test_an_unreadable_or_huge_file_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runflow.language.files.MAX_FILE_BYTES", 0)
    with pytest.raises(FileRefused, match="at most 0"):
        Files(root).read("a.txt", root)
