"""Requests whose rows can bring about what no real row does on purpose."""

import os
import signal
import time
from pathlib import Path

from xmlrec.batch.answering import Answerer
from xmlrec.batch.request import Request


class FaultyRequest(Request):
    """Opens an answerer that does what the title of a row says."""

    def open(self, n_threads):
        return FaultyAnswerer(self, n_threads)


class FaultyAnswerer(Answerer):
    def _answer(self, chunk):
        for row in chunk.rows:
            order, _, argument = row.fields["title"].partition(" ")
            if order == "DIE":
                os.kill(os.getpid(), signal.SIGKILL)
            if order == "DIE_ONCE" and not Path(argument).exists():
                Path(argument).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if order == "HANG":
                time.sleep(600)
            if order == "RAISE":
                raise ZeroDivisionError("no such product")
        return super()._answer(chunk)
