import json
import os

import pytest

from xmlrec.catalog import Fault, Reject, RejectsWriter, rejects_path

REJECT = Reject("shop.csv", 3, 17, Fault.FIELD_COUNT, "3 fields under a header of 2", "a,b,c")


def test_rejects_are_json_lines_beside_the_results(tmp_path):
    path = rejects_path(str(tmp_path / "out.csv"))
    assert path == str(tmp_path / "out.csv.rejects.jsonl")
    with RejectsWriter(path) as reject:
        reject(REJECT)
        reject(REJECT)
        assert not os.path.exists(path)
    with open(path) as file:
        assert [json.loads(line)["code"] for line in file] == ["FIELD_COUNT"] * 2


def test_run_without_rejects_removes_those_of_the_run_before(tmp_path):
    path = tmp_path / "out.csv.rejects.jsonl"
    path.write_text("stale")
    with RejectsWriter(str(path)):
        pass
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("n_rejects", [0, 1])
def test_run_that_fails_leaves_the_rejects_of_the_run_before(tmp_path, n_rejects):
    path = tmp_path / "out.csv.rejects.jsonl"
    path.write_text("from the run before")

    def run():
        with RejectsWriter(str(path)) as reject:
            for _ in range(n_rejects):
                reject(REJECT)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert path.read_text() == "from the run before"
    assert os.listdir(tmp_path) == [path.name]


def test_rejects_without_a_file_are_let_go():
    with RejectsWriter(None) as reject:
        reject(REJECT)
