"""Explanations as lines for people."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xmlrec.models.explanation import Explanation, Rival, TreeEvidence, Words
    from xmlrec.text.words import Word

N_LISTED = 5
"""Words and terms in a list; JSON has more."""

SOURCES = {
    "search": "found by search",
    "pair": "not found by search",
    "last found": "not found, counts as the last one that was",
    "below the parent": "new, has that of all categories below its parent",
}


def explained(explanation: "Explanation") -> str:
    """Return an explanation as indented lines."""
    lines = [f"  why {explanation.path_text}", *term_lines(explanation)]
    lines += tree_lines(explanation.tree)
    if explanation.label_texts:
        lines += ["  texts of the category", *(f"    {text}" for text in explanation.label_texts)]
    if explanation.neighbours:
        lines.append("  nearest labelled items")
        lines += [f"    {each.cosine:6.3f}  {each.text}" for each in explanation.neighbours]
    lines += level_lines(explanation)
    if explanation.rival is not None:
        lines += rival_lines(explanation.rival)
    return "\n".join(lines)


def term_lines(explanation: "Explanation") -> Iterator[str]:
    """Yield the terms that are not 0, and their sum."""
    if explanation.found_as is not None:
        yield f"    found as {explanation.found_as}, which was merged into it"
    for term in explanation.terms:
        if term.value:
            line = f"    {term.name:<20}{term.score:8.3f} x{term.weight:8.3f} ={term.value:+9.3f}"
            words = word_list(term.words) if term.words else ""
            yield f"{line}  {words}".rstrip()
    yield f"    {'sum':<20}{'':8}  {'':8}  {explanation.fused:+9.3f}"
    if explanation.held_back:
        held = f"{explanation.held_back:+9.3f}  new, and leads by too little to come first"
        yield f"    {'held back':<20}{'':8}  {'':8}  {held}"


def tree_lines(tree: "TreeEvidence") -> Iterator[str]:
    """Yield the levels of the label trees."""
    yield f"  label trees: score {tree.score:.3g}, {SOURCES[tree.source]}"
    for number, path in enumerate(tree.trees, start=1):
        missed = "" if path.is_reached else ", not reached by the search"
        yield f"    tree {number}: score {path.score:.3g}{missed}"
        for depth, level in enumerate(path.levels, start=1):
            kept = f"{level.n_labels} label{'s' if level.n_labels > 1 else ''} left"
            within = f" in {level.within}" if level.within else ""
            yield (
                f"      level {depth}: margin {level.margin:+.3f} = words {level.words.total:+.3f}"
                f" and bias {level.bias:+.3f}; {kept}{within}"
            )
            yield f"        {word_list(level.words)}"


def level_lines(explanation: "Explanation") -> Iterator[str]:
    """Yield the categories of the path, with the words that the item shares with them."""
    yield "  words shared with the path"
    width = max(len(level.name) for level in explanation.levels)
    for level in explanation.levels:
        shared = ", ".join(level.shared) or "none"
        yield (
            f"    level {level.depth}: {level.name:<{width}}  "
            f"{shared} (cosine {level.words.total:.3f})"
        )


def rival_lines(rival: "Rival") -> Iterator[str]:
    """Yield where the best other category parts, and the terms that made the difference."""
    one, other = (name or "the path ends" for name in rival.names)
    yield f"  runner-up: {rival.path_text}, score {rival.score:.3f}, {rival.margin:.3f} behind"
    yield f"    they part at level {rival.depth}: {one} / {other}"
    yield f"    {differences(rival.terms)}"


def differences(terms: Mapping[str, float]) -> str:
    """Return the largest differences, and what the others come to."""
    by_size = sorted(terms.items(), key=lambda term: -abs(term[1]))
    parts = [f"{name} {value:+.3f}" for name, value in by_size[:N_LISTED] if is_shown(value)]
    rest = sum(value for _, value in by_size[N_LISTED:])
    return ", ".join([*parts, *([f"others {rest:+.3f}"] if is_shown(rest) else [])]) or "none"


def word_list(words: "Words") -> str:
    """Return words with what they add, the largest first, and what the others add."""
    every = sorted((*words.speaking_for, *words.against), key=lambda word: -abs(word.value))
    listed = sorted(every[:N_LISTED], key=lambda word: -word.value)
    parts = [f"{named(word)} {word.value:+.3f}" for word in listed if is_shown(word.value)]
    rest = words.total - sum(word.value for word in every[:N_LISTED])
    return ", ".join([*parts, *([f"others {rest:+.3f}"] if is_shown(rest) else [])]) or "no words"


def is_shown(value: float) -> bool:
    """Say whether a number has a digit that is printed."""
    return abs(value) >= 0.0005


def named(word: "Word") -> str:
    """Return a word, or whose letters these are."""
    return f"letters of {word.text}" if word.unit == "letters" else word.text
