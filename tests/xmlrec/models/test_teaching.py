"""A model with vectors teaches one without which words speak for which label."""

import numpy as np
import pytest

from tests.xmlrec.models.shop import fit_shop, shop_items, shop_taxonomy
from tests.xmlrec.models.toy import (
    DEPARTMENTS,
    N_DEPARTMENTS,
    SETTINGS,
    TOPICS,
    department_of,
    facts_of,
    known_labels,
    one_hot,
    toy_encoder,
    with_toy_encoder,
)
from xmlrec.encode.label_texts import training_text
from xmlrec.errors import ModelError
from xmlrec.metrics import recall_at_k
from xmlrec.models import TaxonomyClassifier, teaching
from xmlrec.models.ranker import TextRanker
from xmlrec.models.teachers import open_teacher
from xmlrec.models.teaching import Teacher, largest, word_features
from xmlrec.models.view import known_columns
from xmlrec.text import TextFeatures, fast_blocks

N_TOPICS = 60
N_LABELS = N_DEPARTMENTS + N_TOPICS
KNOWN = known_labels(range(N_TOPICS), without=range(N_DEPARTMENTS))


def misleading_items():
    """Return items of two words of their topic each, and the topics' last words elsewhere.

    By training rows alone, the last word of a topic speaks for the topic before.
    """
    items, labels = [], []
    for topic in range(N_TOPICS):
        later = TOPICS[(topic + 1) % N_TOPICS][3]
        for number, words in enumerate(([1, 2], [2, 1], [1, 2, 2], [2, 2, 1])):
            own = " ".join(TOPICS[topic][word] for word in words)
            items.append({"title": own + (f" {later}" if number == 0 else "")})
            labels.append(N_DEPARTMENTS + topic)
    return items, one_hot(labels, N_LABELS)


def teacher_of(encoder):
    texts = [training_text(name, path) for name, path in zip(KNOWN.names, KNOWN.paths, strict=True)]
    return Teacher(encoder, KNOWN.columns, encoder.encode(texts))


def fit(teacher=None, name="fast3"):
    items, Y = misleading_items()
    with with_toy_encoder():
        return TextRanker.fit(items, Y, KNOWN, SETTINGS[name], teacher=teacher, n_threads=1)


@pytest.fixture(scope="module")
def taught():
    return fit(teacher_of(toy_encoder()))


QUERIES = [{"title": TOPICS[topic][3]} for topic in range(N_TOPICS)]
ANSWERS = one_hot(N_DEPARTMENTS + np.arange(N_TOPICS), N_LABELS)


def test_words_are_understood_that_training_rows_say_nothing_of(taught):
    plain, _ = fit().rank(QUERIES, 10)
    labels, _ = taught.rank(QUERIES, 10)

    assert recall_at_k(plain, ANSWERS, 10) < 20
    assert recall_at_k(labels, ANSWERS, 2) > 80  # behind the label that a training row speaks for


def test_the_teacher_is_not_needed_afterwards(taught, tmp_path):
    taught.save(tmp_path / "m")
    again = TextRanker.load(tmp_path / "m")

    assert again.dense is None
    assert not (tmp_path / "m" / "encoder").exists()
    for one, other in zip(again.rank(QUERIES, 10), taught.rank(QUERIES, 10), strict=True):
        assert one.tobytes() == other.tobytes()


def test_how_far_it_is_believed_does_not_hang_on_what_it_saw(taught):
    """A teacher was trained on the rows that weights are fitted on; a stand-in was not."""
    encoder = toy_encoder()
    shuffled = encoder.with_vectors(np.ascontiguousarray(encoder.vectors[::-1]))

    other = fit(teacher_of(shuffled))

    assert other.weights.to_array().tobytes() == taught.weights.to_array().tobytes()
    assert other.weights.of_known[3] > 0


def test_of_what_is_said_a_word_keeps_the_most(monkeypatch):
    monkeypatch.setattr(teaching, "N_LABELS", 3)
    items, Y = misleading_items()
    features = TextFeatures(fast_blocks(("title",))).fit(items)
    words, teacher = word_features(features), teacher_of(toy_encoder())

    said = teacher.teach(words, (features.n_features, N_LABELS)).toarray()

    E = teacher.encoder.encode(list(words.values()))
    expected = np.zeros_like(said)
    for word, vector in zip(words, E.astype(np.float64), strict=True):
        cosines = teacher.vectors @ vector
        for label in np.argsort(-cosines)[:3].tolist():
            expected[word, KNOWN.columns[label]] = max(0, cosines[label] - cosines.mean())
    expected /= expected[expected > 0].mean()
    np.testing.assert_allclose(said, expected, rtol=1e-4, atol=1e-5)


