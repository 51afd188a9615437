"""When and how weights change: the words for it, and their checks, the same for Brian2 components and NumPy baselines."""

import numpy as np

UPDATES = ("step", "trial")
#: The plastic projections of a standard network.
PLASTIC = ("recurrent", "input", "output")


def check_update(update, batch):
    """Raise unless weights can change so: at each step, or at the end of each `batch` of trials."""
    if update not in UPDATES:
        raise ValueError(f"update must be 'step' or 'trial'; got {update!r}")
    if isinstance(batch, bool) or not isinstance(batch, (int, np.integer)) or batch < 1:
        raise ValueError(f"batch must be a whole number of trials, at least 1; got {batch!r}")
    if batch > 1 and update != "trial":
        raise ValueError(f"batch={batch} adds up the changes of trials, which needs update='trial'; got update={update!r}")


def check_clip_norm(clip_norm, update):
    """Raise unless `clip_norm` is a positive number, and the change of a whole trial is there to have a norm."""
    if isinstance(clip_norm, bool) or not np.isscalar(clip_norm) or not np.isfinite(clip_norm) or clip_norm <= 0:
        raise ValueError(f"clip_norm must be a positive number; got {clip_norm!r}")
    if update != "trial":
        raise ValueError(f"clip_norm scales the change of a whole trial, which needs update='trial'; got update={update!r}")


def check_trained(trained):
    """Raise unless `trained` names plastic projections."""
    if isinstance(trained, str) or not set(trained) <= set(PLASTIC):
        raise ValueError(f"trained must be some of {PLASTIC}, for example trained=('output',); got {trained!r}")
