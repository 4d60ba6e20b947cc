import json

import numpy as np
import scipy.sparse as sp

from bench.opening import main
from label_trees import LabelTreeClassifier, save_forest


def test_opening_is_timed_from_memory_and_from_disk(tmp_path, capsys):
    X = sp.csr_array(np.eye(6, dtype=np.float32))
    save_forest(LabelTreeClassifier(n_threads=1).fit(X, X).forest_, tmp_path / "model")
    sp.save_npz(tmp_path / "X.npz", X)

    main(tmp_path / "model", tmp_path / "X.npz")

    measures = json.loads(capsys.readouterr().out)
    assert measures.keys() == {"open_ms", "open_from_disk_ms"}
    assert 0 < measures["open_ms"] < 1_000
