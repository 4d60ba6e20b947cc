import pytest

from bench import results
from bench.__main__ import main
from bench.cases import accuracy
from bench.datasets import TextSet
from bench.options import Options
from bench.peers import Measurement
from bench.table import Table


def test_unknown_case_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["accurcy"])

    assert (
        "no case 'accurcy'; there are accuracy, accurate, audit, calibration"
        in capsys.readouterr().err
    )


def test_large_set_is_refused_without_its_flag(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["trees", "--set", "amazon670k"])

    assert "--set amazon670k needs --large" in capsys.readouterr().err


def test_saved_tables_come_back_as_markdown(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    facts = {"machine": "two cores", "commit": "abc1234"}
    results.save("accuracy", facts, [Table("One", ("set", "P@1"), [("mwpd", 82.5)])])

    assert main(["accuracy", "--markdown"]) == 0

    shown = capsys.readouterr().out
    assert "| mwpd | 82.50 |" in shown
    assert "`bench/results/accuracy.json`: two cores, commit abc1234." in shown


def test_text_table_compares_with_the_best_peer_and_notes_the_unmeasured(monkeypatch):
    rows = [{"title": word, "description": "", "paths": [[word]]} for word in ("red", "blue")]
    right = iter([True, False])

    def measure_once(problem, system, **_):
        if system.is_flat:
            return None
        columns = problem.Y_test.indices if next(right, False) else 1 - problem.Y_test.indices
        measures = {"train_s": 1.0, "us_per_row": 2.0, "model_mb": 3.0}
        return Measurement(measures, columns.reshape(-1, 1), "2020-02-02")

    monkeypatch.setattr(accuracy, "load_text_set", lambda name: TextSet(name, rows, rows))
    monkeypatch.setattr(accuracy, "run_product", lambda name, preset: ((80.0, 30.0, 18.0), 5.0))
    monkeypatch.setattr(accuracy, "measure_once", measure_once)

    every, best = accuracy.text_tables(("mwpd",), Options())

    systems = [row[1] for row in every.rows]
    assert systems[:3] == ["xmlrec, fast", "xmlrec, balanced", "PECOS tree"]
    assert every.rows[4][2:] == (None,) * 6 + ("",)
    assert "PECOS one-vs-all on mwpd takes minutes: --slow-peers." in every.notes
    assert best.rows == [
        ("mwpd", "fast", 80.0, "PECOS tree", 100.0, -20.0, 82.0),
        ("mwpd", "balanced", 80.0, "PECOS tree", 100.0, -20.0, 83.5),
    ]
