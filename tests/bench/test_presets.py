import pytest

from bench.cases import presets
from bench.datasets import TEXT_SETS
from bench.options import Options


def figures_of(name, model, *options):
    """Return figures whose P@1 says what was trained: 2 more for `balanced`, 5 with a teacher."""
    teacher = options[options.index("--teacher") + 1] if "--teacher" in options else None
    if teacher is not None:
        assert teacher == str(model.parent / "balanced")
    known = 0.5 * ("--taxonomy" in options)
    first = 2.0 * ("fast", "balanced", "accurate").index(options[1]) + 5 * (teacher is not None)
    return first + known + TEXT_SETS.index(name), 30.0, 20.0, 1.0, 5000.0, 7.0


@pytest.fixture
def _no_training(monkeypatch):
    monkeypatch.setattr(presets, "measure", figures_of)
    monkeypatch.setattr(presets, "load_text_set", lambda name: None)
    monkeypatch.setattr(presets, "data_file", lambda name, file: f"{name}/{file}")


@pytest.mark.usefixtures("_no_training")
def test_presets_stand_beside_each_other_and_balanced_teaches():
    every, taught = presets.run(Options())

    assert len(every.rows) == len(TEXT_SETS) * 3 + 1 + 2
    assert [row[1:3] for row in every.rows[:3]] == [
        ("fast", 0.0),
        ("balanced", 2.0),
        ("fast, taught", 5.0),
    ]
    assert ("onet-unspsc", "balanced, taxonomy.csv", 5.5) in [row[:3] for row in every.rows]
    assert every.rows[0][-1] == presets.MUST["mwpd"]["fast"]
    assert every.rows[-1][:3] == ("mean", "balanced", 2.0 + 2.0)
    assert taught.rows[1] == ("tate", 1.0, "balanced", 6.0, 5.0)
    assert taught.rows[-1] == ("mean", 2.0, "balanced", 7.0, 5.0)


@pytest.mark.usefixtures("_no_training")
def test_accurate_stands_by_itself():
    (table,) = presets.run_accurate(Options(sets=("mwpd", "onet-unspsc")))

    assert [row[:3] for row in table.rows] == [
        ("mwpd", "accurate", 4.0),
        ("onet-unspsc", "accurate", 7.0),
        ("onet-unspsc", "accurate, taxonomy.csv", 7.5),
    ]


def test_sets_that_are_not_there_are_skipped(monkeypatch, tmp_path):
    monkeypatch.setenv("XMLREC_DATA", str(tmp_path))

    every, taught = presets.run(Options(sets=("mwpd",)))

    assert every.rows == taught.rows == []
    assert every.notes[0].startswith("Skipped mwpd")
