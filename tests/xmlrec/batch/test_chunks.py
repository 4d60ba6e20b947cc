import pickle

from tests.xmlrec.batch.conftest import chunk_of
from xmlrec.batch.chunks import Chunk
from xmlrec.catalog import Fault, Reject

REJECT = Reject("shop.csv", 1, 0, Fault.FIELD_COUNT, "5 fields", "x")


def test_a_chunk_travels_as_it_is():
    whole = chunk_of(["a", "b", "c"], 7)
    for chunk in (
        whole,
        *whole.halves(),
        Chunk(8, (), (REJECT,)),
        Chunk(9, whole.rows, (), 5, True),
    ):
        assert pickle.loads(pickle.dumps(chunk)) == chunk


def test_halves_are_the_whole():
    chunk = Chunk(3, chunk_of("abcde").rows, (REJECT,), start=10)
    first, second = chunk.halves()

    assert first.rows + second.rows == chunk.rows
    assert (first.start, second.start) == (10, 12)
    assert (first.rejects, second.rejects) == ((REJECT,), ())
