"""What holds for every format."""

import os
import pickle
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.xmlrec.batch.formats.files import (
    KINDS,
    NAMES,
    abstained,
    answered,
    read_rows,
    write_output,
    write_parts,
)
from xmlrec.batch.formats import choose_format
from xmlrec.errors import InputError

ROOT = Path(__file__).parents[4]
AWKWARD = [
    "00123", "1" * 30, "1e5", "-5", "NaN", "null", "true", "", " ", "a\0b", 'a"b', "a\nb", "a\r\nb",
    "a,b;c\td", "'", "=1+1", "é😀\u202e\u200d\u2028", "x" * 10_000,
]  # fmt: skip
flat_and_not = pytest.mark.parametrize("flat", [False, True], ids=["whole", "flat"])


@flat_and_not
@pytest.mark.parametrize("name", NAMES)
def test_rows_come_back_in_order_whatever_the_parts(tmp_path, name, flat):
    rows = [answered("b"), abstained("a"), answered("c"), answered("a")]
    write_output(tmp_path / name, rows[:1], [], rows[1:], flat=flat)
    assert [row["id"] for row in read_rows(tmp_path / name)] == ["b", "a", "c", "a"]
    assert [row["status"] for row in read_rows(tmp_path / name)] == ["ok", "abstain", "ok", "ok"]
    assert sorted(os.listdir(tmp_path)) == [name, "parts"]


@flat_and_not
@pytest.mark.parametrize("name", NAMES)
def test_ids_and_carried_texts_stay_as_they_are(tmp_path, name, flat):
    rows = [answered(text, {"Brand": text}) for text in AWKWARD]
    write_output(tmp_path / name, rows, carried=("Brand",), flat=flat)
    back = read_rows(tmp_path / name)
    assert [row["id"] for row in back] == AWKWARD
    carried = [row["Brand"] if "Brand" in row else row["input"]["Brand"] for row in back]
    assert carried == AWKWARD


@flat_and_not
@pytest.mark.parametrize("parts", [(), ([],)], ids=["no part", "an empty part"])
@pytest.mark.parametrize("name", NAMES)
def test_no_rows_give_a_valid_empty_file(tmp_path, name, parts, flat):
    write_output(tmp_path / name, *parts, flat=flat, carried=("Brand",))
    assert read_rows(tmp_path / name) == []


@pytest.mark.parametrize("name", ["out.jsonl.gz", "out.csv.gz"])
def test_gzip_takes_an_empty_file_for_valid(tmp_path, name):
    write_output(tmp_path / name)
    subprocess.run(["gzip", "--test", tmp_path / name], check=True)


@pytest.mark.parametrize("name", KINDS)
def test_half_surrogate_pairs_are_escaped_and_everything_else_stays(tmp_path, name):
    row = answered("a\ud800\\b", {"col\udfff": "\udc00é"})
    write_output(tmp_path / name, [answered("1"), row], carried=("col\udfff",))
    first, back = read_rows(tmp_path / name)
    assert first["id"] == "1"
    if "json" in name:  # where the escape is the character
        assert (back["id"], back["input"]) == (row["id"], row["input"])
    else:
        assert (back["id"], back["col\\udfff"]) == ("a\\ud800\\b", "\\udc00é")


OTHER_PROCESS = """
import pathlib, pickle, sys
for results, parts, path in pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()):
    for part, rows in parts:
        part.write_bytes(results.encode(rows))
    results.assemble([part for part, _ in parts], str(path))
"""


def test_another_process_makes_the_same_bytes(tmp_path):
    """Parts and output, by a process with other hashes of texts, from pickled formats."""
    rows = [answered(str(number), {"Brand": "x"}) for number in range(3000)]
    work, same = [], []
    for place, (name, flat) in enumerate(product(KINDS, [False, True])):
        here, there = tmp_path / f"{place}-here", tmp_path / f"{place}-there"
        here.mkdir()
        there.mkdir()
        results = choose_format(str(here / name), n_paths=2, carried=("Brand",), flat=flat)
        halves = [rows[:1000], rows[1000:]]
        parts = write_parts(here, results, halves)
        results.assemble(parts, str(here / name))
        others = [there / part.name for part in parts]
        work.append((results, list(zip(others, halves, strict=True)), there / name))
        same += zip([*parts, here / name], [*others, there / name], strict=True)
    (tmp_path / "work").write_bytes(pickle.dumps(work))
    command = [sys.executable, "-c", OTHER_PROCESS, tmp_path / "work"]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert [one for one, other in same if one.read_bytes() != other.read_bytes()] == []
    assert len(same) == 3 * 2 * len(KINDS)


