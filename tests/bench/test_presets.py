from bench.cases import presets
from bench.datasets import TEXT_SETS
from bench.options import Options


def figures_of(name, model, *options):
    """Return figures whose P@1 says what was trained: 2 more for each preset, 5 with a teacher."""
    teacher = options[options.index("--teacher") + 1] if "--teacher" in options else None
    if teacher is not None:
        assert teacher == str(model.parent / "accurate")
    first = 2.0 * ("fast", "balanced", "accurate").index(options[1]) + 5 * (teacher is not None)
    return first + TEXT_SETS.index(name), 30.0, 20.0, 1.0, 5000.0, 7.0


def test_presets_stand_beside_each_other_and_the_last_one_teaches(monkeypatch):
    monkeypatch.setattr(presets, "measure", figures_of)
    monkeypatch.setattr(presets, "load_text_set", lambda name: None)

    every, taught = presets.run(Options(accurate=True))

    assert len(every.rows) == len(TEXT_SETS) * 4 + 3
    assert [row[1:3] for row in every.rows[:4]] == [
        ("fast", 0.0),
        ("balanced", 2.0),
        ("accurate", 4.0),
        ("fast, taught", 5.0),
    ]
    assert every.rows[0][-1] == presets.MUST["mwpd"]["fast"]
    assert every.rows[-1][:3] == ("mean", "accurate", 4.0 + 2.0)
    assert taught.rows[1] == ("tate", 1.0, "accurate", 6.0, 5.0)
    assert taught.rows[-1] == ("mean", 2.0, "accurate", 7.0, 5.0)


def test_sets_that_are_not_there_are_skipped(monkeypatch, tmp_path):
    monkeypatch.setenv("XMLREC_DATA", str(tmp_path))

    every, taught = presets.run(Options(sets=("mwpd",)))

    assert every.rows == taught.rows == []
    assert every.notes[0].startswith("Skipped mwpd")
