from bench.cases import added_label
from bench.cases.added_label import made_texts
from bench.options import Options


def test_made_up_labels_differ_and_the_new_one_has_no_row():
    texts, new_path = made_texts(500)

    paths = [tuple(path) for row in texts.train for path in row["paths"]]
    assert len(set(paths)) == 500
    assert len(paths) == 500 * added_label.ROWS_A_LABEL
    assert new_path not in paths
    assert {path[0] for path in paths} >= {new_path[0]}  # its parent is there


def test_a_label_is_found_once_it_is_added_and_the_other_rows_stay(monkeypatch):
    monkeypatch.setattr(added_label, "N_ASKED", 200)
    monkeypatch.setattr(added_label, "N_SINGLE_ROWS", 3)

    table = added_label.run(("fast", "balanced"), Options(n_repetitions=1), n_labels=400)

    lines = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [line["place of the new label"] for line in lines] == [1, 1]
    assert [line["changed"] for line in lines] == [0, 0]
    assert 100 < lines[1]["rows without it"] <= 200
    assert all(line["add ms"] > 0 and line["first row ms"] > 0 for line in lines)
