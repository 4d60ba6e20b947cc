import json

import pytest

from tests.xmlrec.batch.conftest import chunk_of
from xmlrec.batch.chunks import Chunk
from xmlrec.batch.outcome import Failure, Part
from xmlrec.batch.pieces import Pieces
from xmlrec.batch.tally import Tally
from xmlrec.catalog import Fault


def answer(chunk):
    """Answer like a worker that raises at BAD, dies at DIE, and takes no more than six rows."""
    titles = [row.fields["title"] for row in chunk.rows]
    if "DIE" in titles:
        return Failure(Fault.WORKER_DIED, "dead")
    if "BAD" in titles:
        return Failure(Fault.FAILED, "bad")
    if len(titles) > 6:
        return Failure(Fault.WORKER_DIED, "too many")
    return Part(" ".join(titles).encode(), b"", Tally())


def settle(chunks):
    """Return the results and rejects of each chunk, and how often something was answered."""
    pieces, found, n_answers = Pieces(), {}, 0
    waiting = iter(chunks)
    while True:
        for chunk in pieces.before(waiting):
            n_answers += 1
            if parts := pieces.take(chunk, answer(chunk)):
                rejects = b"".join(part.rejects for part in parts).splitlines()
                codes = [(json.loads(line)["code"], json.loads(line)["line"]) for line in rejects]
                words = b" ".join(part.results for part in parts).decode().split()
                found[chunk.number] = words, codes
        if not pieces.has_more:
            return found, n_answers


@pytest.mark.parametrize("place", range(5))
def test_only_the_row_at_fault_is_rejected(place):
    titles = list("abcd")
    titles.insert(place, "BAD")
    found, _ = settle([chunk_of("xy", 7), chunk_of(titles, 8)])

    assert found == {7: (["x", "y"], []), 8: (list("abcd"), [("FAILED", place + 2)])}


def test_a_row_at_which_workers_die_is_tried_twice_and_rejected():
    found, n_answers = settle([chunk_of(["a", "DIE"])])

    assert found == {0: (["a"], [("WORKER_DIED", 3)])}
    assert n_answers == 2 + 1 + 2  # the chunk twice, then its halves, the second of them twice


def test_rows_that_are_too_many_together_are_answered_in_halves():
    found, _ = settle([chunk_of("abcdefghijklm")])
    assert found == {0: (list("abcdefghijklm"), [])}


def test_every_row_may_be_at_fault():
    found, _ = settle([chunk_of(["BAD", "DIE", "BAD"])])
    assert found == {0: ([], [("FAILED", 2), ("WORKER_DIED", 3), ("FAILED", 4)])}


def test_rejects_of_reading_stay_with_a_chunk_that_failed():
    from xmlrec.catalog import Reject

    chunk = chunk_of(["BAD", "a"])
    before = Reject("shop.csv", 1, 0, Fault.FIELD_COUNT, "5 fields", "x")
    rejects = []
    pieces = Pieces()
    waiting = iter([Chunk(0, chunk.rows, (before,))])
    for piece in pieces.before(waiting):
        outcome = answer(piece)
        if isinstance(outcome, Part):
            lines = "".join(reject.to_json() + "\n" for reject in piece.rejects).encode()
            outcome = Part(outcome.results, lines, outcome.tally)
        for part in pieces.take(piece, outcome):
            rejects += [json.loads(line)["code"] for line in part.rejects.splitlines()]

    assert rejects == ["FIELD_COUNT", "FAILED"]