def test_words_are_the_features_of_one_word():
    features = TextFeatures(fast_blocks(("title", "about")))
    features.fit([{"title": "red boot", "about": "leather"}])

    words = word_features(features)

    assert sorted(words.values()) == ["boot", "leather", "red"]
    assert [features.feature_names([f])[0] for f in words] == [
        f"title+about|word|{word}" for word in words.values()
    ]


def test_nothing_to_teach_is_nothing_taught():
    teacher = teacher_of(toy_encoder())

    assert teacher.teach({}, (4, N_LABELS)).nnz == 0
    unknown = teacher.teach({1: "zzz"}, (4, N_LABELS))
    assert (unknown.shape, unknown.nnz) == ((4, N_LABELS), 0)


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_the_largest_are_those_above_zero(n):
    S = np.array([[0.5, -1, 0.25], [-1, -2, -3], [3, 1, 2]], dtype=np.float32)

    kept = largest(S.copy(), n).toarray()

    expected = [sorted(row, reverse=True)[:n] for row in np.maximum(S, 0).tolist()]
    assert [sorted(row, reverse=True)[:n] for row in kept.tolist()] == expected
    assert ((kept > 0).sum(axis=1) <= n).all()


def test_a_label_that_is_added_later_is_found_by_its_words(taught):
    topic = N_TOPICS
    known = known_labels(range(N_TOPICS + 1), without=range(N_DEPARTMENTS))

    ranker = taught.with_labels(known, {N_LABELS: facts_of(topic)})

    assert ranker.labels.taught.shape[1] == N_LABELS + 1
    name = f"{DEPARTMENTS[department_of(topic)]} {TOPICS[topic][0]}"
    assert N_LABELS in ranker.rank([{"title": name}], 3)[0][0]
    np.testing.assert_array_equal(ranker.rank(QUERIES, 1)[0], taught.rank(QUERIES, 1)[0])


def test_a_row_does_not_depend_on_its_neighbours(taught):
    labels, scores = taught.rank(QUERIES, 10, n_threads=2)
    for place in (0, 31, N_TOPICS - 1):
        alone = taught.rank([QUERIES[place]], 10)
        assert alone[0][0].tobytes() == labels[place].tobytes()
        assert alone[1][0].tobytes() == scores[place].tobytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher") / "m"
    fit_shop(preset="balanced").save(folder)
    return folder


class TestOpenTeacher:
    def test_labels_are_those_of_the_same_path_or_text(self, folder):
        taxonomy = shop_taxonomy()
        known = known_columns(taxonomy, np.arange(len(taxonomy), dtype=np.int32))

        teacher = open_teacher(str(folder), taxonomy, known)

        model = TaxonomyClassifier.load(folder)
        boots = taxonomy.column("2")
        assert taxonomy.path(boots) == model.taxonomy_.path(boots)
        own = model.ranker_.labels.vectors[boots]
        np.testing.assert_array_equal(teacher.vectors[boots], own)
        rakes = taxonomy.column("12")  # the model knows it, but cannot find it
        text = training_text("Rakes", " ".join(taxonomy.path(rakes)))
        np.testing.assert_array_equal(teacher.vectors[rakes], teacher.encoder.encode([text])[0])

    def test_it_teaches_a_classifier_and_its_cross_ranking(self, folder):
        model = TaxonomyClassifier(preset="fast", teacher=folder).fit(shop_items(), shop_taxonomy())

        assert model.ranker_.labels.taught.nnz
        assert model.settings.teacher == str(folder)
        labels, _ = model.cross_rank(shop_items(), folds=2, k=3)
        assert (labels[:, 0] >= 0).all()

    def test_a_model_without_vectors_cannot_teach(self, tmp_path):
        fit_shop(preset="fast").save(tmp_path / "m")

        with pytest.raises(ModelError, match="it cannot teach: the preset fast has no vectors"):
            fit_shop(teacher=tmp_path / "m")

    def test_a_model_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(ModelError, match="none"):
            fit_shop(teacher=tmp_path / "none")

    def test_the_preset_with_a_transformer_learns_from_nobody(self):
        with pytest.raises(ValueError, match="the preset accurate learns from no teacher"):
            TaxonomyClassifier(preset="accurate", teacher="m")
