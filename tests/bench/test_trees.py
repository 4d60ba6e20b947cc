import numpy as np
import pytest
import scipy.sparse as sp

from bench.cases import trees
from bench.cases.trees import Bench, chosen_sets
from bench.cases.trees_asked import Opening, asked_table
from bench.cases.trees_tables import (
    Figures,
    best_table,
    every_table,
    one_row_table,
    size_table,
    sum_up,
)
from bench.datasets import DataMissingError, Problem
from bench.options import Options
from bench.peers import (
    NAPKINXC,
    OMIKUJI_BINARY,
    OMIKUJI_COLLAPSED,
    ONE_TREE,
    PECOS_TREE,
    THREE_TREES,
    TREES,
    BenchError,
    Measurement,
)

ONE, THREE, PECOS = ONE_TREE.name, THREE_TREES.name, PECOS_TREE.name
VALUES = {
    "train_s": 8.0,
    "us_per_row": 80.0,
    "one_row_p50_us": 300.0,
    "one_row_p99_us": 400.0,
    "one_row_core_us": 100.0,
    "model_mb": 6.0,
    "peak_rss_mb": 200.0,
    "loaded_rss_mb": 100.0,
}
VALUES |= {f"{name}@{k}": 50.0 for name in ("P", "PSP") for k in (1, 3, 5)}
OURS = VALUES | {
    "train_s": 2.0,
    "us_per_row": 10.0,
    "one_row_p50_us": 75.0,
    "one_row_core_us": 50.0,
    "model_mb": 4.0,
    "int8_mb": 3.0,
    "int8_compressed_mb": 1.5,
    "int8 P@1": 49.9,
    "int8_us_per_row": 9.0,
}


def book(**sets):
    """Return figures of one tree and PECOS on each named set, with changes of ours."""
    return {
        name: {ONE: Figures(OURS | changes, "2020-02-02"), PECOS: Figures(VALUES, "2020-02-01")}
        for name, changes in sets.items()
    }


def asked_rows(table):
    return {row[0]: row[1:] for row in table.rows}


@pytest.fixture
def problem():
    X = sp.csr_array(np.eye(3, dtype=np.float32))
    return Problem("tate", X, X, X, X)


@pytest.fixture
def runs(monkeypatch, problem):
    """Replace both ways to measure; napkinXC fails, omikuji is slow; the list grows by the run."""
    done = []

    def measured(system, seed):
        done.append((system.name, seed))
        if system == NAPKINXC:
            raise BenchError("exit -9")
        train_s = 31.0 if system.package == "omikuji" else float(seed)
        labels = np.array([[0, 1], [1, 0], [0, 1]])
        return Measurement(VALUES | {"train_s": train_s}, labels, f"2020-02-0{seed + 1}")

    monkeypatch.setattr(trees, "load_problem", lambda name: problem)
    monkeypatch.setattr(
        trees, "measure_once", lambda _, system, *, seed, **__: measured(system, seed)
    )
    monkeypatch.setattr(
        Bench, "measure_ours", lambda self, problem, system, seed: measured(system, seed)
    )
    return done


def test_systems_take_turns_and_a_slow_or_failing_peer_runs_once(runs):
    bench = Bench(Options(n_repetitions=3), {})

    bench.measure_set("tate")

    again = [ONE, THREE, PECOS]
    expected = [(system.name, 0) for system in TREES]
    assert runs == expected + [(name, seed) for seed in (1, 2) for name in again]
    assert bench.notes == [
        "Failed with seed 0: napkinXC, tate.",
        "Run once, it trains for over 30 s: omikuji, 3 trees, binary, tate.",
        "Run once, it trains for over 30 s: omikuji, 3 trees, collapsed 5, tate.",
    ]
    assert list(bench.book["tate"]) == [system.name for system in TREES if system != NAPKINXC]
    assert bench.book["tate"][PECOS].values["train_s"] == 1.0  # of 0, 1 and 2


def test_large_set_is_measured_once_by_two_systems(runs):
    Bench(Options(n_repetitions=3, large=True), {}).measure_set("amazon670k")

    assert runs == [(ONE, 0), (PECOS, 0)]


