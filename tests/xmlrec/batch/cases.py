"""A small catalog to run, and requests at which whoever answers them dies or hangs."""

import json
import os
import signal
import time
from pathlib import Path

from tests.xmlrec.models.shop import fit_shop, shop_items
from xmlrec.batch import Job, Request, categorize_catalog, choose_format
from xmlrec.batch.answering import Answerer
from xmlrec.catalog import CatalogSettings


class FaultyRequest(Request):
    """A row titled DIE kills the process that works on it, one titled HANG takes a minute.

    Every process that opens the model writes a line to a file beside it.
    """

    def open(self, n_threads):
        with self.model.with_name("opened").open("a") as file:
            file.write(f"{os.getpid()}\n")
        return FaultyAnswerer(self, n_threads)


class FaultyAnswerer(Answerer):
    def __call__(self, chunk):
        titles = {row.fields["title"] for row in chunk.rows}
        if "DIE" in titles:
            os.kill(os.getpid(), signal.SIGKILL)
        if "HANG" in titles:
            time.sleep(60)
        return super().__call__(chunk)


def save_shop(folder):
    """Save a model of the shop; return its folder and its name."""
    classifier = fit_shop(preset="fast")
    classifier.save(folder)
    return folder, classifier.model_name_


def write_catalog(path, titles):
    """Write a catalog of the shop's items whose first rows are titled as ``titles`` say."""
    items = shop_items()
    rows = [{**item, "title": title} for item, title in zip(items, titles, strict=False)]
    rows += [dict(item) for item in items[len(rows) :]]
    for row in rows:
        del row["paths"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def make_job(model, source, out, **options):
    folder, name = model
    return Job(
        sources=(str(source),),
        settings=CatalogSettings(),
        request=FaultyRequest(
            model=folder, model_name=name, format=choose_format(str(out), n_paths=3)
        ),
        out=str(out),
        **options,
    )


def run(job, start, on_part=lambda tally, reader: None):
    return categorize_catalog(job, start, on_reject=lambda reject: None, on_part=on_part)


def rejects_of(out):
    return [json.loads(line) for line in Path(f"{out}.rejects.jsonl").read_text().splitlines()]
