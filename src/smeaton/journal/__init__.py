"""The journal: what a service was asked and answered, and the truth that came later.

`Journal` is written by a service, one a worker process, all in one folder; `Reader` reads that folder, also while they
write. Segments are SQLite files that survive `kill -9`; a disk that is full costs entries, never an answer.
"""

from smeaton.errors import NotKept
from smeaton.journal.entry import Entry
from smeaton.journal.journal import Journal
from smeaton.journal.read import ModelSeen, Prediction, Reader, Summary
from smeaton.journal.truths import Truth

__all__ = ["Entry", "Journal", "ModelSeen", "NotKept", "Prediction", "Reader", "Summary", "Truth"]
