from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.files import durable_write, open_program, safe_name, save_program
from smeaton.runtime.program import PROGRAM_FILE, Program, Step

PROGRAM = Program(
    inputs=("x",), steps=(Step(op="onnx", inputs=("x",), outputs=("y",), files=("deep/a.bin",)),), outputs=("y",)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/a.bin").write_bytes(b"1")
    return tmp_path


def test_a_program_is_read_as_it_was_written(folder: Path) -> None:
    save_program(PROGRAM, folder)
    assert open_program(folder) == PROGRAM
    first = (folder / PROGRAM_FILE).read_bytes()
    save_program(PROGRAM, folder)
    assert (folder / PROGRAM_FILE).read_bytes() == first


def test_what_cannot_be_opened_is_said(folder: Path) -> None:
    with pytest.raises(ProgramError, match="no program here"):
        open_program(folder)
    path = save_program(PROGRAM, folder)
    (folder / "deep/a.bin").unlink()
    with pytest.raises(ProgramError, match=r"'deep/a\.bin', which is not there"):
        open_program(folder)
    with pytest.raises(ProgramError, match="not there"):
        save_program(PROGRAM, folder)
    (folder / "deep/a.bin").symlink_to(path)
    with pytest.raises(ProgramError, match="not there"):
        open_program(folder)
    path.write_text('{"inputs": [], "steps": [], "outputs": [], "more": 1}')
    with pytest.raises(ProgramError, match="not a program"):
        open_program(folder)


@pytest.mark.parametrize("name", ["", ".", "..", "/a", "a/", "a//b", "a/../b", "./a", "a\\b", "C:a", "a\nb", "a\0b"])
def test_names_that_leave_the_folder(name: str) -> None:
    assert not safe_name(name)


@given(st.text(max_size=12))
def test_a_safe_name_stays_inside(name: str) -> None:
    if safe_name(name):
        assert Path("/top", name).resolve().is_relative_to("/top")
        assert Path("/top", name).resolve() != Path("/top")


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        durable_write(tmp_path / "f", content)
        assert (tmp_path / "f").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
