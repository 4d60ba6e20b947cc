"""`TextRanker.with_labels`: labels that come, change and go without training."""

from dataclasses import replace

import numpy as np
import pytest

from tests.xmlrec.models.shop import same_bytes
from tests.xmlrec.models.toy import (
    ALL_RANKERS,
    DEPARTMENTS,
    N_DEPARTMENTS,
    N_LABELS,
    N_LEAVES,
    NEW,
    NEW_ITEMS,
    TOPICS,
    add_topics,
    ask,
    facts_of,
    item_of,
    known_labels,
    listed,
    scores_of,
    titles,
    toy_items,
    toy_ranker,
    with_new,
)
from xmlrec.models.ranker_training import KnownLabels, LabelFacts

ITEMS, OF_ITEMS = (part[::3] for part in toy_items())  # one of each label
BY_NAME, BY_ITEM = NEW_ITEMS[: len(NEW)], NEW_ITEMS[len(NEW) :]
NEW_COLUMNS = N_LABELS + np.arange(len(NEW))


def places(ranking, columns):
    """Return the place of a column in each row of a ranking, 99 if it is not there."""
    is_it = ranking[0] == np.asarray(columns)[:, np.newaxis]
    return np.where(is_it.any(axis=1), is_it.argmax(axis=1), 99)


def assert_scores_of_both_are_equal(before, after, *, but=-1):
    """Assert that pairs that are in two rankings have one score; nearly all are, ``but`` apart."""
    matrices = []
    for rows, columns, scores in map(listed, (before, after)):
        dense = np.full((len(before[0]), max(before[0].max(), after[0].max()) + 1), np.nan)
        dense[rows, columns] = scores
        dense[:, but if but >= 0 else []] = np.nan
        matrices.append(dense)
    is_in_both = ~np.isnan(matrices[0]) & ~np.isnan(matrices[1])
    assert is_in_both.sum() > 0.95 * (~np.isnan(matrices[0])).sum()
    np.testing.assert_array_equal(matrices[0][is_in_both], matrices[1][is_in_both])


def one_new(ranker, **facts):
    """Return a ranker that also knows the label of the first of `NEW`, in column `N_LABELS`."""
    return add_topics(ranker, NEW[:1], **facts)