def test_missing_set_is_skipped_with_a_note(monkeypatch):
    def load_problem(name):
        raise DataMissingError(f"{name}: no file")

    monkeypatch.setattr(trees, "load_problem", load_problem)
    bench = Bench(Options(), {})

    bench.measure_set("tate")

    assert (bench.book, bench.notes) == ({}, ["Skipped tate: no file."])


OPENED = {"model_mb": 9.0, "open_ms": 3.0, "open_from_disk_ms": 5.0}


def test_opening_is_of_the_large_set_or_measured_again_on_another(runs, monkeypatch):
    loaded = []
    monkeypatch.setattr(trees, "load_problem", loaded.append)
    taken = [Measurement(OPENED, np.zeros((1, 1)), "")]
    monkeypatch.setattr(Bench, "measure", lambda self, problem, system, seed: taken)
    sizes = {"tate": 1.0, "mwpd": 2.0}, {"mwpd": 2.0, "amazon670k-10th": 1.0}
    books = [book(**{name: {"model_mb": mb} for name, mb in few.items()}) for few in sizes]
    books.append(book(mwpd={}, amazon670k=OPENED))

    openings = [Bench(Options(), {}, figures).measure_opening() for figures in books]

    assert loaded == ["mwpd", "amazon670k-10th"]
    assert openings == [
        Opening("mwpd, 1 tree, hardly pruned", 9.0, 3.0, 5.0),
        Opening("amazon670k-10th, 1 tree, hardly pruned", 9.0, 3.0, 5.0),
        Opening("amazon670k, 1 tree", 9.0, 3.0, 5.0),
    ]


def test_opening_is_not_measured_without_a_model_of_ours():
    assert Bench(Options(), {}).measure_opening() is None


def test_large_set_and_the_set_of_trial_runs_are_measured_only_when_asked_for():
    assert chosen_sets(Options()) == trees.SETS
    assert chosen_sets(Options(large=True)) == (*trees.SETS, "amazon670k")
    assert chosen_sets(Options(sets=("tate", "eurlex-0.2"))) == ("tate", "eurlex-0.2")
    assert chosen_sets(Options(sets=("amazon670k",))) == ()


def test_every_named_set_can_be_loaded(monkeypatch):
    monkeypatch.setattr(trees, "load_text_set", lambda name: name)
    monkeypatch.setattr(trees, "plain_tfidf", lambda texts: texts)
    monkeypatch.setattr(trees, "load_sparse_set", lambda name: name)
    monkeypatch.setattr(trees, "generated_set", lambda name: name)

    assert [trees.load_problem(name) for name in trees.SETS] == list(trees.SETS)
    assert trees.load_problem(trees.SMALL_SET).name == trees.SMALL_SET


def test_figures_are_medians_of_costs_and_means_of_accuracies(problem):
    right, wrong = np.array([[0], [1], [2]]), np.array([[1], [2], [0]])
    runs = [
        Measurement({"train_s": train_s}, labels, day, labels)
        for train_s, labels, day in ((1.0, right, "2020-02-02"), (5.0, wrong, "2020-02-01"))
    ]

    figures = sum_up(problem, runs)

    assert figures.day == "2020-02-01"
    assert figures.values["train_s"] == 3.0
    assert figures.values["P@1"] == figures.values["int8 P@1"] == 50.0
    assert figures.values["P@5"] == pytest.approx(100 * 0.5 / 5)
    assert figures.values["PSP@1"] == pytest.approx(50.0)  # all labels are equally rare


def test_every_table_has_a_row_for_each_set_and_system():
    table = every_table(book(tate={}))

    assert table.rows[1] == (
        *("tate", PECOS, 8.0, 80.0, 300.0, 400.0, 6.0, 200.0, 100.0),
        *(50.0, 50.0, 50.0, 50.0, 50.0, 50.0, "2020-02-01"),
    )
    assert len(table.rows[0]) == len(table.columns)


