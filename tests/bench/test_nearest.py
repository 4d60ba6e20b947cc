import numpy as np
import pytest

from bench import nearest
from bench.nearest import NearestLabel, open_minilm
from xmlrec.errors import EncoderError
from xmlrec.models.ranker_training import KnownLabels


class Letters:
    """Encodes a text as the letters a to c that it has."""

    name, dim, digest = "letters", 3, "0"

    def encode(self, texts, *, n_threads=None):
        counts = np.array([[text.count(letter) for letter in "abc"] for text in texts])
        lengths = np.maximum(np.sqrt((counts**2).sum(axis=1, keepdims=True)), 1)
        return (counts / lengths).astype(np.float32).reshape(-1, 3)


def known(*names):
    """Return labels, of which an empty name is not known."""
    columns = np.array([column for column, name in enumerate(names) if name], dtype=np.int32)
    texts = [name for name in names if name]
    return KnownLabels(columns, texts, texts, np.full(len(names), -1, dtype=np.int32))


def test_nearest_label_comes_first_and_an_unknown_one_never():
    ranker = NearestLabel.untrained(Letters(), known("a", "", "ab", "c"))

    labels, scores = ranker.rank([{"title": "aab"}, {"title": "c"}, {"title": "z"}], 4)

    assert labels[0].tolist() == [2, 0, 3, -1]
    assert labels[1, 0] == 3
    assert labels[2].tolist() == [-1] * 4  # says nothing
    assert scores[0, 0] == pytest.approx(3 / np.sqrt(2 * 5))


def test_name_and_path_count_the_same():
    labels = known("a")
    labels = KnownLabels(labels.columns, ["a"], ["b"], labels.parents)

    ranker = NearestLabel.untrained(Letters(), labels)

    np.testing.assert_allclose(ranker.vectors, [[np.sqrt(0.5), np.sqrt(0.5), 0]], rtol=1e-6)


def test_only_allowed_labels_are_found():
    ranker = NearestLabel.untrained(Letters(), known("a", "ab"))

    labels, _ = ranker.rank_vectors(Letters().encode(["a"]), 2, np.array([False, True]))

    assert labels.tolist() == [[1, -1]]


def test_a_machine_without_minilm_is_told_so(monkeypatch):
    def missing(**_):
        raise EncoderError("MiniLM", "sentence-transformers is not installed", "install it")

    monkeypatch.setattr(nearest.SentenceEncoder, "open", missing)
    notes = []

    assert open_minilm(notes) is None
    assert notes == [
        "Skipped all-MiniLM-L6-v2, untrained: "
        "encoder MiniLM: sentence-transformers is not installed; install it"
    ]
