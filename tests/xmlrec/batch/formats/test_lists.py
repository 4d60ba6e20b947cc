import gzip
import json

import pytest

from xmlrec.batch import choose_list_format
from xmlrec.errors import InputError

ROWS = [
    {
        "id": "s,1",
        "items": [{"item_id": "0020", "score": -0.5}, {"item_id": "é", "score": -1.25}],
        "n_unknown": 1,
        "reason": None,
    },
    {"id": "s2", "items": [], "n_unknown": 0, "reason": "0 items are available"},
]


def written(tmp_path, name):
    """Return the bytes of an output of two parts."""
    path = str(tmp_path / name)
    form = choose_list_format(path)
    parts = []
    for number, row in enumerate(ROWS):
        parts.append(tmp_path / f"{number}.part")
        parts[-1].write_bytes(form.encode([row]))
    form.assemble(parts, path)
    return (tmp_path / name).read_bytes()


def test_json_lines_hold_the_answers_as_they_are(tmp_path):
    assert list(map(json.loads, written(tmp_path, "out.jsonl").splitlines())) == ROWS


def test_a_table_has_one_record_an_item_and_one_for_a_session_without(tmp_path):
    assert written(tmp_path, "out.csv").decode() == (
        "session_id,rank,item_id,score\r\n"
        '"s,1",1,0020,-0.5\r\n'
        '"s,1",2,é,-1.25\r\n'
        "s2,,,\r\n"
    )  # fmt: skip
    assert written(tmp_path, "out.tsv").startswith(b"session_id\trank\titem_id\tscore\r\n")


def test_compressed_they_are_the_same(tmp_path):
    for name in ("out.jsonl", "out.csv"):
        assert gzip.decompress(written(tmp_path, f"{name}.gz")) == written(tmp_path, name)


def test_a_stream_gets_json_lines():
    assert choose_list_format("-").head == b""


@pytest.mark.parametrize("name", ["out.parquet", "out.sqlite"])
def test_other_formats_are_refused(tmp_path, name):
    with pytest.raises(InputError, match="lists of items are not written as"):
        choose_list_format(str(tmp_path / name))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        choose_list_format(str(tmp_path / "none" / "out.csv"))
