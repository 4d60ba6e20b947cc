import json
import pickle
from dataclasses import dataclass, replace
from functools import partial

import pytest

from xmlrec.batch import (
    SessionJob,
    SessionReading,
    SessionRequest,
    answer_sessions,
    choose_list_format,
    open_local,
)
from xmlrec.batch.executors import InProcess
from xmlrec.batch.sessions import SessionRow
from xmlrec.catalog import CatalogSettings, Fault, Reject
from xmlrec.errors import InputError

SESSIONS = [(f"s{number}", [f"i{number}", "z"]) for number in range(23)]
REJECT = Reject("events.csv", 3, 20, Fault.BAD_ID, "the id of the item is empty", "s1,")


@dataclass(frozen=True)
class Backwards:
    """Answers a session with its items, the last first; one that holds BAD it cannot stand."""

    model_name: str = "backwards@1"
    k: int = 2

    def choices(self):
        return {"k": self.k}

    def open(self, n_threads):
        return self.answer

    def answer(self, sessions):
        return [self.row(name, items) for name, items in sessions.items()]

    def row(self, name, items):
        if "BAD" in items:
            raise ZeroDivisionError("no such item")
        listed = [{"item_id": item, "score": 0.5} for item in items[::-1][: self.k]]
        reason = None if len(listed) == self.k else "too few"
        return {"id": name, "items": listed, "n_unknown": 0, "reason": reason}


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job in chunks of 5 sessions."""
    monkeypatch.setattr("xmlrec.batch.chunks.SESSIONS_PER_CHUNK", 5)
    events, out = tmp_path / "events.csv", str(tmp_path / "out.jsonl")
    events.write_text("session_id,item_id\n")
    return SessionJob(
        sources=(str(events),),
        settings=CatalogSettings(),
        request=SessionRequest(asked=Backwards(), format=choose_list_format(out)),
        out=out,
    )


def in_process(request, *, is_small):
    return InProcess(request, n_threads=1)


def answer(job, sessions=SESSIONS, *, start=in_process, rejects=(), on_part=None):
    reading = SessionReading(iter(sessions), len(sessions), rejects, "events.csv")
    return answer_sessions(job, reading, start, on_part=on_part or (lambda tally, reading: None))


def rows_of(job):
    with open(job.out, encoding="utf-8") as lines:
        return list(map(json.loads, lines))


def rejects_of(job):
    with open(f"{job.out}.rejects.jsonl", encoding="utf-8") as lines:
        return [(row["code"], row["line"]) for row in map(json.loads, lines)]


def test_every_session_is_answered_once_and_in_order(job):
    shares = []
    tally = answer(job, on_part=lambda tally, reading: shares.append(reading.share_read))

    assert [row["id"] for row in rows_of(job)] == [name for name, _ in SESSIONS]
    assert tally.by_status == {"whole": 23}
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_processes_give_the_same_bytes(job, tmp_path):
    answer(job)
    several = replace(job, out=str(tmp_path / "several.jsonl"))
    answer(several, start=partial(open_local, n_threads=2, has_transformer=False))

    assert (tmp_path / "several.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()


def test_what_was_rejected_before_is_kept_with_what_fails(job):
    sessions = [*SESSIONS[:6], ("worse", ["a", "BAD"]), *SESSIONS[6:]]
    tally = answer(job, sessions, rejects=[REJECT])

    assert rejects_of(job) == [("BAD_ID", 3), ("FAILED", 7)]
    assert tally.rejected == {"BAD_ID": 1, "FAILED": 1}
    assert [row["id"] for row in rows_of(job)] == [name for name, _ in SESSIONS]


def test_a_run_that_stopped_goes_on_without_doing_anything_again(job):
    answered = []

    def stop(tally, reading):
        answered.append(tally.n_rows)
        if len(answered) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer(job, rejects=[REJECT], on_part=stop)
    tally = answer(job, rejects=[REJECT], on_part=lambda tally, _: answered.append(tally.n_rows))

    assert answered == [5, 5, 5, 5, 3]
    assert (tally.n_rows, rejects_of(job)) == (23, [("BAD_ID", 3)])
    assert [row["id"] for row in rows_of(job)] == [name for name, _ in SESSIONS]


@pytest.mark.parametrize(
    ("asked", "what"),
    [(Backwards(k=1), "settings"), (Backwards(model_name="backwards@2"), "model")],
)
def test_another_run_is_not_gone_on_from(job, asked, what):
    def stop(tally, reading):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer(job, on_part=stop)
    other = replace(job, request=SessionRequest(asked=asked, format=job.request.format))

    with pytest.raises(InputError, match=f"an unfinished run with another {what}; "):
        answer(other)
    assert answer(replace(other, restart=True)).n_rows == 23


def test_short_lists_are_counted(job):
    assert answer(job, [("s", ["a"]), ("t", ["a", "b"])]).by_status == {"short": 1, "whole": 1}


def test_a_session_travels_as_it_is():
    (chunk,) = SessionReading([("s", ["a", "b"])], 1, [REJECT], "events.csv").chunks()

    assert chunk.rows == (SessionRow("s", ("a", "b"), 1, "events.csv"),)
    assert pickle.loads(pickle.dumps(chunk)) == chunk
