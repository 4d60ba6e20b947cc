"""Features of an item as words that people can read."""

from typing import Any, NamedTuple

import numpy as np

from xmlrec.text.blocks import NgramBlock
from xmlrec.text.features import TextFeatures
from xmlrec.text.normalize import normalize_text
from xmlrec.text.texts import Item, scan

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]


class Word(NamedTuple):
    """What a word of an item adds to a sum.

    Attributes
    ----------
    text : str
    unit : str
        "word", "words" for several in a row, or "letters": all n-grams of characters that are in
        this word of the item. One that is in several words counts in equal parts for each.
    value : float
    """

    text: str
    unit: str
    value: float


class ItemWords:
    """The words of one item by its features.

    Parameters
    ----------
    features : TextFeatures
    item : str or mapping of str to str
    """

    def __init__(self, features: TextFeatures, item: Item) -> None:
        self.features = features
        self._words = set[str]()
        self._runs: dict[str, dict[str, None]] = {}
        fields = {features.blocks[0].fields[0]: item} if isinstance(item, str) else item
        for block in features.blocks:
            for field in block.fields:
                words, runs = scanned_words(fields.get(field) or "", features)
                self._words.update(words)
                if block.unit == "char":
                    self._add_runs(block, runs)

    def shared(self, text: str) -> tuple[str, ...]:
        """Return the words of a text that the item has too, each once, in their order."""
        words, _ = scanned_words(text, self.features)
        return tuple(dict.fromkeys([word for word in words if word in self._words]))

    def _add_runs(self, block: NgramBlock, runs: list[str]) -> None:
        """Note which runs of characters the n-grams of a block are in."""
        for run in dict.fromkeys(runs):
            padded = f" {run} "
            for n in range(block.n_min, block.n_max + 1):
                for start in range(max(len(padded) - n, 0) + 1):
                    self._runs.setdefault(padded[start : start + n], {})[run] = None

    def weigh(self, features: IntArray, values: FloatArray) -> list[Word]:
        """Return the words that features (n,) of the item stand for; the sum of values (n,) stays.

        The largest values come first, equal ones by their text.
        """
        sums: dict[tuple[str, str], float] = {}
        starts = self.features.vocabulary_.block_starts
        blocks = np.searchsorted(starts, features, side="right") - 1
        names = self.features.feature_names(features)
        for name, number, value in zip(names, blocks.tolist(), values.tolist(), strict=True):
            block = self.features.blocks[number]
            gram = name[len(block.name) + 1 :]
            unit = "letters" if block.unit == "char" else "words" if " " in gram else "word"
            texts = list(self._runs.get(gram, [gram.strip()])) if unit == "letters" else [gram]
            for text in texts:
                sums[text, unit] = sums.get((text, unit), 0.0) + value / len(texts)
        words = [Word(text, unit, value) for (text, unit), value in sums.items()]
        return sorted(words, key=lambda word: (-word.value, word.text, word.unit))


def scanned_words(text: str, features: TextFeatures) -> tuple[list[str], list[str]]:
    """Return the words of a text, and its runs: words that nothing separates are in one."""
    scanned = scan([normalize_text(text)], features.classes_)
    chars = scanned.chars[: scanned.char_offsets[-1]].tobytes().decode("utf-32-le", "surrogatepass")
    n_words = int(scanned.word_offsets[-1])
    starts, stops = scanned.word_starts[:n_words].tolist(), scanned.word_stops[:n_words].tolist()
    return [chars[start:stop] for start, stop in zip(starts, stops, strict=True)], chars.split()
