from dataclasses import replace

import pytest

from bench.batch import Batch, Figures
from bench.cases import categorize
from bench.cases.categorize import ANNIF, GROWTH, MINILM, PECOS, SIZES
from bench.datasets import DataMissingError, TextSet
from bench.options import Options
from bench.processes import Taken

FIGURES = Figures(1_000, 11.0, 1.0, 300.0, 40.0, "2020-02-02")
SPEEDS = {"xmlrec, fast": 6.0, "xmlrec, balanced": 26.0, PECOS: 21.0, ANNIF: 401.0, MINILM: 501.0}


@pytest.fixture
def sizes(monkeypatch):
    """Replace every measurement; the mapping gets the rows that each system was given."""
    given = {}

    def figures(batch, texts, *arguments, n_rows, **choices):
        given[texts.name, batch.name] = n_rows
        return replace(FIGURES, n_rows=n_rows, seconds=SPEEDS[batch.name])

    def peer(name):
        return lambda *notes: Batch(name, "", None, None, None)

    monkeypatch.setattr(categorize, "load_text_set", lambda name: TextSet(name, [], []))
    monkeypatch.setattr(
        categorize, "train_presets", lambda name, folder: {"fast": "f", "balanced": "b"}
    )
    for name, of_peer in (("pecos", PECOS), ("annif", ANNIF), ("minilm", MINILM)):
        monkeypatch.setattr(categorize, name, peer(of_peer))
    monkeypatch.setattr(categorize, "measure_batch", figures)
    monkeypatch.setattr(categorize, "measure_batch_once", figures)
    monkeypatch.setattr(categorize, "write_dump", lambda *arguments: None)
    monkeypatch.setattr(categorize, "stage_times", lambda *arguments: (1.0, 2.0, 3.0, 4.0, 5.0))
    monkeypatch.setattr(
        categorize, "measure_checked", lambda *arguments: Taken(10.0, 200 + arguments[-1] / 1e4)
    )
    return given


def test_ours_stand_beside_the_others_with_what_is_to_reach(sizes):
    speeds, ratios, stages, growth = categorize.run(Options())

    assert [row[1] for row in speeds.rows] == list(SPEEDS) * 2
    assert speeds.rows[0][:7] == (
        "onet-unspsc",
        "xmlrec, fast",
        400_000,
        6.0,
        1.0,
        80_000.0,
        20_000,
    )
    assert [row[6] for row in speeds.rows] == [20_000, 3_000, *[None] * 3, 6_000, *[None] * 4]
    assert stages.rows[0] == ("onet-unspsc", "fast", 1.0, 2.0, 3.0, 4.0, 5.0, 15.0)
    assert len(stages.rows) == 4


def test_others_are_compared_by_their_rates_on_as_many_rows_as_they_got(sizes):
    ratios = categorize.run(Options(sets=("onet-unspsc",)))[1]

    assert ratios.rows[0] == ("onet-unspsc", "fast", PECOS, 4.0, 3.0, 0.0)
    rates = {"fast": 400_000 / 5, "annif": 10_000 / 400}
    assert ratios.rows[2] == (
        "onet-unspsc",
        "fast",
        ANNIF,
        pytest.approx(rates["fast"] / rates["annif"]),
        30.0,
        0.0,
    )
    assert sizes["onet-unspsc", PECOS] == sizes["onet-unspsc", "xmlrec, fast"]


def test_memory_of_growing_dumps_is_compared_with_that_of_the_second(sizes):
    growth = categorize.run(Options(sets=("onet-unspsc",)))[3]

    assert [row[0] for row in growth.rows] == list(GROWTH)
    assert [row[4] for row in growth.rows] == pytest.approx([201 / 210, 1.0, 250 / 210, 400 / 210])
    assert [row[5] for row in growth.rows] == [None, None, None, 1.3]
    assert growth.rows[-1][2] == 200_000


def test_quick_run_takes_a_small_set_or_a_part_of_the_one_that_is_named(sizes):
    quick = Options(sets=("onet-tasks", "bibtex"), n_repetitions=1)
    categorize.run(quick)
    tables = categorize.run(replace(quick, sets=("onet-unspsc",)))

    assert sizes["onet-tasks", "xmlrec, fast"] == SIZES["onet-tasks"].fast / 20
    assert sizes["onet-unspsc", MINILM] == 100
    assert [row[0] for row in tables[3].rows] == [500, 5_000, 25_000, 100_000]


def test_missing_set_is_noted(monkeypatch):
    def load(name):
        raise DataMissingError(f"{name}: no file")

    monkeypatch.setattr(categorize, "load_text_set", load)

    (speeds,) = categorize.run(Options(sets=("mwpd",)))

    assert speeds.notes[0] == "Skipped mwpd: no file."
