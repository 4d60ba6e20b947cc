import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from xmlrec.batch.outcome import Part
from xmlrec.batch.store import Shard, open_store, parts_folder
from xmlrec.batch.tally import Tally
from xmlrec.errors import InputError, OptionError

FACTS = {"catalog": "c", "model": "m", "settings": "s"}


@pytest.fixture
def out(tmp_path):
    return str(tmp_path / "out.jsonl")


def part(results, rejects=b"", n_ok=1):
    return Part(results, rejects, Tally(Counter(ok=n_ok)))


def contents(paths):
    return [path.read_bytes() for path in paths]


def test_parts_come_back_in_the_order_of_the_catalog(out):
    with open_store(out, FACTS) as store:
        store.add(2, [part(b"c")])
        store.add(0, [part(b"a", b"r0"), part(b"b", b"r1")])
        store.add(1, [part(b"", b"r2", n_ok=0)])

    with open_store(out, FACTS) as store:
        assert [number in store for number in range(4)] == [True, True, True, False]
        assert contents(store.results()) == [b"a", b"b", b"c"]
        assert contents(store.rejects()) == [b"r0r1", b"r2"]
        assert store.tally == Tally(Counter(ok=3))
        store.remove()
    assert not parts_folder(out).exists()


def test_a_run_that_did_nothing_leaves_nothing(out):
    with open_store(out, FACTS):
        assert parts_folder(out).exists()
    assert not parts_folder(out).exists()


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_line_that_a_kill_cut_off_does_not_count(out, cut):
    with open_store(out, FACTS) as store:
        store.add(0, [part(b"a")])
        store.add(1, [part(b"b")])
    journal = parts_folder(out) / "journal.jsonl"
    os.truncate(journal, journal.stat().st_size - cut)

    with open_store(out, FACTS) as store:
        assert (0 in store, 1 in store) == (True, False)
        store.add(1, [part(b"B")])
    with open_store(out, FACTS) as store:
        assert contents(store.results()) == [b"a", b"B"]
        assert store.tally.n_rows == 2


@pytest.mark.parametrize("damage", [b"x", b"", None])
def test_a_part_that_is_damaged_or_gone_is_done_again(out, damage, caplog):
    with open_store(out, FACTS) as store:
        store.add(0, [part(b"a")])
        store.add(1, [part(b"b")])
    file = parts_folder(out) / "00000000-0.part"
    file.unlink() if damage is None else file.write_bytes(damage)

    with open_store(out, FACTS) as store:
        assert (0 in store, 1 in store) == (False, True)
        assert store.tally.n_rows == 1
    assert "part 0 is damaged; done again" in caplog.text


@pytest.mark.parametrize("name", FACTS)
def test_parts_of_another_run_are_not_gone_on_from(out, name):
    with open_store(out, FACTS) as store:
        store.add(0, [part(b"a")])
    with (
        pytest.raises(InputError, match=f"an unfinished run with another {name}; .* --restart"),
        open_store(out, FACTS | {name: "x"}),
    ):
        pass

    with open_store(out, FACTS | {name: "x"}, restart=True) as store:
        assert 0 not in store
        assert store.tally.n_rows == 0


def test_a_run_that_was_killed_before_it_said_what_it_is_counts_for_nothing(out):
    parts_folder(out).mkdir()
    (parts_folder(out) / "run.json.new").write_text("{")
    (parts_folder(out) / "00000000-0.part").write_text("x")

    with open_store(out, FACTS) as store:
        assert 0 not in store
        assert sorted(os.listdir(store.folder)) == ["LOCK", "journal.jsonl", "run.json"]


@pytest.mark.parametrize("name", ["mine.txt", "1.part", "run.json.bak"])
def test_a_folder_of_other_files_is_left_as_it_is(out, name):
    parts_folder(out).mkdir()
    (parts_folder(out) / name).write_text("mine")
    for restart in (False, True):
        with (
            pytest.raises(InputError, match=f"holds other files, such as {name}; name another"),
            open_store(out, FACTS, restart=restart),
        ):
            pass

    assert os.listdir(parts_folder(out)) == [name]


def test_two_runs_on_one_output_are_refused(out):
    with (
        open_store(out, FACTS),
        pytest.raises(InputError, match=rf"process {os.getpid()} on .+ is at work on it; wait"),
        open_store(out, FACTS),
    ):
        pass


HOLD = """
import sys, time
from xmlrec.batch.store import open_store
with open_store(sys.argv[1], {"catalog": "c", "model": "m", "settings": "s"}):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_lock_ends_with_its_process(out):
    command = [sys.executable, "-c", HOLD, out]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        refused = pytest.raises(InputError, match=f"process {other.pid} on .* is at work on it")
        with refused, open_store(out, FACTS):
            pass
        other.kill()

    with open_store(out, FACTS) as store:
        store.add(0, [part(b"a")])


def test_what_cannot_be_written_is_one_line(tmp_path):
    with (
        pytest.raises(InputError, match="its parts cannot be kept .No such file"),
        open_store(str(tmp_path / "no" / "out.jsonl"), FACTS),
    ):
        pass


def test_the_tally_survives_the_journal():
    tally = Tally(
        Counter(ok=2),
        Counter(NUL=1),
        Counter({7: 2}),
        [0] * 18 + [1, 1],
        n_words=9,
        n_known_words=5,
    )
    assert Tally.from_json(json.loads(json.dumps(tally.to_json()))) == tally


def test_shards_have_all_chunks_between_them():
    shards = [Shard.parse(f"{i}/3") for i in (1, 2, 3)]
    assert [[shard.has(number) for shard in shards].count(True) for number in range(10)] == [1] * 10
    assert [shard.name for shard in shards] == ["1-of-3", "2-of-3", "3-of-3"]


@pytest.mark.parametrize("text", ["", "0/3", "4/3", "1", "1/0", "-1/3", "a/b", "1/2/3", "1.5/3"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(OptionError, match="is no share; say 1/8 to 8/8"):
        Shard.parse(text)
