"""What a request takes on one thread, with candidates and with all items."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from bench.recommend_peers import K
from bench.recommend_sets import EventSet, items_of
from xmlrec.recommend import SessionRecommender, Sessions
from xmlrec.recommend.answering import Answering
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.request import Request

N_REQUESTS, N_OF_ALL_ITEMS = 2_000, 200
N_WARM = 20

Given = TypeVar("Given")


def request_ms(ask: Callable[[Given], object], requests: Sequence[Given]) -> np.ndarray:
    """Return the milliseconds of each request, one after the other."""
    for request in requests[:N_WARM]:
        ask(request)
    times = np.empty(len(requests))
    gc.collect()
    gc.freeze()  # a server would not hold the data set, which takes long to look through
    with threadpool_limits(1):
        for number, request in enumerate(requests):
            start = time.perf_counter()
            ask(request)
            times[number] = time.perf_counter() - start
    gc.unfreeze()
    return 1000 * times


def p50_and_p99(times: np.ndarray) -> tuple[float, float]:
    p50, p99 = np.percentile(times, (50, 99)).tolist()
    return p50, p99


def spread(event_set: EventSet, n: int) -> list[list[int]]:
    """Return the histories of ``n`` queries, evenly spread, or of all if there are fewer."""
    queries = event_set.final.queries
    places = np.unique(np.linspace(0, len(queries) - 1, min(n, len(queries))).astype(int))
    return [items_of(queries[place]) for place in places.tolist()]


def recommend_ms(recommender: SessionRecommender, event_set: EventSet) -> np.ndarray:
    """Return the milliseconds of ``recommend([session])``; a session is a list of item ids."""
    sessions = [
        [event_set.item_ids[item] for item in history] for history in spread(event_set, N_REQUESTS)
    ]
    return request_ms(lambda session: recommender.recommend([session], K), sessions)


def all_items_ms(parts: Parts, event_set: EventSet) -> np.ndarray:
    """Return the milliseconds of what ``recommend`` does, if it were to score all items.

    Ids are not looked up, which takes microseconds.
    """
    limits = replace(parts.limits, budget=len(parts.items), mass=1.0)
    of_all, known = replace(parts, limits=limits), np.zeros(1, dtype=np.int32)
    sessions = [Sessions.of([history]) for history in spread(event_set, N_OF_ALL_ITEMS)]
    return request_ms(lambda one: Answering(of_all, Request(k=K), None)(one, known), sessions)


def evidence_ms(parts: Parts, event_set: EventSet) -> np.ndarray:
    """Return the milliseconds of the neighbours alone."""
    sessions = [Sessions.of([history]) for history in spread(event_set, N_REQUESTS)]
    return request_ms(lambda one: parts.neighbours.evidence(one, n_threads=1), sessions)
