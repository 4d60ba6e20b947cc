"""The next item of a session, ranked among all items: ours beside others on the same events.

All learn from the training events of a set and answer its queries, see `bench.recommend_sets`.
Ours run through the command line, on the files that a user would have.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bench.datasets import DataMissingError
from bench.options import Options
from bench.peers import THREADS
from bench.recommend_metrics import coverage, diversity, gains, interval, novelty
from bench.recommend_ours import ours
from bench.recommend_peers import Answers, K, answers_once, peers_of
from bench.recommend_sets import RECOMMEND_SETS, EventSet, load_recommend_set
from bench.table import Cell, Table, show

WITH_INTERVAL = ("HR@20", "MRR@20", "NDCG@10")
COLUMNS = (
    "set",
    "system",
    "HR@5",
    "HR@10",
    "HR@20",
    "+-",
    "MRR@20",
    "+-",
    "NDCG@10",
    "+-",
    "seeds +-",
    "coverage",
    "novelty",
    "diversity",
    "fit s",
    "ms a query",
    "measured",
)
AHEAD_COLUMNS = ("set", "ours", "best other", "measure", "ahead by", "from", "to", "is sure")
NOTES = (
    "Percent; +- is half of the 95 % interval over sessions, seeds +- the standard deviation of "
    f"HR@20. Coverage in percent of all items, novelty in bits, diversity 0 to 1: lists of {K}.",
    f"{THREADS} threads. Fit s: of ours, the whole command, with reading the files and saving.",
    "Every prefix of a session is a query (diginetica), or the last item of each history is asked "
    "and items of the history are not answers (amazon-sports; purchases of one day keep the "
    "file's order), or the first item after a date (completejourney).",
    "implicit: settings chosen on later training sessions. SASRec: one seed, at most 20 minutes, "
    "the epoch with the best validation loss. Published for it on amazon-sports, trained for up "
    "to 200 epochs with 256 negatives: NDCG@10 3.14, with other layers (eSASRec) 3.23.",
)

Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Scores:
    """What a system got on a set: of each query the mean over its runs."""

    system: str
    of_query: Mapping[str, np.ndarray]
    row: Row


def run(options: Options) -> list[Table]:
    """Return two tables: all systems, and how far ours are ahead of the best other."""
    every = Table(f"Next item, all items ranked, lists of {K}", COLUMNS)
    ahead = Table("Next item: ours less the best other, 95 % interval, paired", AHEAD_COLUMNS)
    for name in options.chosen(RECOMMEND_SETS):
        try:
            event_set = load_recommend_set(name)
        except DataMissingError as missing:
            every.notes.append(f"Skipped {missing}.")
            continue
        own = list(scored(our_runs(event_set, options), event_set, every))
        others = list(scored(other_runs(event_set, options, every.notes), event_set, every))
        ahead.rows += [row for scores in own for row in ahead_rows(event_set, scores, others)]
    every.notes += NOTES
    return [every, ahead]


def our_runs(event_set: EventSet, options: Options) -> Iterator[tuple[str, list[Answers]]]:
    """Yield the runs of each preset; `fast` has no randomness."""
    yield "xmlrec, fast", [ours(event_set, "fast")]
    if options.accurate:
        seeds = range(options.n_seeds)
        yield "xmlrec, accurate", [ours(event_set, "accurate", seed=seed) for seed in seeds]


def other_runs(
    event_set: EventSet, options: Options, notes: list[str]
) -> Iterator[tuple[str, list[Answers]]]:
    """Yield the one run of each other system."""
    for peer in peers_of(event_set):
        answers = answers_once(event_set, peer, fresh=options.fresh, run_slow=options.slow_peers)
        if answers is None:
            notes.append(f"Not measured, --slow-peers does: {peer.name} on {event_set.name}.")
            continue
        if answers.settings:
            facts = ", ".join(f"{name} {value}" for name, value in answers.settings.items())
            notes.append(f"{peer.name} ({peer.version()}) on {event_set.name}: {facts}.")
        yield peer.name, [answers]


def scored(
    systems: Iterator[tuple[str, list[Answers]]], event_set: EventSet, table: Table
) -> Iterator[Scores]:
    """Yield the scores of systems, and put their rows into the table."""
    for system, runs in systems:
        scores = scores_of(event_set, system, runs)
        print(*map(show, scores.row), file=sys.stderr, flush=True)
        table.rows.append(scores.row)
        yield scores


def scores_of(event_set: EventSet, system: str, runs: list[Answers]) -> Scores:
    """Return the means over the runs of a system."""
    split = event_set.final
    of_runs = [gains(answers.lists, split.targets) for answers in runs]
    of_query = {name: np.mean([run[name] for run in of_runs], axis=0) for name in of_runs[0]}
    cells: list[Cell] = []
    for name, values in of_query.items():
        cells.append(float(values.mean()))
        if name in WITH_INTERVAL:
            low, high = interval(values, split.sessions)
            cells.append((high - low) / 2)
    spread = float(np.std([run["HR@20"].mean() for run in of_runs], ddof=1)) if runs[1:] else None
    varied = [
        (
            coverage(answers.lists, len(event_set.item_ids)),
            novelty(answers.lists, split.train),
            diversity(answers.lists, event_set),
            answers.fit_s,
            answers.ms_a_query,
        )
        for answers in runs
    ]
    means = np.mean(varied, axis=0).tolist()
    return Scores(system, of_query, (event_set.name, system, *cells, spread, *means, runs[-1].day))


def ahead_rows(event_set: EventSet, own: Scores, others: list[Scores]) -> Iterator[Row]:
    """Yield a row a measure; the best other is that of the measure."""
    for name in WITH_INTERVAL:
        best = max(others, key=lambda other: other.of_query[name].mean())
        gain = own.of_query[name] - best.of_query[name]
        low, high = interval(gain, event_set.final.sessions)
        is_sure = "yes" if low > 0 or high < 0 else "no"
        yield event_set.name, own.system, best.system, name, float(gain.mean()), low, high, is_sure
