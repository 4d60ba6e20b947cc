"""Compiled loops from code points to n-gram features: scan texts, hash n-grams, count, weigh.

An n-gram is known by a 64-bit key: a chain of multiply and xor-shift steps over its code points
(characters) or over the hashes of its words. Tables are open-addressed with linear probing, one
``uint64`` a slot: with ``2**b`` slots the low ``b`` bits of a key choose its slot, the high bits
are stored there above the feature. Two keys are taken for one if their high bits are equal and
their slots close, about as unlikely as equal keys: 1 in 10 million tables of a million n-grams.
"""

import math

import numpy as np
from numba import njit

SEPARATOR, WORD, MARK, SPACELESS, IGNORED = 0, 1, 2, 3, 4
SPACE = np.uint32(32)
EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
ABSORB = np.uint64(0x9E3779B97F4A7C15)
FINISH = np.uint64(0xD6E8FEB86659FD93)
HALF = np.uint64(32)
MANY = 40  # keys from which radix sort is faster than insertion sort
MOST_DIGIT_BITS = 10


@njit(cache=True, nogil=True)
def absorb(state, symbol):
    """Return the hash state after one more symbol."""
    state = (state ^ np.uint64(symbol)) * ABSORB
    return state ^ (state >> HALF)


@njit(cache=True, nogil=True)
def finish(state):
    """Return the key of a hash state, all of its bits well mixed."""
    state = state * FINISH
    return state ^ (state >> HALF)


@njit(cache=True, nogil=True)
def copy_word(codes, p, end, classes, chars, at, state):
    """Copy and hash ``codes[p]`` and the word characters right after it, if it is one."""
    is_word = classes[codes[p]] == WORD
    while True:
        chars[at] = codes[p]
        state = absorb(state, codes[p])
        p, at = p + 1, at + 1
        if not is_word or p == end or classes[codes[p]] != WORD:
            return p, at, state


@njit(cache=True, nogil=True)
def scan_texts(codes, offsets, classes, texts):
    """Fill ``texts`` with the words of every text ``codes[offsets[t]:offsets[t + 1]]``.

    Runs of word characters go to ``texts.chars`` with one space before, between and after them;
    a spaceless character with its marks is a word of its own inside its run.
    """
    at, word, state = 0, -1, np.uint64(0)
    for text in range(offsets.shape[0] - 1):
        texts.char_offsets[text], texts.word_offsets[text] = at, word + 1
        texts.chars[at] = SPACE
        at += 1
        last = SEPARATOR  # class of the character before, marks and ignored ones left out
        p, end = offsets[text], offsets[text + 1]
        while p < end:
            kind = classes[codes[p]]
            if last == SEPARATOR and kind != WORD and kind != SPACELESS or kind == IGNORED:
                p += 1
            elif kind == SEPARATOR:
                texts.chars[at] = SPACE
                p, at, last = p + 1, at + 1, kind
            else:
                if kind == SPACELESS or kind == WORD and last != WORD:
                    word, state = word + 1, np.uint64(0)
                    texts.word_starts[word] = at
                p, at, state = copy_word(codes, p, end, classes, texts.chars, at, state)
                texts.word_stops[word], texts.word_hashes[word] = at, state
                last = last if kind == MARK else kind
        if last != SEPARATOR:
            texts.chars[at] = SPACE
            at += 1
    texts.char_offsets[-1], texts.word_offsets[-1] = at, word + 1


@njit(cache=True, nogil=True)
def word_grams(texts, text, blocks, block, grams, spans):
    """Write the keys and word spans of a text's word n-grams; return how many."""
    n, n_min, n_max, seed = 0, blocks.n_min[block], blocks.n_max[block], blocks.seeds[block]
    stop = texts.word_offsets[text + 1]
    for first in range(texts.word_offsets[text], stop):
        state = seed
        for last in range(first, min(first + n_max, stop)):
            state = absorb(state, texts.word_hashes[last])
            if last - first + 1 >= n_min:
                grams[n] = finish(state)
                spans[n, 0], spans[n, 1] = first, last + 1
                n += 1
    return n


