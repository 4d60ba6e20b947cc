import json

import numpy as np
import pytest
import scipy.sparse as sp

from bench import calibrated
from bench.calibrated import hiclass_confidences
from bench.calibrated_worker import main
from bench.datasets import TextSet

PARENTS = np.array([-1, 0, 1, 1, 0, 4, -1, 6, 7])  # 0 > 1 > (2, 3), 0 > 4 > 5, 6 > 7 > 8


def row(title, *path):
    return {"title": title, "description": "", "paths": [list(path)]}


@pytest.fixture
def answers(tmp_path):
    """What the worker says of classes that have words of their own."""
    Y = sp.csr_array((np.ones(80), np.tile([2, 3, 5, 8], 20), np.arange(81)), shape=(80, 9))
    for name, matrix in (("X", Y), ("Y", Y), ("X_test", Y[:8])):
        sp.save_npz(tmp_path / f"{name}.npz", matrix)
    np.save(tmp_path / "parents.npy", PARENTS)
    job = {"settings": {"C": 100.0}, "threads": 1, "methods": calibrated.METHODS}
    job |= {"share": 0.5, "seed": 0, "matrices": str(tmp_path), "out": str(tmp_path)}
    (tmp_path / "job.json").write_text(json.dumps(job))
    main(str(tmp_path / "job.json"))
    with np.load(tmp_path / "answers.npz") as found:
        return dict(found)


def test_worker_is_sure_of_classes_that_have_words_of_their_own(answers):
    assert answers["rows"].size == 40
    for method in calibrated.METHODS:
        assert answers[f"{method} test"].tolist() == [2, 3, 5, 8] * 2
        assert (answers[f"{method} of test"] > 0.95).all()
        assert answers[f"{method} held_out"].size == 40


def test_answers_are_kept_and_thresholds_come_from_held_out_rows(monkeypatch, tmp_path):
    train = [row(title, "A", "B", kind) for title, kind in (("red", "C"), ("blue", "D"))] * 2
    texts, taken = TextSet("tiny", train, [row("red", "A", "B", "C")] * 2), []

    def run_hiclass(problem, parents, job, kept):
        taken.append(kept)
        found = {"rows": np.array([0, 1])}
        columns = {"held_out": np.array([2, 2]), "test": np.array([2, 3])}
        chances = {"held_out": np.array([0.9, 0.5]), "test": np.array([0.9, 0.8])}
        for method in calibrated.METHODS:
            found |= {f"{method} {part}": columns[part] for part in columns}
            found |= {f"{method} of {part}": chances[part] for part in columns}
        np.savez(kept, **found)

    monkeypatch.setattr(calibrated, "WORK", tmp_path)
    monkeypatch.setattr(calibrated, "run_hiclass", run_hiclass)

    for fresh in (False, False, True):
        found = hiclass_confidences(texts, fresh=fresh)["beta"]

    assert len(taken) == 2
    assert found.is_right.tolist() == [True, False]
    assert found.is_sure[0.95].tolist() == [True, False]
