"""The weights of fusion are fitted on items and labels that the parts did not see."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.models.toy import (
    N_DEPARTMENTS,
    SETTINGS,
    item_of,
    known_labels,
    one_hot,
    toy_encoder,
    with_toy_encoder,
)
from xmlrec.encode import packaged_encoder
from xmlrec.encode.adaptation import adapt
from xmlrec.encode.adaptation.adapt import mean_length
from xmlrec.encode.label_texts import training_text
from xmlrec.fuse import N_SCORES, FusionWeights, candidate_scores, fit_weights
from xmlrec.models import fusion_training, parts_training
from xmlrec.models.dense import joined_text
from xmlrec.models.example_texts import shown_text
from xmlrec.models.fusion_training import (
    HIDDEN_SHARE,
    MAX_SEEN_LOSS,
    PRIOR_WITH_VECTORS,
    PRIOR_WITHOUT_VECTORS,
    fit_fusion,
    fit_groups,
    lead_to_ask,
    pseudo_new,
    remove_state,
    validation_rows,
)
from xmlrec.models.label_rows import known_rows
from xmlrec.models.parts_training import Circumstances, adapt_encoder, train_parts
from xmlrec.models.ranker_training import train_forest
from xmlrec.models.training_set import TrainingSet
from xmlrec.text import TextFeatures, fast_blocks

ONE_THREAD = Circumstances(n_threads=1)

PRIORS = {"fast": PRIOR_WITHOUT_VECTORS, "balanced": PRIOR_WITH_VECTORS}

N_TOPICS = 3 * N_DEPARTMENTS
N_LABELS = N_DEPARTMENTS + N_TOPICS
PER_TOPIC = 3


def small_set(preset, n_items=N_TOPICS * PER_TOPIC):
    """Return the items and labels of `N_TOPICS` topics, three a department."""
    items = [item_of(topic, number) for topic in range(N_TOPICS) for number in range(PER_TOPIC)]
    labels = N_DEPARTMENTS + np.repeat(np.arange(N_TOPICS), PER_TOPIC)
    items, Y = items[:n_items], one_hot(labels[:n_items], N_LABELS)
    known = known_labels(range(N_TOPICS))
    names = [{"title": name} for name in known.names]
    features = TextFeatures(fast_blocks(("title",))).fit([*items, *names])
    pairs = zip(known.names, known.paths, strict=True)
    return TrainingSet(
        X=features.transform(items),
        Y=Y,
        texts=[joined_text(item) for item in items] if preset == "balanced" else [],
        titles=[shown_text(item) for item in items] if preset == "balanced" else [],
        labels=known_rows(features, known, Y),
        label_texts=[training_text(name, path) for name, path in pairs],
        words={},
    )


def same(one, other):
    """Say whether two sparse arrays have the same shape and values."""
    return one.shape == other.shape and (one != other).nnz == 0


def rows_of(X):
    return {row.tobytes() for row in X.toarray()}


class TestTrainingSet:
    def test_taken_items_keep_their_labels_and_texts(self):
        data = small_set("balanced")
        rows = np.array([5, 0, 17], dtype=np.int32)

        taken = data.take(rows)

        assert same(taken.X, data.X[rows])
        assert same(taken.Y, data.Y[rows])
        assert taken.texts == [data.texts[row] for row in rows]
        assert small_set("fast1").take(rows).texts == []

    def test_a_hidden_label_leaves_no_trace_but_its_place(self):
        data = small_set("balanced")
        both = data.Y + one_hot(np.roll(data.Y.indices, -PER_TOPIC), N_LABELS)  # its own, the next
        data = replace(data, Y=sp.csr_array(both))
        is_hidden = np.zeros(N_LABELS, dtype=bool)
        is_hidden[[N_DEPARTMENTS + 4, N_DEPARTMENTS + 5]] = True
        before = data.Y.toarray(), data.labels.names.toarray()

        left = data.hide(is_hidden)

        assert left.Y.shape[1] == N_LABELS
        assert not left.Y.toarray()[:, is_hidden].any()
        assert left.Y.data.all()
        dropped = np.arange(4 * PER_TOPIC, 5 * PER_TOPIC)  # items of both hidden labels, no other
        kept = np.setdiff1d(np.arange(len(data.texts)), dropped)
        np.testing.assert_array_equal(left.Y.toarray(), before[0][kept] * ~is_hidden)
        assert same(left.X, data.X[kept])
        assert left.texts == [data.texts[row] for row in kept]
        assert left.labels.counts.tolist() == (left.Y.toarray() != 0).sum(axis=0).tolist()
        assert np.diff(left.labels.names.indptr)[is_hidden].tolist() == [0, 0]
        np.testing.assert_array_equal(
            left.labels.names.toarray()[~is_hidden], before[1][~is_hidden]
        )
        np.testing.assert_array_equal(data.Y.toarray(), before[0])
        np.testing.assert_array_equal(data.labels.names.toarray(), before[1])


class TestPseudoNew:
    def hide(self, parents, n_items, seed=0):
        labels = replace(small_set("fast1").labels, parents=np.array(parents, dtype=np.int32))
        of_items = np.repeat(np.arange(len(parents)), n_items)
        rng = np.random.default_rng(seed)
        return pseudo_new(labels, one_hot(of_items, len(parents)), rng)

    @settings(deadline=None, max_examples=50)
    @given(seed=st.integers(0, 10_000), n_labels=st.integers(1, 60))
    def test_every_parent_keeps_a_label_that_is_known(self, seed, n_labels):
        rng = np.random.default_rng(seed)
        parents = np.array([rng.integers(-1, min(label, 6)) for label in range(n_labels)])
        n_items = rng.integers(0, 3, size=n_labels)

        is_hidden = self.hide(parents, n_items, seed)

        assert (n_items[is_hidden] > 0).all()
        assert is_hidden.sum() <= int(HIDDEN_SHARE * (n_items > 0).sum())
        for parent in np.unique(parents[is_hidden]):
            assert (~is_hidden & (n_items > 0) & (parents == parent)).any()

    def test_a_share_of_the_labels_is_hidden_and_the_seed_decides_which(self):
        parents = [-1] * 2 + [0, 1] * 50
        n_items = [0, 0] + [2] * 100

        one, again, other = (self.hide(parents, n_items, seed) for seed in (1, 1, 2))

        assert one.sum() == other.sum() == 10
        assert one.tolist() == again.tolist() != other.tolist()

    def test_an_only_child_is_never_hidden(self):
        """40 parents of one label with items each; a sibling without items is no other one."""
        parents = [-1] * 40 + list(range(40)) * 2
        n_items = [0] * 40 + [1] * 40 + [0] * 40

        assert not self.hide(parents, n_items).any()

    def test_roots_are_siblings_of_each_other(self):
        assert self.hide([-1] * 30, [1] * 30).sum() == 3


class Spy:
    """Keeps what the parts are trained on, and what the weights are fitted on."""

    def __init__(self, monkeypatch):
        self.trained, self.adapted, self.fused = [], [], []
        monkeypatch.setattr(parts_training, "train_forest", self.train_forest)
        monkeypatch.setattr(parts_training, "adapt", self.adapt)
        monkeypatch.setattr(fusion_training, "candidate_scores", self.candidate_scores)

    def train_forest(self, X, Y, labels, settings, **how):
        forest = train_forest(X, Y, labels, settings, **how)
        self.trained.append((X, Y, labels, settings, forest))
        return forest

    def adapt(self, vectors, items, labels, Y, **how):
        self.adapted.append((items, labels, Y))
        return adapt(vectors, items, labels, Y, **how)

    def candidate_scores(self, X, E, candidates, labels, **how):
        self.fused.append((X, E, candidates, labels))
        return candidate_scores(X, E, candidates, labels, **how)


@pytest.mark.parametrize("preset", ["fast3", "balanced"])
class TestFitFusion:
    @pytest.fixture
    def spied(self, monkeypatch, preset):
        spy, data = Spy(monkeypatch), small_set(preset)
        with with_toy_encoder():
            weights, *_ = fit_fusion(data, SETTINGS[preset], ONE_THREAD)
        assert weights.of_known.shape == weights.of_new.shape == (N_SCORES,)
        return spy, data

    def test_items_are_held_out_from_trees_vectors_and_counts(self, spied, preset):
        spy, data = spied
        (seen, seen_Y, labels, how, _), (held_out, E, _, fused_labels) = (
            spy.trained[0],
            spy.fused[0],
        )

        assert held_out.shape[0] == len(data.Y.indices) // 4
        assert not rows_of(seen) & rows_of(held_out)
        assert how.n_trees == 1
        counts = np.bincount(seen_Y.indices, minlength=N_LABELS).tolist()
        assert labels.counts.tolist() == fused_labels.counts.tolist() == counts
        assert sum(counts) == seen.shape[0]
        if preset == "balanced":
            items, _, adapted_Y = spy.adapted[0]
            assert items.indptr.size - 1 == seen.shape[0]
            assert same(adapted_Y, seen_Y)
            kept = {vector.tobytes() for vector in fused_labels.examples.vectors}
            assert not kept & {vector.tobytes() for vector in E}

    def test_hidden_labels_are_unknown_to_the_trees_the_vectors_and_the_counts(self, spied, preset):
        spy, data = spied
        (_, seen_Y, trained_labels, _, forest), (_, _, _, labels) = spy.trained[0], spy.fused[0]
        hidden = np.flatnonzero(labels.is_new)

        n_labels = np.unique(seen_Y.indices).size + hidden.size
        assert hidden.size == int(HIDDEN_SHARE * n_labels) > 0
        assert not seen_Y[:, hidden].nnz
        assert (forest.trees[0].tree.label_slot[hidden] == -1).all()
        assert (np.diff(trained_labels.names.indptr)[hidden] == 0).all()
        assert not labels.counts[hidden].any()
        assert not np.diff(labels.examples.indptr)[hidden].any()
        in_trees = np.flatnonzero(forest.trees[0].tree.label_slot >= 0)
        assert sorted([*in_trees, *hidden]) == list(range(N_LABELS))
        if preset == "balanced":
            assert not spy.adapted[0][2][:, hidden].nnz

    def test_hidden_labels_are_found_by_text_as_new_ones(self, spied, preset):
        spy, data = spied
        _, _, candidates, labels = spy.fused[0]
        hidden = np.flatnonzero(labels.is_new)

        assert same(labels.names, data.labels.names)
        assert same(labels.paths, data.labels.paths)
        if preset == "balanced":
            assert set(hidden) <= set(candidates.labels.ravel().tolist())
            assert labels.vectors[hidden].any(axis=1).all()

    def test_the_weights_are_those_of_both_kinds_of_labels(self, monkeypatch, preset):
        """The fit sees candidates of both kinds, and which of them are right."""
        fitted = {}

        def record(F, is_candidate, is_new, is_right, prior):
            fitted.update(F=F, known=is_candidate & ~is_new, new=is_candidate & is_new)
            fitted.update(right=is_right, prior=prior)
            return prior

        monkeypatch.setattr(fusion_training, "fit_groups", record)
        spy, data = Spy(monkeypatch), small_set(preset)
        with with_toy_encoder():
            fit_fusion(data, SETTINGS[preset], ONE_THREAD)

        X, E, candidates, labels = spy.fused[0]
        rows = {row.tobytes(): number for number, row in enumerate(data.X.toarray())}
        is_own = data.Y[[rows[row.tobytes()] for row in X.toarray()]].toarray() > 0
        is_right = np.take_along_axis(is_own, np.maximum(candidates.labels, 0), axis=1)
        is_right &= candidates.labels >= 0
        np.testing.assert_array_equal(fitted["right"], is_right)
        assert (fitted["right"] & fitted["known"]).sum() > X.shape[0] / 2
        assert (fitted["right"] & fitted["new"]).any() == (preset == "balanced")
        assert fitted["prior"] is PRIORS[SETTINGS[preset].preset]

    def test_the_seed_and_nothing_else_decides(self, preset):
        data = small_set(preset)
        with with_toy_encoder():
            one, two = (
                fit_fusion(data, SETTINGS[preset], Circumstances(n_threads=n))[0] for n in (1, 2)
            )
            other, *_ = fit_fusion(data, replace(SETTINGS[preset], seed=1), ONE_THREAD)

        one, two, other = (weights.to_array().tobytes() for weights in (one, two, other))
        assert one == two != other

    @pytest.mark.parametrize("n_items", [1, 3])
    def test_too_few_items_leave_the_weights_at_their_prior(self, preset, n_items):
        data = small_set(preset, n_items)

        weights, before, _ = fit_fusion(data, SETTINGS[preset], ONE_THREAD)

        assert before is None
        assert weights is PRIORS[SETTINGS[preset].preset]


def test_one_label_leaves_the_weights_at_their_prior():
    data = small_set("fast1", PER_TOPIC)

    weights, *_ = fit_fusion(data, SETTINGS["fast1"], ONE_THREAD)

    assert weights is PRIOR_WITHOUT_VECTORS


class TestValidationRows:
    def test_items_of_hidden_labels_stand_apart(self):
        data = small_set("balanced")
        is_hidden = np.zeros(N_LABELS, dtype=bool)
        is_hidden[N_DEPARTMENTS + 1] = True

        valid = validation_rows(data, is_hidden)

        assert valid.texts is data.texts
        assert np.flatnonzero(valid.is_new).tolist() == list(range(PER_TOPIC, 2 * PER_TOPIC))

    def test_without_texts_there_are_none(self):
        assert validation_rows(small_set("fast1"), np.zeros(N_LABELS, dtype=bool)) is None


def test_only_the_state_of_training_is_removed(tmp_path):
    for name in ("first", "last"):
        (tmp_path / "m.training" / name).mkdir(parents=True)
        (tmp_path / "m.training" / name / "training.safetensors").write_bytes(b"state")
    remove_state(tmp_path / "m.training")
    assert not list(tmp_path.iterdir())

    (tmp_path / "m.training" / "first").mkdir(parents=True)
    (tmp_path / "m.training" / "first" / "notes.txt").write_text("mine")
    remove_state(tmp_path / "m.training")
    remove_state(tmp_path / "none")
    assert (tmp_path / "m.training" / "first" / "notes.txt").read_text() == "mine"


class TestFitGroups:
    def case(self, seed=0, n=300, k=6):
        """Return scores whose second decides among known labels, the fifth among new ones."""
        rng = np.random.default_rng(seed)
        is_candidate, is_new = rng.random((n, k)) < 0.9, rng.random((n, k)) < 0.3
        F = rng.normal(size=(n, k, N_SCORES))
        truth = 4 * np.where(is_new, F[:, :, 4], F[:, :, 1])
        is_right = np.zeros((n, k), dtype=bool)
        is_right[np.arange(n), np.where(is_candidate, truth, -np.inf).argmax(axis=1)] = True
        nothing = np.zeros(N_SCORES)
        return F, is_candidate, is_new, is_right, FusionWeights(nothing, nothing, 0.0)

    def test_what_decides_gets_the_weight_in_each_group(self):
        weights = fit_groups(*self.case())

        assert np.argsort(-np.abs(weights.of_known))[0] == 1
        assert np.argsort(-np.abs(weights.of_new))[0] == 4
        assert min(weights.of_known[1], weights.of_new[4]) > 1

    def test_weights_of_known_labels_are_what_they_are_without_new_ones(self):
        F, is_candidate, is_new, is_right, prior = self.case()

        weights = fit_groups(F, is_candidate, is_new, is_right, prior)

        alone = fit_weights(F, is_candidate & ~is_new, is_right, prior=prior.of_known)
        np.testing.assert_array_equal(weights.of_known, alone)
        flipped = np.where(is_new[:, :, np.newaxis], -F, F)
        again = fit_groups(flipped, is_candidate, is_new, is_right, prior)
        np.testing.assert_array_equal(again.of_known, alone)
        assert again.of_new[4] < -1


class TestLead:
    def lead(self, *rows):
        """Rows are of scores: the best known and right label, another known one, new ones."""
        scores = np.array(rows, dtype=np.float64)
        is_new = np.broadcast_to(np.arange(scores.shape[1]) > 1, scores.shape)
        is_right = np.broadcast_to(np.arange(scores.shape[1]) == 0, scores.shape)
        return lead_to_ask(scores, is_new, is_right)

    def test_it_is_what_new_labels_lead_right_ones_by_at_most(self):
        assert self.lead([5, 1, 4, 0], [5, 1, 6, 2], [5, 1, 5.5, 7.5], [5, 6, 9, 0]) == 2.5

    def test_where_no_new_label_leads_none_is_asked_for(self):
        assert self.lead([5, 1, 4, 0], [5, 1, -np.inf, -np.inf]) == 0

    def test_items_of_new_labels_are_not_at_risk(self):
        scores = np.array([[5, 1, 9.0], [5, 1, 6.0]])
        is_new = np.array([[False, False, True]] * 2)

        lead = lead_to_ask(scores, is_new, np.array([[True, False, True], [True, False, False]]))

        assert lead == 1

    def test_of_many_items_a_few_may_be_lost(self):
        rng = np.random.default_rng(0)
        scores = rng.normal(size=(10_000, 6))
        is_new, is_right = rng.random((2, *scores.shape)) < [[[0.3]], [[0.2]]]

        lead = lead_to_ask(scores, is_new, is_right)

        leads, n_old = [], 0
        for of_row, new, right in zip(scores, is_new, is_right, strict=True):
            if not (right & new).any():
                n_old += 1
                if not new.all() and new.any() and right[np.where(new, -np.inf, of_row).argmax()]:
                    leads.append(of_row[new].max() - of_row[~new].max())
        n_lost = int(MAX_SEEN_LOSS * n_old)
        assert n_lost > 1
        assert sum(each > lead for each in leads) == n_lost
        assert lead in leads


class TestParts:
    def test_the_preset_fast_has_no_vectors(self):
        data = small_set("fast3")

        parts, labels = train_parts(data, SETTINGS["fast3"], ONE_THREAD)

        assert parts.dense is None
        assert labels is data.labels
        assert parts.encode([], 3, n_threads=1).shape == (3, 0)

    def test_the_preset_balanced_gives_labels_vectors_and_examples(self):
        data = small_set("balanced")
        data = replace(data, label_texts=["", *data.label_texts[1:]])

        with with_toy_encoder():
            parts, labels = train_parts(data, SETTINGS["balanced"], ONE_THREAD)

        encoder = parts.dense.encoder
        assert labels.vectors.tobytes() == encoder.encode(data.label_texts).tobytes()
        assert parts.dense.labels.ids.tolist() == list(range(1, N_LABELS))
        E = parts.encode(data.texts, len(data.texts), n_threads=1)
        assert E.tobytes() == encoder.encode(data.texts).tobytes()
        sizes = np.bincount(data.Y.indices, minlength=N_LABELS)
        assert np.diff(labels.examples.indptr).tolist() == sizes.tolist()
        for label in range(N_DEPARTMENTS, N_LABELS):
            own = E[np.flatnonzero(data.Y[:, [label]].toarray()[:, 0])]
            rows = labels.examples.rows[slice(*labels.examples.indptr[label : label + 2])]
            kept = {vector.tobytes() for vector in labels.examples.vectors[rows]}
            assert kept == {vector.tobytes() for vector in own}
        for name in ("names", "paths", "counts", "parents", "is_new"):
            assert getattr(labels, name) is getattr(data.labels, name)

    def test_items_come_nearer_to_their_labels(self):
        data, rows = small_set("balanced"), np.arange(N_TOPICS * PER_TOPIC)
        with with_toy_encoder():
            encoders = [toy_encoder(), adapt_encoder(data, SETTINGS["balanced"], ONE_THREAD)[0]]

        margins = []
        for encoder in encoders:
            scores = encoder.encode(data.texts) @ encoder.encode(data.label_texts).T
            margins.append(scores[rows, data.Y.indices].mean() - scores.mean())
        assert margins[1] > margins[0] + 0.02

    def test_training_starts_at_the_packaged_encoder(self):
        data, start = small_set("balanced"), packaged_encoder()

        encoder, _ = adapt_encoder(data, SETTINGS["balanced"], ONE_THREAD)

        assert (encoder.name, encoder.pieces, encoder.dim) == (start.name, start.pieces, start.dim)
        used = np.unique(start.tokenize([*data.texts, *data.label_texts]).tokens)
        expected = start.vectors / mean_length(start.vectors)
        is_moved = (encoder.vectors != expected).any(axis=1)
        assert is_moved.any()
        assert set(np.flatnonzero(is_moved)) <= set(used)
        np.testing.assert_allclose(encoder.vectors, expected, atol=0.1)
