"""Word pieces: the right tokens, unknown words, limits, threads, forks."""

import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from tests.oracles.encode import word_pieces_reference
from tests.xmlrec.encode.cases import PIECES
from xmlrec.encode import WordPieces
from xmlrec.encode.kernels import MAX_WORD
from xmlrec.encode.tokens import BATCH_TEXTS, MAX_CHARS, MAX_TOKENS, UNKNOWN

POOL = WordPieces(PIECES)
TASKS = Path("/proc/self/task")


def split(tokens):
    """Return the pieces of each text."""
    indptr, numbers = tokens
    rows = [numbers[start:stop] for start, stop in zip(indptr, indptr[1:], strict=False)]
    return [[PIECES[number] for number in row] for row in rows]


def test_words_are_split_into_the_longest_pieces():
    assert split(POOL.tokenize(["Red shoes", "red-ab", "GARDEN hose"])) == [
        ["red", "shoe", "##s"],
        ["red", "-", "a", "##b"],
        ["garden", "hose"],
    ]


def test_accents_and_case_do_not_count():
    assert split(POOL.tokenize(["RÉD", "日日"])) == [["red"], ["日", "日"]]


def test_unknown_words_have_no_tokens():
    assert split(POOL.tokenize(["red unknown shoe", "", " ", "[UNK]", "🙂"])) == [
        ["red", "shoe"],
        [],
        [],
        [],
        [],
    ]


def test_names_of_special_tokens_are_plain_text():
    assert split(POOL.tokenize(["[SEP] red", "[PAD]"])) == [["red"], []]


def test_no_texts_have_no_tokens():
    indptr, tokens = POOL.tokenize([])

    assert (indptr.tolist(), tokens.tolist()) == ([0], [])


def test_the_arrays_have_the_types_of_csr():
    indptr, tokens = POOL.tokenize(["red"])

    assert (indptr.dtype, tokens.dtype) == (np.int64, np.int32)


def test_a_long_text_is_cut_at_the_limit_of_tokens():
    indptr, _ = POOL.tokenize(["a " * MAX_TOKENS, "a " * (MAX_TOKENS + 1), "b"])

    assert np.diff(indptr).tolist() == [MAX_TOKENS, MAX_TOKENS, 1]


def test_characters_beyond_the_limit_are_not_read():
    assert split(POOL.tokenize([" " * MAX_CHARS + "red", " " * (MAX_CHARS - 3) + "red"])) == [
        [],
        ["red"],
    ]


def test_a_lone_surrogate_leaves_the_other_texts_as_they_are():
    assert split(POOL.tokenize(["red \ud800 shoe", "hose"])) == [["red", "shoe"], ["hose"]]


def test_a_single_text_is_refused():
    with pytest.raises(TypeError, match="sequence of texts"):
        POOL.tokenize("red shoe")


@pytest.mark.parametrize("pieces", [["a", "a"], ["a", ""], ["a b"], ["[UNK]"], ["a", "\n"]])
def test_pieces_that_no_text_can_have_are_refused(pieces):
    with pytest.raises(ValueError, match="piece"):
        WordPieces(pieces)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="abs- ", max_size=12), max_size=4))
def test_tokens_match_the_reference(texts):
    expected = [word_pieces_reference(text, PIECES) for text in texts]

    indptr, tokens = POOL.tokenize(texts)

    assert np.diff(indptr).tolist() == [len(row) for row in expected]
    assert tokens.tolist() == sum(expected, [])


def test_tokens_do_not_depend_on_threads_or_batches():
    texts = ["red shoes " * (number % 7) + "ab" for number in range(2 * BATCH_TEXTS + 3)]
    one = POOL.tokenize(texts, n_threads=1)
    three = POOL.tokenize(texts, n_threads=3)

    assert [part.tobytes() for part in one] == [part.tobytes() for part in three]
    assert split(one) == [row for text in texts for row in split(POOL.tokenize([text]))]


def library(pieces):
    """Return the tokenizer of the library `tokenizers` with the same pieces."""
    numbers = {piece: number for number, piece in enumerate((*pieces, UNKNOWN))}
    tokenizer = Tokenizer(WordPiece(numbers, unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    return tokenizer


def read_by(tokenizer, text):
    ids = tokenizer.encode(text, add_special_tokens=False).ids[:MAX_TOKENS]
    return [number for number in ids if number < len(PIECES)]


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("abs -\t\0\u0301日é") | st.characters(codec="utf-8"), max_size=40))
def test_tokens_of_any_text_are_those_of_the_library(text):
    indptr, tokens = POOL.tokenize([text, "red"])

    assert tokens[: indptr[1]].tolist() == read_by(library(PIECES), text)


def test_every_character_is_read_as_the_library_reads_it():
    codes = [code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    texts = [f"a{chr(code)}b {chr(code)}" for code in codes]

    indptr, tokens = POOL.tokenize(texts)

    encodings = library(PIECES).encode_batch_fast(texts, add_special_tokens=False)
    expected = [[number for number in row.ids if number < len(PIECES)] for row in encodings]
    assert np.diff(indptr).tolist() == [len(row) for row in expected]
    assert tokens.tolist() == list(chain.from_iterable(expected))


def test_a_word_without_pieces_counts_as_a_token_at_the_limit():
    text = "unknown " * (MAX_TOKENS - 1) + "red a"

    assert split(POOL.tokenize([text])) == [["red"]]
    assert read_by(library(PIECES), text) == [PIECES.index("red")]


@pytest.mark.parametrize("length", [MAX_WORD, MAX_WORD + 1])
def test_a_word_is_as_long_as_the_library_allows(length):
    text = "a" + "b" * (length - 1)

    assert POOL.tokenize([text]).tokens.tolist() == read_by(library(PIECES), text)
    assert POOL.tokenize([text]).tokens.size == (length if length == MAX_WORD else 0)


def run_alone(code):
    """Run a program in which nothing is said about the threads of tokenizers."""
    environ = {key: os.environ[key] for key in os.environ if key != "TOKENIZERS_PARALLELISM"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environ
    )


@pytest.mark.skipif(not TASKS.is_dir(), reason="counts threads in /proc")
def test_one_thread_starts_no_others():
    code = (
        "import os\n"
        "from xmlrec.encode import WordPieces\n"
        "pieces = WordPieces(['a'])\n"
        f"before = len(os.listdir('{TASKS}'))\n"
        "pieces.tokenize(['a'] * 2000, n_threads=1)\n"
        f"print(len(os.listdir('{TASKS}')) - before)\n"
    )

    assert run_alone(code).stdout == "0\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_after_tokenizing_warns_of_nothing():
    code = (
        "import os\n"
        "from xmlrec.encode import WordPieces\n"
        "pieces = WordPieces(['a'])\n"
        "pieces.tokenize(['a'] * 2000, n_threads=2)\n"
        "child = os.fork()\n"
        "pieces.tokenize(['a'] * 2000, n_threads=1)\n"
        "child and os.waitpid(child, 0)\n"
    )
    done = run_alone(code)

    assert (done.returncode, done.stderr) == (0, "")