@pytest.mark.parametrize("flat", [pytest.param(False, marks=pytest.mark.slow), True])
@pytest.mark.parametrize("name", [name for name in KINDS if not name.endswith(".gz")])
def test_large_part_comes_back_whole(tmp_path, name, flat):
    row = answered("x")
    rows = [{**row, "id": str(number)} for number in range(100_000)]
    write_output(tmp_path / name, rows, flat=flat)
    assert [row["id"] for row in read_rows(tmp_path / name)] == list(map(str, range(100_000)))


def interrupted(parts):
    yield from parts
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", KINDS)
def test_interrupt_leaves_the_file_of_the_run_before_and_nothing_else(tmp_path, name):
    (tmp_path / name).write_text("from the run before")
    results = choose_format(str(tmp_path / name), n_paths=2)
    parts = write_parts(tmp_path / "parts", results, [[answered("1")]])
    with pytest.raises(KeyboardInterrupt):
        results.assemble(interrupted(parts), str(tmp_path / name))
    assert (tmp_path / name).read_text() == "from the run before"
    assert sorted(os.listdir(tmp_path)) == [name, "parts"]


@pytest.mark.parametrize("name", KINDS)
def test_what_a_killed_process_left_goes_with_the_next(tmp_path, name):
    results = choose_format(str(tmp_path / name), n_paths=2)
    parts = write_parts(tmp_path / "parts", results, [[answered("1")]])
    (tmp_path / "work").write_bytes(pickle.dumps((results, parts)))
    code = (
        "import os, pickle, signal, sys\n"
        "def killed(parts):\n"
        "    yield from parts\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "results, parts = pickle.loads(open(sys.argv[1], 'rb').read())\n"
        "results.assemble(killed(parts), sys.argv[2])\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "work"), str(tmp_path / name)]
    assert subprocess.run(command, check=False, cwd=ROOT).returncode == -9
    assert len(os.listdir(tmp_path)) == 3  # parts, work, and what it left
    results.assemble(parts, str(tmp_path / name))
    assert sorted(os.listdir(tmp_path)) == sorted([name, "parts", "work"])


def noise(n_rows):
    return [answered(os.urandom(100).hex()) for _ in range(n_rows)]


@pytest.mark.parametrize("name", KINDS)
def test_file_that_outgrows_its_limit_is_one_clear_line_and_leaves_nothing(tmp_path, name):
    resource = pytest.importorskip("resource")
    results = choose_format(str(tmp_path / name), n_paths=2)
    parts = write_parts(tmp_path / "parts", results, [noise(2000), noise(2000)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(InputError, match=rf"{name}: it cannot be written \("):
            results.assemble(parts, str(tmp_path / name))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == ["parts"]


@pytest.mark.parametrize("name", KINDS)
def test_full_disk_is_one_clear_line_and_leaves_nothing(tmp_path, tiny_disk, name):
    results = choose_format(str(tiny_disk / name), n_paths=2)
    parts = write_parts(tmp_path / "parts", results, [noise(2000), noise(2000)])
    (tiny_disk / name).write_text("from the run before")
    with pytest.raises(InputError, match=rf"{name}: it cannot be written \(.*(full|left)"):
        results.assemble(parts, str(tiny_disk / name))
    assert os.listdir(tiny_disk) == [name]
    assert (tiny_disk / name).read_text() == "from the run before"


@pytest.mark.parametrize("name", KINDS)
def test_part_that_is_missing_is_named(tmp_path, name):
    results = choose_format(str(tmp_path / name), n_paths=2)
    with pytest.raises(InputError, match="00007"):
        results.assemble([tmp_path / "00007"], str(tmp_path / name))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", KINDS)
def test_file_has_the_usual_permissions_and_a_link_stays(tmp_path, name):
    (tmp_path / "plain").write_text("")
    (tmp_path / name).symlink_to(tmp_path / "target")
    write_output(tmp_path / name, [answered("1")])
    assert (tmp_path / name).is_symlink()
    assert (tmp_path / "target").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("name", KINDS)
def test_odd_folder_names_are_no_trouble(tmp_path, name):
    folder = tmp_path / "a ?#%41é\udcff[b]*"  # the last but one is a byte that is not UTF-8
    folder.mkdir()
    write_output(folder / name, [answered("1")])
    assert [row["id"] for row in read_rows(folder / name)] == ["1"]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=15, deadline=None)  # each example writes six files
@given(st.lists(st.tuples(texts, texts), max_size=6), st.integers(0, 6), st.booleans())
def test_any_text_survives_every_format(tmp_path_factory, pairs, cut, flat):
    rows = [answered(row_id, {"Brand": brand}) for row_id, brand in pairs]
    for name in KINDS:
        path = tmp_path_factory.mktemp("texts") / name
        write_output(path, rows[:cut], rows[cut:], carried=("Brand",), flat=flat)
        back = read_rows(path)
        assert [row["id"] for row in back] == [row_id for row_id, _ in pairs]
        brands = [row["Brand"] if "Brand" in row else row["input"]["Brand"] for row in back]
        assert brands == [brand for _, brand in pairs]
