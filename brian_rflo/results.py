"""What a training returns."""

from dataclasses import dataclass, fields

import numpy as np

from .analysis import final_loss


def alignment_interval(trials):
    """Trials from one measurement of the alignment to the next: at most two hundred in a training."""
    return max(1, -(-trials // 200))


@dataclass(frozen=True)
class TrainingResult:
    """Numbers of a training, network first.

    Attributes
    ----------
    losses : ndarray, shape (networks, trials)
        Loss of each trial; NaN after the trial in which a network diverged.
    dt : float
        Time step in seconds.
    target : ndarray, shape (n_steps, n_outputs)
        Target of the last trial, at the end of each step.
    mask : ndarray, shape (n_steps,)
        Its mask.
    first_output, output : ndarray, shape (networks, n_steps, n_outputs)
        Output in the first and in the last trial; the latter NaN where all networks diverged and the simulation ended early.
    weights_before, weights_after : dict of ndarray, each of shape (networks, post, pre)
        ``"recurrent"``, ``"output"``, ``"feedback"``, ``"input"`` at the beginning and at the end.
    aligned_trials : ndarray, shape (n,)
        Numbers of finished trials at which the alignment was measured.
    alignment : ndarray, shape (networks, n)
        Cosine between readout and feedback weights.
    diverged_in : ndarray, shape (networks,)
        Trial in which a network diverged, -1 if it did not.
    """

    losses: np.ndarray
    dt: float
    target: np.ndarray
    mask: np.ndarray
    first_output: np.ndarray
    output: np.ndarray
    weights_before: dict
    weights_after: dict
    aligned_trials: np.ndarray
    alignment: np.ndarray
    diverged_in: np.ndarray

    @property
    def times(self):
        """End of each step of a trial, in seconds; shape (n_steps,)."""
        return (np.arange(len(self.target)) + 1) * self.dt

    @property
    def final_loss(self):
        """Median loss of the last hundred trials; shape (networks,)."""
        return final_loss(self.losses)

    def arrays(self):
        """Everything as a flat dictionary of arrays, weights by names like ``"weights_after_recurrent"``."""
        flat = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, dict):
                flat |= {f"{field.name}_{key}": array for key, array in value.items()}
            else:
                flat[field.name] = np.asarray(value)
        return flat

    @classmethod
    def from_arrays(cls, arrays):
        """The inverse of `arrays`, from whatever holds them by name; other names are left alone."""
        values = {}
        for field in fields(cls):
            weights = {name.removeprefix(f"{field.name}_"): array for name, array in arrays.items() if name.startswith(f"{field.name}_")}
            values[field.name] = weights if field.type is dict else arrays[field.name]
        return cls(**values | {"dt": float(values["dt"])})

    def plot(self, axes=None, network=0):
        """Draw loss, output beside target, and alignment; returns the three axes."""
        from .plotting import plot_training

        return plot_training(self, axes=axes, network=network)

    def __str__(self):
        rows = [f"network {k}: loss {self.losses[k, 0]:.3g} -> {self.final_loss[k]:.3g}, alignment {self.alignment[k, 0]:+.2f} -> {self.alignment[k, -1]:+.2f}{self._fate(k)}" for k in range(len(self.losses))]
        return "\n".join([f"{self.losses.shape[1]} trials", *rows])

    def _fate(self, network):
        trial = self.diverged_in[network]
        return "" if trial < 0 else f", diverged in trial {trial}"
