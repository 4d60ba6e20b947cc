import json

import pytest

from bench import options, trained
from bench.cases import calibration, sure_answers
from bench.cases.sure_answers import timed
from bench.datasets import DataMissingError, TextSet
from bench.options import Options
from xmlrec.models import TaxonomyClassifier

WORDS = ("red", "green", "blue", "black", "white", "brown", "pink", "gold", "grey", "plum")
KINDS = ("shoe", "sock", "hat")


def row(title, *path):
    return {"title": title, "description": "", "paths": [list(path)]}


def colours():
    """Return a set of thirty labels, each in a branch of its own, with words that its rows have."""
    labels = [("all", f"{kind} {word}", f"{word} {kind}") for kind in KINDS for word in WORDS]
    train = [row(f"{path[2]} {n}", *path) for path in labels for n in ("one", "two", "three")]
    return TextSet("mwpd", train, [row(path[2], *path) for path in labels])


def train_here(name, model, *options, catalog=None):
    """Train as the command line does, in this process."""
    rows = colours().train
    if catalog is not None:
        rows = [json.loads(line) for line in catalog.read_text().splitlines()]
    TaxonomyClassifier(preset=options[-1], n_threads=1).fit(rows).save(model)


def load_here(name):
    if name != "mwpd":
        raise DataMissingError(f"{name}: no file")
    return colours()


@pytest.fixture(scope="module")
def tables():
    """The tables of a run on the colours, without hiclass and MiniLM."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "load_text_set", load_here)
        patch.setattr(calibration, "hiclass_rows", lambda texts, fresh: [])
        patch.setattr(calibration, "open_minilm", lambda notes: notes.append("no MiniLM"))
        patch.setattr(trained, "train_product", train_here)
        patch.setattr(trained, "N_FOLDS", 2)
        patch.setattr(sure_answers, "categorize_product", lambda *_: 100.0)
        patch.setattr(sure_answers, "N_TIMES", 1)
        patch.setattr(options, "PRESETS", ("fast",))
        return calibration.run(Options(sets=("mwpd", "tate")))


def test_ours_stands_beside_isotonic_regression_on_the_same_rows(tables):
    single = tables[0]

    assert [line[:4] for line in single.rows] == [
        ("mwpd", "xmlrec, fast", 30, 100.0),
        ("mwpd", "isotonic, fast", 30, 100.0),
        ("mwpd", "isotonic, our margin, fast", 30, 100.0),
    ]
    assert "no MiniLM" in single.notes
    assert any(note.startswith("Skipped tate") for note in single.notes)


def test_sure_answers_have_depth_three_where_nothing_is_backed_off(tables):
    (line,) = tables[3].rows
    cells = dict(zip(tables[3].columns, line, strict=True))

    assert cells["depth"] >= cells["its depth"]
    assert cells["depth"] <= 3.0
    assert cells["to reach"] == 1.10


def test_rows_of_hidden_branches_are_counted(tables):
    nothing = tables[4]

    assert [line[1] for line in nothing.rows] == ["xmlrec, fast", "raw score, fast"]
    assert nothing.rows[0][2:4] == (30, 3)  # a fourth branch would be more than 12 %


def test_cost_is_a_share_of_the_time(tables):
    (line,) = tables[5].rows
    cells = dict(zip(tables[5].columns, line, strict=True))

    assert 0 < cells["seconds"] < cells["classify s"]
    assert cells["% of that"] == pytest.approx(cells["seconds"])
    assert cells["% of it"] == pytest.approx(100 * cells["seconds"] / cells["classify s"])


def test_calls_are_timed_only_inside_the_block():
    class Owner:
        def call(self):
            return 3

    before = Owner.call
    with timed([(Owner, "call")]) as calls:
        assert Owner().call() == 3

    assert len(calls[0]) == 1
    assert Owner.call is before