@njit(cache=True, nogil=True)
def char_grams(texts, text, blocks, block, grams, spans):
    """Write the keys and character spans of the n-grams of a text's runs; return how many."""
    n, n_min, n_max, seed = 0, blocks.n_min[block], blocks.n_max[block], blocks.seeds[block]
    begin, end = texts.char_offsets[text], texts.char_offsets[text + 1]
    while begin + 1 < end:
        stop = begin + 2
        while texts.chars[stop] != SPACE:
            stop += 1
        stop += 1
        n_least = min(n_min, stop - begin)  # a short run counts once, as a whole
        for first in range(begin, stop):
            state = seed
            for last in range(first, min(first + n_max, stop)):
                state = absorb(state, texts.chars[last])
                if last - first + 1 >= n_least:
                    grams[n] = finish(state)
                    spans[n, 0], spans[n, 1] = first, last + 1
                    n += 1
        begin = stop - 1
    return n


@njit(cache=True, nogil=True)
def text_grams(texts, text, blocks, block, grams, spans):
    """Write the n-grams of a text in the unit of the block; return how many."""
    if blocks.is_word[block]:
        return word_grams(texts, text, blocks, block, grams, spans)
    return char_grams(texts, text, blocks, block, grams, spans)


@njit(cache=True, nogil=True)
def find_slot(table, key):
    """Return the slot that holds ``key``, or the empty one where it belongs."""
    mask = np.uint64(table.shape[0] - 1)
    slot = key & mask
    while table[slot] != EMPTY and table[slot] ^ key > mask:
        slot = (slot + np.uint64(1)) & mask
    return slot


@njit(cache=True, nogil=True)
def fill_table(keys, table):
    """Enter ``keys[i]`` as number ``i`` into an empty table of at least twice as many slots."""
    mask = np.uint64(table.shape[0] - 1)
    for i in range(keys.shape[0]):
        table[find_slot(table, keys[i])] = (keys[i] & ~mask) | np.uint64(i)


@njit(cache=True, nogil=True)
def find_known(keys, table, is_known):
    """Fill ``is_known`` (n_keys,) with whether ``table`` has each key."""
    for i in range(keys.shape[0]):
        is_known[i] = table[find_slot(table, keys[i])] != EMPTY


@njit(cache=True, nogil=True)
def count_grams(grams, spans, n_grams, block, item, n_entries, counts):
    """Count the n-grams of an item, each once an item; return the new number of entries."""
    mask = np.uint64(counts.table.shape[0] - 1)
    for g in range(n_grams):
        slot = find_slot(counts.table, grams[g])
        if counts.table[slot] == EMPTY:
            counts.table[slot] = (grams[g] & ~mask) | np.uint64(n_entries)
            counts.keys[n_entries], counts.blocks[n_entries] = grams[g], block
            counts.n_items[n_entries], counts.last_item[n_entries] = 0, -1
            counts.spans[n_entries, 0], counts.spans[n_entries, 1] = spans[g, 0], spans[g, 1]
            n_entries += 1
        entry = counts.table[slot] & mask
        if counts.last_item[entry] != item:
            counts.last_item[entry] = item
            counts.n_items[entry] += 1
    return n_entries


@njit(cache=True, nogil=True)
def count_rows(texts, blocks, rows, n_items_before, n_entries, counts, grams, spans):
    """Count in how many rows each n-gram occurs; return the row reached and the entries in use.

    It stops at a row whose n-grams may not fit, to be called again from there with more room;
    what was counted of that row is not counted twice.
    """
    for row in range(rows[0], rows[1]):
        for block in range(blocks.n_min.shape[0]):
            for f in range(blocks.field_offsets[block], blocks.field_offsets[block + 1]):
                text = row * blocks.n_fields + blocks.fields[f]
                n_grams = text_grams(texts, text, blocks, block, grams, spans)
                if n_entries + n_grams > counts.keys.shape[0]:
                    return row, n_entries
                n_entries = count_grams(
                    grams, spans, n_grams, block, n_items_before + row, n_entries, counts
                )
    return rows[1], n_entries


