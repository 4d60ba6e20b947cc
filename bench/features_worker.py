"""Fit and time one way of making features in a fresh process: ``features_worker JOB.json``.

The job names a text set, the maker (``xmlrec`` or ``scikit-learn``) and the threads; the answers
are ``measures.json`` and the features of the test rows, ``X.npz``, in the job's ``out`` folder.
"""

import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from bench.datasets import load_text_set
from bench.trainers import memory_mb
from xmlrec.text.blocks import NgramBlock
from xmlrec.text.features import TextFeatures
from xmlrec.text.presets import FAST_BLOCKS

N_RUNS = 5
SEPARATORS = re.compile(r"[\W_]+")

Items = Sequence[Mapping[str, str]]
Transform = Callable[[Items], sp.csr_array]


def fit_xmlrec(items: Items, threads: int) -> Transform:
    features = TextFeatures().fit(items, n_threads=threads)
    return partial(features.transform, n_threads=threads)


def fit_sklearn(items: Items, threads: int) -> Transform:
    """Fit the same blocks with scikit-learn; it has no threads here.

    It only lower-cases, where ours resolves entities and tags and normalises Unicode, and its word
    pairs span fields: less work for it, never more.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.preprocessing import Normalizer

    def vectorizer(block: NgramBlock) -> TfidfVectorizer:
        if len(set(block.field_weights)) > 1:
            raise SystemExit(f"block {block.name!r}: scikit-learn has no weights of fields")
        return TfidfVectorizer(
            preprocessor=partial(words_of, block.fields),
            analyzer={"word": "word", "char": "char_wb"}[block.unit],
            token_pattern=r"\S+",
            ngram_range=(block.n_min, block.n_max),
            min_df=block.min_df,
            sublinear_tf=True,
            dtype=np.float32,
        )

    union = FeatureUnion(
        [(block.name, vectorizer(block)) for block in FAST_BLOCKS],
        transformer_weights={block.name: block.weight for block in FAST_BLOCKS},
    )
    pipeline = make_pipeline(union, Normalizer(copy=False)).fit(items)
    return lambda items: sp.csr_array(pipeline.transform(items))


MAKERS = {"xmlrec": fit_xmlrec, "scikit-learn": fit_sklearn}


def words_of(fields: tuple[str, ...], item: Mapping[str, str]) -> str:
    text = " ".join(item[field] for field in fields)
    return SEPARATORS.sub(" ", text.lower())


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    texts, threads, out = load_text_set(job["set"]), job["threads"], Path(job["out"])
    fit = MAKERS[job["maker"]]
    fit(texts.train[:64], threads)(texts.test[:64])
    start = time.perf_counter()
    transform = fit(texts.train, threads)
    fit_s, fit_peak_mb = time.perf_counter() - start, memory_mb("VmHWM")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts again
    times = []
    for _ in range(N_RUNS):
        start = time.perf_counter()
        X = transform(texts.test)
        times.append(time.perf_counter() - start)
    measures = {
        "fit_s": fit_s,
        "transform_s": statistics.median(times),
        "fit_peak_mb": fit_peak_mb,
        "transform_peak_mb": memory_mb("VmHWM"),
    }
    (out / "measures.json").write_text(json.dumps(measures), encoding="utf-8")
    sp.save_npz(out / "X.npz", X, compressed=False)


if __name__ == "__main__":
    main(sys.argv[1])
