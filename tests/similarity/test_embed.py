"""Embedders from pretrained weights: an index made with them finds its weights again by name and content."""

from pathlib import Path

import numpy as np
import pytest
from tests.weights.tiny_weights import encoder_folder, static_folder

from smeaton.errors import DataError, InputError
from smeaton.similarity.embed import embedder
from smeaton.similarity.index import Index

TEXTS = ["the train was late", "the fast train", "good and fine", None]


@pytest.mark.parametrize("make", [encoder_folder, static_folder])
def test_weights_in_a_folder_embed_and_are_named_with_their_hash(make: type, tmp_path: Path) -> None:
    model = embedder(str(make(tmp_path / "tiny")), tmp_path)
    vectors = model(["the train was late", "good"])
    assert vectors.shape[0] == 2
    assert np.allclose(vectors, model(["the train was late", "good"]))
    assert "#sha256=" in model.name
    hits = Index(TEXTS, "both", model=model).search("the train was late", 1, "meaning")
    assert hits[0].document == 0
    assert hits[0].score == pytest.approx(1.0, abs=1e-3)


def test_an_index_opens_with_the_very_weights_it_was_made_with(tmp_path: Path) -> None:
    folder = static_folder(tmp_path / "tiny")
    made = Index(TEXTS, "meaning", model=embedder(str(folder), tmp_path))
    made.save(tmp_path / "index")
    assert Index.open(tmp_path / "index").search("fast train") == made.search("fast train")
    other = embedder(str(encoder_folder(tmp_path / "other")), tmp_path)
    with pytest.raises(DataError, match="was made with"):
        Index.open(tmp_path / "index", other)


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        embedder("nothing-here", tmp_path)