@njit(cache=True, nogil=True)
def find_features(texts, row, blocks, vocabulary, scratch):
    """Write the features of a row's n-grams to ``scratch.found``, block by block.

    Those of a block lie between two ``scratch.block_offsets``. Each is ``feature <<
    n_suffix_bits | field``, both numbered within the block, so that sorting brings the
    occurrences of a feature together.
    """
    mask = np.uint64(vocabulary.table.shape[0] - 1)
    n = 0
    for block in range(blocks.n_min.shape[0]):
        scratch.block_offsets[block] = n
        first, n_suffix_bits = vocabulary.block_starts[block], blocks.n_suffix_bits[block]
        offset = blocks.field_offsets[block]
        for f in range(offset, blocks.field_offsets[block + 1]):
            text = row * blocks.n_fields + blocks.fields[f]
            n_grams = text_grams(texts, text, blocks, block, scratch.grams, scratch.spans)
            for g in range(n_grams):  # the reads that miss the cache, with no branch between
                scratch.entries[g] = vocabulary.table[scratch.grams[g] & mask]
            for g in range(n_grams):
                entry = scratch.entries[g]
                if entry != EMPTY and entry ^ scratch.grams[g] > mask:
                    entry = vocabulary.table[find_slot(vocabulary.table, scratch.grams[g])]
                if entry != EMPTY:
                    scratch.found[n] = (
                        np.int64(entry & mask) - first
                    ) << n_suffix_bits | f - offset
                    n += 1
    scratch.block_offsets[-1] = n


@njit(cache=True, nogil=True)
def insertion_sort(keys):
    """Sort ``keys`` in place; fast for a few."""
    for i in range(1, keys.shape[0]):
        key, p = keys[i], i
        while p > 0 and keys[p - 1] > key:
            keys[p] = keys[p - 1]
            p -= 1
        keys[p] = key


@njit(cache=True, nogil=True)
def radix_sort(keys, spare, starts):
    """Sort ``keys`` in place by digits of at most 10 bits, the lowest first."""
    used_bits = keys[0]
    for key in keys:
        used_bits |= key
    n_bits = 1
    while used_bits >> n_bits > 0:
        n_bits += 1
    n_digits = (n_bits + MOST_DIGIT_BITS - 1) // MOST_DIGIT_BITS
    n_digit_bits = (n_bits + n_digits - 1) // n_digits
    source, target = keys, spare
    for d in range(n_digits):
        shift, mask = d * n_digit_bits, (1 << n_digit_bits) - 1
        starts[: mask + 2] = 0
        for i in range(keys.shape[0]):
            starts[((source[i] >> shift) & mask) + 1] += 1
        for digit in range(mask):
            starts[digit + 1] += starts[digit]
        for i in range(keys.shape[0]):
            digit = (source[i] >> shift) & mask
            target[starts[digit]] = source[i]
            starts[digit] += 1
        source, target = target, source
    for i in range(keys.shape[0] if n_digits % 2 == 1 else 0):
        keys[i] = spare[i]


@njit(cache=True, nogil=True)
def weigh_block(found, block, blocks, vocabulary, indices, values):
    """Write the features of a block's sorted ``found`` and their TF-IDF, scaled to its weight."""
    n_suffix_bits = blocks.n_suffix_bits[block]
    field_weights = blocks.field_weights[blocks.field_offsets[block] :]
    first = vocabulary.block_starts[block]
    square, n, p = 0.0, 0, 0
    while p < found.shape[0]:
        feature = found[p] >> n_suffix_bits
        count = 0.0
        while p < found.shape[0] and found[p] >> n_suffix_bits == feature:
            count += field_weights[found[p] & ((1 << n_suffix_bits) - 1)]
            p += 1
        value = (1.0 + math.log(count) if count > 1.0 else count) * vocabulary.idf[first + feature]
        indices[n], values[n] = first + feature, value
        square += value * value
        n += 1
    scale = blocks.weights[block] / math.sqrt(square) if n > 0 else 0.0
    for i in range(n):
        values[i] *= scale
    return n


@njit(cache=True, nogil=True)
def transform_rows(texts, blocks, vocabulary, scratch, indptr, indices, values):
    """Write the features of every row: ``indptr`` (n_rows + 1), ``indices`` and ``values``."""
    indptr[0] = 0
    for row in range(indptr.shape[0] - 1):
        find_features(texts, row, blocks, vocabulary, scratch)
        n, square = indptr[row], 0.0
        for block in range(blocks.n_min.shape[0]):
            found = scratch.found[scratch.block_offsets[block] : scratch.block_offsets[block + 1]]
            if found.shape[0] < MANY:
                insertion_sort(found)
            else:
                radix_sort(found, scratch.spare, scratch.starts)
            n += weigh_block(found, block, blocks, vocabulary, indices[n:], values[n:])
            square += blocks.weights[block] ** 2 if found.shape[0] > 0 else 0.0
        scale = 1.0 / math.sqrt(square) if square > 0.0 else 0.0
        for i in range(indptr[row], n):
            values[i] *= scale
        indptr[row + 1] = n
