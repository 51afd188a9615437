"""Garbage collection around short runs: each run of Brian2 scans all objects of the process."""

import gc
import time
from contextlib import contextmanager

#: Seconds between collections of garbage, and when the last one was.
INTERVAL, collected = 10.0, [time.monotonic()]


@contextmanager
def frozen():
    """Keep Python's garbage collector from scanning existing objects in this context, if it has
    done so recently and nobody else has frozen them; a scan takes longer than a trial.
    """
    if gc.get_freeze_count() or time.monotonic() - collected[0] > INTERVAL:
        collected[0] = time.monotonic()
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
