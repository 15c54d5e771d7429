"""A bundle has the files of its workflow and nothing else, whatever lies on the disk where it is read."""

from __future__ import annotations

import pickle
import stat
from pathlib import Path

import pytest

from runflow.language.bundle import Bundle
from runflow.language.files import FileRefused, Files


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """Of `flow.yaml` and `real/data.txt`, which was read through a link; `other.txt` was read by another. Its home is gone."""
    (tmp_path / "real").mkdir()
    for name in ("flow.yaml", "real/data.txt", "other.txt"):
        (tmp_path / name).write_text(f"content of {name}", encoding="utf-8")
    (tmp_path / "link").symlink_to("real")
    files = Files(tmp_path)
    with files.noting() as noted:
        files.read("flow.yaml", tmp_path)
        files.read("../link/data.txt", tmp_path / "real")
    files.read("other.txt", tmp_path)
    sent = pickle.dumps(Bundle(files, frozenset(noted)))
    for path in (tmp_path / "flow.yaml", tmp_path / "real" / "data.txt", tmp_path / "other.txt", tmp_path / "link"):
        path.unlink()
    return pickle.loads(sent)  # type: ignore[no-any-return]  # what it was


def test_what_was_read_is_there_by_each_name_under_which_it_was_read(bundle: Bundle, tmp_path: Path) -> None:
    assert bundle.read("flow.yaml", tmp_path) == b"content of flow.yaml"
    assert bundle.read("../link/data.txt", tmp_path / "real") == b"content of real/data.txt"
    assert bundle.read("data.txt", tmp_path / "link") == b"content of real/data.txt"
    assert bundle.resolve("link/data.txt", tmp_path) == tmp_path / "real" / "data.txt"


def test_what_the_workflow_did_not_name_is_not_there_even_if_the_disk_has_it(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("of the worker", encoding="utf-8")
    for name in ("other.txt", "new.txt", "none.txt"):
        with pytest.raises(FileRefused, match=f"{name} was not sent with the workflow"):
            bundle.read(name, tmp_path)


def test_the_file_root_holds(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="is outside the file root"):
        bundle.read("../../etc/passwd", tmp_path)


def test_what_others_must_read_is_written_for_this_user_alone(bundle: Bundle, tmp_path: Path) -> None:
    path = Path(bundle.on_disk("flow.yaml", tmp_path, private=True))
    assert path.read_bytes() == b"content of flow.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert bundle.on_disk("flow.yaml", tmp_path) == str(path)
