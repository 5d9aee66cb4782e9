from pathlib import Path

import pytest

from smeaton.errors import TaskError
from smeaton.task.lock import Lock, differences, read_lock, write_lock
from smeaton.task.types import Type

LOCK = Lock(
    inputs={"age": Type(type="integer", optional=True, form="plain|NA"), "city": Type(type="category")},
    output={"y": Type(type="category", labels=(0, 1), base="integer")},
    vocabularies={"city": "0123456789abcdef"},
    data="d1",
    split="s1",
    plan=("5 folds", "2 workers"),
    versions={"numpy": "2.1", "smeaton": "0.1.0"},
)


def test_a_lock_reads_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "smeaton.lock"
    assert read_lock(path) is None
    write_lock(path, LOCK)
    assert read_lock(path) == LOCK
    assert [entry.name for entry in tmp_path.iterdir()] == ["smeaton.lock"]
    assert '"plain|NA"' in path.read_text()


def test_a_lock_holds_no_secret(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="must not hold"):
        write_lock(tmp_path / "smeaton.lock", Lock(inputs={}, output={}, plan=("read pg://${KEY}",)))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="cannot be written"):
        write_lock(tmp_path / "absent" / "smeaton.lock", LOCK)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "damaged"),
        ("{", "damaged"),
        ("\xff", "damaged"),
        ("[]", "damaged"),
        ('{"lock": 2, "inputs": {}, "output": {}}', r"\$.lock"),
        ('{"lock": 1, "inputs": {}}', "output"),
        ('{"lock": 1, "inputs": {}, "output": {}, "more": 1}', "more"),
        ('{"lock": 1, "inputs": {"a": {"type": "txt"}}, "output": {}}', "txt"),
        ('{"lock": 1, "inputs": {}, "inputs": {}, "output": {}}', "twice"),
        ("[" * 100_000, "damaged"),
    ],
)
def test_a_damaged_lock_says_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "smeaton.lock"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(TaskError, match=message) as caught:
        read_lock(path)
    assert caught.value.where == str(path)
    assert "remove the file" in caught.value.fix


def test_a_lock_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="cannot be read"):
        read_lock(tmp_path)


def test_differences_in_words() -> None:
    assert differences(LOCK, LOCK) == []
    new = Lock(
        inputs={"age": Type(type="number"), "zip": Type(type="text")},
        output={"y": Type(type="category", labels=(0, 1, 2), base="integer")},
        vocabularies={"city": "ffff"},
        data="d2",
        split="s2",
        plan=("1 fold",),
        versions={"numpy": "2.2", "onnx": "1.18"},
    )
    assert differences(LOCK, new) == [
        "input 'city' is gone",
        "input 'zip' is new",
        """input 'age' was {"type": "integer", "optional": true, "form": "plain|NA"}, is number""",
        "output 'y' was [0, 1], is [0, 1, 2]",
        "the values of category 'city' changed",
        "the data changed",
        "the split into train and test changed: scores before and after are not of the same rows",
        "the plan changed",
        "numpy: 2.1 -> 2.2",
        "onnx: absent -> 1.18",
        "smeaton: 0.1.0 -> absent",
    ]
