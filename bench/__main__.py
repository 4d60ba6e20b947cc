"""Measure and print: ``python -m bench [case ...] [--save]``."""

import argparse
import dataclasses
import sys

from bench import results
from bench.cases import (
    accuracy,
    audit,
    calibration,
    categorize,
    challenge,
    encoders,
    features,
    given,
    growth,
    kills,
    presets,
    recommend,
    recommend_paths,
    scale,
    trees,
    zero_shot,
)
from bench.datasets import SPARSE_SETS, TEXT_SETS
from bench.generated import GENERATED_SETS
from bench.options import Options
from bench.peers import BenchError
from bench.recommend_sets import RECOMMEND_SETS

CASES = {
    "accuracy": accuracy.run,
    "accurate": presets.run_accurate,
    "audit": audit.run,
    "calibration": calibration.run,
    "categorize": categorize.run,
    "challenge": challenge.run,
    "encoders": encoders.run,
    "features": features.run,
    "given": given.run,
    "growth": growth.run,
    "kills": kills.run,
    "presets": presets.run,
    "recommend": recommend.run,
    "recommend_paths": recommend_paths.run,
    "scale": scale.run,
    "trees": trees.run,
    "zero_shot": zero_shot.run,
}
PLOTS = {"scale": scale.draw}
QUICK_SETS = ("onet-tasks", "bibtex", trees.SMALL_SET, "completejourney")
QUICK = Options(sets=QUICK_SETS, n_seeds=1, n_repetitions=1)


def main(arguments: list[str] | None = None) -> int:
    asked = parse(arguments)
    if asked.markdown:
        print("\n\n".join(results.saved_markdown(case) for case in asked.case))
        return 0
    facts = results.circumstances()
    print("\n".join(f"{name}: {fact}" for name, fact in facts.items()), flush=True)
    for case in asked.case:
        try:
            tables = CASES[case](options(asked))
        except BenchError as error:
            print(f"bench {case}: {error}", file=sys.stderr)
            return 1
        print("\n" + "\n\n".join(table.to_text() for table in tables), flush=True)
        if asked.save:
            print(f"\nsaved {results.save(case, facts, tables)}", file=sys.stderr)
            if case in PLOTS:
                PLOTS[case](tables)
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("case", nargs="*", help=f"of {', '.join(CASES)}; all if none is named")
    parser.add_argument("--save", action="store_true", help="write bench/results/<case>.json")
    parser.add_argument("--markdown", action="store_true", help="print the saved results, no run")
    parser.add_argument("--quick", action="store_true", help="one small set of a kind, one run")
    parser.add_argument("--fresh", action="store_true", help="measure the peers again")
    parser.add_argument("--slow-peers", action="store_true", help="with peers that take minutes")
    parser.add_argument(
        "--accurate",
        action="store_true",
        help="calibration, recommend, recommend_paths, zero_shot: also the preset accurate; needs "
        "torch, hours without a GPU",
    )
    parser.add_argument(
        "--large", action="store_true", help=f"with {trees.LARGE_SET}, which takes long"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="sets",
        choices=list(dict.fromkeys(TEXT_SETS + SPARSE_SETS + GENERATED_SETS + RECOMMEND_SETS)),
        help="only this data set (may be repeated)",
    )
    asked = parser.parse_args(arguments)
    asked.case = asked.case or list(CASES)
    unknown = [case for case in asked.case if case not in CASES]
    if unknown:
        parser.error(f"no case {unknown[0]!r}; there are {', '.join(CASES)}")
    if asked.quick and asked.save:
        parser.error("--quick is a trial run; its figures are not for --save")
    if trees.LARGE_SET in asked.sets and not asked.large:
        parser.error(f"--set {trees.LARGE_SET} needs --large")
    return asked


def options(asked: argparse.Namespace) -> Options:
    base = QUICK if asked.quick else Options()
    return dataclasses.replace(
        base,
        sets=tuple(asked.sets) or base.sets,
        fresh=asked.fresh,
        slow_peers=asked.slow_peers,
        large=asked.large,
        accurate=asked.accurate,
    )


if __name__ == "__main__":
    sys.exit(main())