class TestNewLabels:
    @ALL_RANKERS
    def test_the_labels_of_training_make_the_same_ranker(self, name):
        ranker = toy_ranker(name)

        again = ranker.with_labels(known_labels(), {})

        assert same_bytes(ranker.rank(ITEMS, 50), again.rank(ITEMS, 50))

    @ALL_RANKERS
    def test_rows_without_the_new_label_among_their_candidates_are_unchanged_bytes(self, name):
        ranker, items = toy_ranker(name), [*ITEMS, *NEW_ITEMS]
        changed = one_new(ranker, definition=TOPICS[7][1], examples=(TOPICS[9][0],))

        before, after = ranker.rank(items, N_LABELS), changed.rank(items, N_LABELS)

        has_new = (after[0] == N_LABELS).any(axis=1)  # all candidates are ranked
        assert 0 < has_new.sum() < len(items) / 2

        assert same_bytes([part[~has_new] for part in before], [part[~has_new] for part in after])
        assert not same_bytes(before, after)

    @ALL_RANKERS
    def test_known_labels_keep_their_scores_beside_new_ones(self, name):
        items = [*ITEMS[::6], *NEW_ITEMS]
        before, after = (r.rank(items, N_LABELS) for r in (toy_ranker(name), with_new(name)))

        assert_scores_of_both_are_equal(before, after)

    @ALL_RANKERS
    def test_a_new_label_is_found_by_its_name_at_once(self, name):
        found = places(with_new(name).rank(BY_NAME, 10), NEW_COLUMNS)

        assert found.max() < 10
        assert np.median(found) <= 1

    def test_a_new_label_is_found_by_items_that_mean_the_same_where_there_are_vectors(self):
        assert np.median(places(with_new("balanced").rank(BY_ITEM, 10), NEW_COLUMNS)) == 0
        assert (places(with_new("balanced").rank(BY_ITEM, 10), NEW_COLUMNS) < 3).all()
        assert (places(with_new("fast1").rank(BY_ITEM, 10), NEW_COLUMNS) == 99).all()

    @ALL_RANKERS
    def test_items_of_known_labels_are_still_found(self, name):
        labels, _ = with_new(name).rank(ITEMS, 1)

        is_theirs = labels[:, 0] == OF_ITEMS
        assert is_theirs.mean() > 0.99

    @ALL_RANKERS
    def test_the_first_ranker_stays_as_it_is(self, name):
        ranker = toy_ranker(name)
        before = ranker.rank(NEW_ITEMS, 20)

        with_new(name).rank(NEW_ITEMS, 20)

        assert same_bytes(ranker.rank(NEW_ITEMS, 20), before)

    @ALL_RANKERS
    def test_one_after_the_other_is_all_at_once(self, name):
        one = add_topics(toy_ranker(name), NEW[:1])
        changed = {N_LABELS + place: facts_of(topic) for place, topic in enumerate(NEW) if place}

        both = one.with_labels(known_labels([*range(N_LEAVES), *NEW]), changed)

        items = [*ITEMS[::6], *NEW_ITEMS]
        assert same_bytes(both.rank(items, 20), with_new(name).rank(items, 20))

    @ALL_RANKERS
    def test_many_new_labels_drown_neither_each_other_nor_the_known(self, name):
        """600 labels of two words each, of which many share one; the names say which is meant."""
        words = [TOPICS[topic][0] for topic in NEW]
        pairs = [(one, other) for one in words for other in words if one < other] * 4
        pairs = [f"{one} {other} {number // 190}" for number, (one, other) in enumerate(pairs)]
        names = pairs[:600]
        parents = np.arange(600) % N_DEPARTMENTS
        facts = [
            LabelFacts(text, f"{DEPARTMENTS[parent]} {text}")
            for text, parent in zip(names, parents.tolist(), strict=True)
        ]
        known = known_labels()
        known = KnownLabels(
            np.arange(N_LABELS + 600, dtype=np.int32),
            [*known.names, *[fact.name for fact in facts]],
            [*known.paths, *[fact.path for fact in facts]],
            np.concatenate([known.parents, parents]).astype(np.int32),
        )
        changed = {N_LABELS + place: fact for place, fact in enumerate(facts)}

        ranker = toy_ranker(name).with_labels(known, changed)

        queries = titles(*[fact.path for fact in facts[:190]])
        found = places(ranker.rank(queries, 10), N_LABELS + np.arange(190))
        assert (found < 10).mean() > 0.9
        assert (ranker.rank(ITEMS, 1)[0][:, 0] == OF_ITEMS).mean() > 0.99

    @ALL_RANKERS
    def test_a_new_department_and_a_label_below_it_are_found(self, name):
        ranker, (first, second) = toy_ranker(name), (facts_of(topic).name for topic in NEW[:2])
        known = known_labels()
        facts = [LabelFacts(first, first), LabelFacts(second, f"{first} {second}")]
        known = KnownLabels(
            np.arange(N_LABELS + 2, dtype=np.int32),
            [*known.names, *[fact.name for fact in facts]],
            [*known.paths, *[fact.path for fact in facts]],
            np.concatenate([known.parents, [-1, N_LABELS]]).astype(np.int32),
        )

        changed = ranker.with_labels(known, {N_LABELS + place: f for place, f in enumerate(facts)})

        found = changed.rank(titles(first, f"{first} {second}"), 5)[0]
        assert N_LABELS in found[0]
        assert {N_LABELS, N_LABELS + 1} <= set(found[1].tolist())


class TestExamples:
    """What a new label's items look like is not to be seen from its name."""

    ranker = staticmethod(lambda: toy_ranker("balanced"))
    meant = NEW[5]
    queries = (item_of(NEW[5], 0), item_of(NEW[5], 1), item_of(NEW[5], 2))

    def place(self, ranker):
        return places(ranker.rank(self.queries, 50), [N_LABELS] * 3)

    def test_examples_improve_a_new_label(self):
        examples = [TOPICS[self.meant][1], TOPICS[self.meant][2], item_of(self.meant, 4)["title"]]

        without = self.place(one_new(self.ranker()))
        with_three = self.place(one_new(self.ranker(), examples=tuple(examples)))

        assert without.min() > 10
        assert with_three.max() <= 1  # a known label may lead by too little to be overtaken

    @ALL_RANKERS
    def test_words_of_examples_find_a_new_label_where_its_name_says_nothing(self, name):
        words = TOPICS[self.meant][1:]
        examples = tuple([f"{one} {other}" for one in words for other in words if one != other])

        without, with_examples = (
            places(one_new(toy_ranker(name), examples=some).rank(self.queries, 50), [N_LABELS] * 3)
            for some in ((), examples)
        )

        assert without.min() > 10
        assert with_examples.max() <= 1

    @ALL_RANKERS
    def test_words_of_examples_of_a_known_label_are_left_to_the_trees(self, name):
        ranker, column = toy_ranker(name), N_DEPARTMENTS + 11

        changed = ranker.with_labels(
            known_labels(), {column: facts_of(11, examples=(TOPICS[9][1],))}
        )

        for before, after in (
            (ranker.labels.names, changed.labels.names),
            (ranker.labels.paths, changed.labels.paths),
        ):
            assert (before != after).nnz == 0

    def test_aliases_and_a_definition_help_too(self):
        more = {"aliases": (TOPICS[self.meant][1],), "definition": TOPICS[self.meant][2]}

        assert self.place(one_new(self.ranker(), **more)).max() <= 1

    def test_examples_of_a_known_label_help_it(self):
        column, words = N_DEPARTMENTS + 11, TOPICS[self.meant][1:]
        examples = tuple(f"{one} {other}" for one in words for other in words)

        ranker = self.ranker().with_labels(
            known_labels(), {column: facts_of(11, examples=examples)}
        )

        before = places(self.ranker().rank(self.queries, 50), [column] * 3)
        assert before.min() > 20
        assert places(ranker.rank(self.queries, 50), [column] * 3).max() < 5
        assert places(ranker.rank([item_of(11, 0)], 5), [column]).tolist() == [0]

    def test_a_vector_that_is_known_is_taken_over(self):
        vector = self.ranker().label_vectors([facts_of(self.meant)])[0]

        ranker = one_new(self.ranker(), vector=vector)

        assert ranker.labels.vectors[N_LABELS].tobytes() == vector.tobytes()
        assert self.place(ranker).max() <= 1