def test_ours_is_divided_by_the_best_peer_of_each_column():
    figures = book(tate={})
    figures["tate"]["omikuji"] = Figures(VALUES | {"train_s": 1.0, "peak_rss_mb": 400.0}, "")

    table = best_table(figures)

    assert table.rows == [("tate", ONE, 2 / 1, 10 / 80, 75 / 300, 4 / 6, 200 / 200)]


def test_set_without_a_peer_has_no_ratios():
    figures = {"tate": {ONE: Figures(OURS, "")}}

    assert best_table(figures).rows == one_row_table(figures).rows == []
    assert [row[0] for row in asked_table(figures, None).rows] == []


def test_one_row_and_size_are_compared_with_pecos():
    figures = book(tate={})

    assert one_row_table(figures).rows == [["tate", 75.0, 300.0, 4.0, 50.0, 100.0, 2.0]]
    assert size_table(figures).rows == [
        ("tate", 4.0, 6.0, 3.0, 3 / 6, 1.5, 1.5 / 6, 50.0, 49.9, pytest.approx(0.1), 10.0, 9.0)
    ]


def test_training_claim_needs_both_the_speed_and_the_accuracy():
    fast = asked_rows(asked_table(book(tate={}), None))
    slow = asked_rows(asked_table(book(tate={"train_s": 4.0}), None))
    worse = asked_rows(asked_table(book(tate={"P@3": 49.5}), None))
    what = f"train tate, {ONE} : {PECOS}, s"

    assert fast[what] == ("3 times", 2.0, 8.0, 4.0, "yes")
    assert slow[what] == ("3 times", 4.0, 8.0, 2.0, "no")
    assert worse[what][-1] == "no, P@3 0.50 lower"


def test_three_trees_are_compared_with_both_kinds_of_omikuji():
    figures = {
        "eurlex": {
            THREE: Figures(OURS, ""),
            OMIKUJI_BINARY.name: Figures(VALUES | {"train_s": 30.0}, ""),
            OMIKUJI_COLLAPSED.name: Figures(VALUES | {"train_s": 10.0, "P@5": 50.2}, ""),
        }
    }

    rows = asked_rows(asked_table(figures, None))

    assert [row[3:] for row in rows.values()] == [
        (5.0, "no"),
        (15.0, "yes"),
        (pytest.approx(0.2), "yes"),
    ]
    assert list(rows)[2] == f"P@5, {THREE} : {OMIKUJI_COLLAPSED.name}, worst: eurlex"


def test_ranking_claims_are_about_the_geometric_mean_and_the_worst_set():
    rows = asked_rows(asked_table(book(tate={}, mwpd={"us_per_row": 160.0}), None))

    assert rows["batch, us a row, mean"] == (
        "4 times",
        *(pytest.approx(40.0), pytest.approx(80.0), pytest.approx(2.0), "no"),
    )
    assert rows["batch, us a row, worst: mwpd"] == ("not slower", 160.0, 80.0, 0.5, "no")
    assert rows["one row, call, us, mean"][-2:] == (pytest.approx(4.0), "yes")


def test_size_claims_name_the_worst_set_and_the_largest_loss():
    rows = asked_rows(asked_table(book(tate={}, mwpd={"int8_mb": 1.0, "int8 P@1": 49.0}), None))

    assert rows["int8 on disk, MB, worst: tate"] == ("at most 1/3", 3.0, 6.0, 0.5, "no")
    assert rows["int8 compressed on disk, MB, mean"][-2:] == (pytest.approx(0.25), "yes")
    assert rows["int8 : float32, P@1, worst: mwpd"] == ("0.2 lower", 49.0, 50.0, 1.0, "no")


def test_memory_of_the_large_set_and_opening_are_claims():
    figures = book(amazon670k={"peak_rss_mb": 21 * 1024})

    table = asked_table(figures, Opening("amazon670k, 1 tree", 512.0, 40.0, 90.0))

    rows = asked_rows(table)
    assert rows["train amazon670k, peak GiB"][-1] == "no"
    what = "open amazon670k, 1 tree, 512 MB, rank a row, ms"
    assert rows[f"{what}, from memory"] == ("below 50", 40.0, None, None, "yes")
    assert rows[f"{what}, from disk"][-1] == ""
