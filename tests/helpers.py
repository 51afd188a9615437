"""What several tests need."""

from brian_rflo import SGD, PerStep, PerTrial


def learning(update="step", batch=1, optimizer=SGD(), clip_norm=None, window=None, copies=1):
    """Return a learning schedule in the words of the NumPy baselines."""
    if update == "step":
        return PerStep(optimizer, window=window)
    return PerTrial(optimizer, window=window, batch=batch, clip_norm=clip_norm, copies=copies)