class TestChangedLabels:
    column = N_DEPARTMENTS + 11

    @ALL_RANKERS
    def test_a_renamed_label_is_found_by_its_new_name_and_by_its_items(self, name):
        fact = replace(facts_of(NEW[0]), path=f"{DEPARTMENTS[11]} {facts_of(NEW[0]).name}")
        known = known_labels(renamed={self.column: fact})

        ranker = toy_ranker(name).with_labels(known, {self.column: fact})

        if name == "balanced":
            assert places(ranker.rank(titles(fact.name), 5), [self.column]).tolist() == [0]
        else:  # trees find a known label by what its items say, its name only adds to that
            both = titles(f"{item_of(11, 0)['title']} {fact.name}")
            (before,), (after,) = (
                ask(r, both, [0], [self.column])[:, self.column] for r in (toy_ranker(name), ranker)
            )
            assert after > before + 0.5
        assert places(ranker.rank([item_of(11, 0)], 5), [self.column]).tolist() == [0]
        assert not ranker.labels.is_new.any()

    @ALL_RANKERS
    def test_a_renamed_label_changes_no_score_of_another(self, name):
        fact = facts_of(NEW[0])
        ranker = toy_ranker(name).with_labels(
            known_labels(renamed={self.column: fact}), {self.column: fact}
        )

        before, after = (r.rank(ITEMS[::3], N_LABELS) for r in (toy_ranker(name), ranker))

        assert_scores_of_both_are_equal(before, after, but=self.column)

    @ALL_RANKERS
    @pytest.mark.parametrize("is_narrowed", [False, True])
    def test_a_label_that_is_dropped_is_never_returned(self, name, is_narrowed):
        new = N_LABELS + 3
        gone = [self.column, new]
        topics = [*range(N_LEAVES), *NEW]
        changed = {N_LABELS + place: facts_of(topic) for place, topic in enumerate(NEW)}
        del changed[new]
        items = [*[item_of(11, number) for number in range(3)], *ITEMS[::6], *NEW_ITEMS]
        allowed = np.arange(len(topics) + N_DEPARTMENTS) != 400 if is_narrowed else None
        assert self.column in with_new(name).rank(items, 50)[0]

        ranker = toy_ranker(name).with_labels(known_labels(topics, without=gone), changed)
        labels, _ = ranker.rank(items, N_LABELS, allowed=allowed)

        assert not np.isin(labels, gone).any()
        assert is_narrowed == (400 not in labels)
        assert np.isin(NEW_COLUMNS, labels).sum() == len(NEW) - 1
        assert not scores_of(ranker, items, allowed)[:, gone].any()

    @ALL_RANKERS
    def test_a_new_label_that_is_dropped_again_is_never_returned(self, name):
        gone = N_LABELS + 3
        known = known_labels([*range(N_LEAVES), *NEW], without=[gone])

        ranker = with_new(name).with_labels(known, {})

        labels, _ = ranker.rank(NEW_ITEMS, N_LABELS)
        assert gone not in labels
        assert np.isin(NEW_COLUMNS, labels).sum() == len(NEW) - 1
        assert not scores_of(ranker, NEW_ITEMS)[:, gone].any()

    @ALL_RANKERS
    def test_without_a_dropped_label_the_others_keep_their_order(self, name):
        ranker = toy_ranker(name).with_labels(known_labels(without=[self.column]), {})
        is_left = np.arange(N_LABELS) != self.column

        expected = toy_ranker(name).rank(ITEMS, 10, allowed=is_left)

        assert same_bytes(ranker.rank(ITEMS, 10), expected)

    @ALL_RANKERS
    def test_a_dropped_label_may_come_back(self, name):
        dropped = toy_ranker(name).with_labels(known_labels(without=[self.column]), {})

        back = dropped.with_labels(known_labels(), {self.column: facts_of(11)})

        np.testing.assert_allclose(
            scores_of(back, ITEMS[::9]), scores_of(toy_ranker(name), ITEMS[::9]), atol=1e-4
        )
