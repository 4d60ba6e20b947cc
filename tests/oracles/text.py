"""Text to features as its definition says it: strings, dictionaries and regular expressions."""

import math
import re
import unicodedata
from collections import Counter, defaultdict

from xmlrec.text import normalize_text

SPACELESS_NAMES = re.compile(
    r"CJK (UNIFIED|COMPATIBILITY) IDEOGRAPH|HIRAGANA|KATAKANA|HENTAIGANA"
    r"|KATAKANA-HIRAGANA PROLONGED|VERTICAL (KANA|IDEOGRAPHIC)|IDEOGRAPHIC (ITERATION|CLOSING"
    r"|NUMBER)|HANGZHOU NUMERAL|MASU MARK|THAI |LAO |KHMER |MYANMAR "
)


def class_reference(char):
    """W: word, S: spaceless word, M: mark, i: ignored, dot: separator."""
    category = unicodedata.category(char)
    if category == "Cf" and char != "\u200b":
        return "i"
    if category[0] == "M":
        return "M"
    if category[0] in "LN":
        return "S" if SPACELESS_NAMES.match(unicodedata.name(char, "")) else "W"
    return "."


def runs_reference(text):
    """Every run of the normalised text as the list of its words."""
    chars = [char for char in normalize_text(text) if class_reference(char) != "i"]
    kinds = "".join(map(class_reference, chars))
    return [
        [
            "".join(chars[run.start() + word.start() : run.start() + word.end()])
            for word in re.finditer("W[WM]*|SM*", run[0])
        ]
        for run in re.finditer("[WS][WSM]*", kinds)
    ]


def grams_reference(text, block):
    """The n-grams of one text; those of characters as scikit-learn's ``char_wb`` makes them."""
    runs = runs_reference(text)
    if block.unit == "word":
        words = [word for run in runs for word in run]
        return [
            " ".join(words[i : i + n])
            for n in range(block.n_min, block.n_max + 1)
            for i in range(len(words) - n + 1)
        ]
    grams = []
    for run in runs:
        padded = f" {''.join(run)} "
        for n in range(block.n_min, block.n_max + 1):
            grams.extend(padded[i : i + n] for i in range(max(1, len(padded) - n + 1)))
            if len(padded) <= n:
                break
    return grams


def counts_reference(item, block, first_field):
    """The weighted count of every n-gram of an item."""
    values = {first_field: item} if isinstance(item, str) else item
    counts = Counter()
    for field, weight in zip(block.fields, block.field_weights, strict=True):
        for gram in grams_reference(values.get(field) or "", block):
            counts[gram] += weight
    return counts


def fit_reference(items, blocks):
    """For every block, the inverse document frequency of each n-gram that is frequent enough."""
    first_field = blocks[0].fields[0]
    vocabulary = []
    for block in blocks:
        n_items = Counter()
        for item in items:
            n_items.update(set(counts_reference(item, block, first_field)))
        vocabulary.append(
            {
                gram: math.log((1 + len(items)) / (1 + n)) + 1
                for gram, n in n_items.items()
                if n >= block.min_df
            }
        )
    return vocabulary


def transform_reference(item, vocabulary, blocks):
    """The features of an item: feature name to value."""
    row = defaultdict(float)
    for block, idf in zip(blocks, vocabulary, strict=True):
        counts = counts_reference(item, block, blocks[0].fields[0])
        values = {
            gram: (1 + math.log(count) if count > 1 else count) * idf[gram]
            for gram, count in counts.items()
            if gram in idf
        }
        norm = math.sqrt(sum(value**2 for value in values.values()))
        for gram, value in values.items():
            row[f"{block.name}|{gram}"] = block.weight * value / norm
    norm = math.sqrt(sum(value**2 for value in row.values()))
    return {name: value / norm for name, value in row.items()}
