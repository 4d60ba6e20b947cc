"""Answer a whole catalog, or sessions: in chunks, resumable, on one machine or on several."""

from xmlrec.batch.auditing import choose_audit_format
from xmlrec.batch.categorizing import Done, Job, categorize_catalog
from xmlrec.batch.drift import find_drift
from xmlrec.batch.executors import open_local
from xmlrec.batch.formats import choose_format, choose_list_format
from xmlrec.batch.on_dask import open_dask
from xmlrec.batch.request import Request
from xmlrec.batch.running import Start
from xmlrec.batch.sessions import SessionJob, SessionReading, SessionRequest, answer_sessions
from xmlrec.batch.store import Shard, parts_folder
from xmlrec.batch.tally import Tally

__all__ = [
    "Done",
    "Job",
    "Request",
    "SessionJob",
    "SessionReading",
    "SessionRequest",
    "Shard",
    "Start",
    "Tally",
    "answer_sessions",
    "categorize_catalog",
    "choose_audit_format",
    "choose_format",
    "choose_list_format",
    "find_drift",
    "open_dask",
    "open_local",
    "parts_folder",
]
