import json
import random
import sys

import pytest

from bench.batch import Command
from bench.batch_peers import script_answer
from bench.cases.kills import WORK_SHARE, check_every_row, is_same, longest_run, run_killed
from bench.peers import BenchError

GO_ON = """
import os, sys, time
out, n_parts = sys.argv[1], int(sys.argv[2])
for part in range(n_parts):
    if not os.path.exists(f"{out}.{part}"):
        time.sleep(0.02)
        open(f"{out}.{part}", "w").close()
open(out, "w").write("done")
"""


def command(out, n_parts):
    return Command([sys.executable, "-c", GO_ON, str(out), str(n_parts)])


def test_command_is_killed_so_many_times_and_then_done(tmp_path):
    out = tmp_path / "out"

    outcome = run_killed(
        command(out, 60), tmp_path / "log", n_kills=5, longest_s=0.2, rng=random.Random(0)
    )

    assert outcome.n_kills == 5
    assert out.read_text() == "done"
    assert outcome.last_s < outcome.all_s


def test_command_that_is_done_before_is_not_run_again(tmp_path):
    outcome = run_killed(
        command(tmp_path / "out", 0),
        tmp_path / "log",
        n_kills=9,
        longest_s=60,
        rng=random.Random(0),
    )

    assert outcome.n_kills == 0


def test_run_that_fails_by_itself_is_an_error(tmp_path):
    fails = Command([sys.executable, "-c", "raise SystemExit('another run has the lock')"])

    with pytest.raises(BenchError, match="another run has the lock"):
        run_killed(fails, tmp_path / "log", n_kills=9, longest_s=60, rng=random.Random(0))


def test_even_draw_up_to_the_longest_run_does_its_share_of_the_work():
    start_s, work_s, n_kills = 1.5, 60.0, 100
    longest_s = longest_run(start_s, work_s, n_kills)
    rng = random.Random(0)

    draws = [max(rng.uniform(0.0, longest_s) - start_s, 0.0) for _ in range(100_000)]

    assert n_kills * sum(draws) / len(draws) == pytest.approx(WORK_SHARE * work_s, rel=0.02)


def write_results(folder, answered, rejected):
    folder.mkdir(exist_ok=True)
    out = folder / "out.jsonl"
    out.write_text("".join(json.dumps({"id": n, "paths": []}) + "\n" for n in answered))
    rejects = folder / "out.jsonl.rejects.jsonl"
    rejects.write_text("".join(json.dumps({"raw": f"{n},Saw,,more"}) + "\n" for n in rejected))
    return out


def test_every_row_is_answered_or_rejected(tmp_path):
    out = write_results(tmp_path / "out", ("000000000", "000000002"), ("000000001",))

    assert check_every_row(out, 3, script_answer) == 1


@pytest.mark.parametrize("rejected", [(), ("000000000",), ("000000001", "000000001")])
def test_row_that_is_missing_or_there_twice_is_an_error(rejected, tmp_path):
    out = write_results(tmp_path / "out", ("000000000", "000000002"), rejected)

    with pytest.raises(BenchError):
        check_every_row(out, 3, script_answer)


def test_other_rejects_are_another_result(tmp_path):
    one, same, other = (
        write_results(tmp_path / name, ("0",), rejected)
        for name, rejected in (("one", ("1",)), ("same", ("1",)), ("other", ("2",)))
    )

    assert is_same(one, same)
    assert not is_same(one, other)
