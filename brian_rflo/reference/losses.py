"""Losses of the baselines: half the squared error, and the cross entropy of a softmax."""

import numpy as np


class Squares:
    """Half the squared error, summed over outputs and divided by the steps of the trial."""

    @staticmethod
    def check(task, number, target, mask):
        """Accept all trials."""

    @staticmethod
    def error(target, output, mask):
        """Return minus the derivative of the loss of a step by the output."""
        return mask * (target - output)

    @staticmethod
    def of_step(target, output, mask):
        """Return the loss of a step, of each network."""
        return (mask * (target - output) ** 2).sum(axis=-1) / 2

    @staticmethod
    def of_trial(trial, mask):
        """Return the loss of a trial, of each network."""
        return (trial.error * (trial.target[:, None] - trial.output)).sum(axis=(0, 2)) / (
            2 * len(trial.error)
        )


class CrossEntropy:
    """Cross entropy of the softmax of the outputs, divided by the steps that count."""

    @staticmethod
    def check(task, number, target, mask):
        """Raise unless the target has probabilities in all steps of a trial that count, and all
        classes have the same mask.
        """
        name = f"reference.train: loss='cross_entropy' with {type(task).__name__}"
        if target.shape[1] < 2 or mask.ndim > 1:
            raise ValueError(
                f"{name} needs at least two outputs, one per class, with one mask for all; got"
                f" {target.shape[1]} outputs and a mask of shape {mask.shape}"
            )
        is_wrong = (target < 0).any(axis=1) | (np.abs(target.sum(axis=1) - 1) >= 1e-6)
        for step in np.flatnonzero(is_wrong & (mask != 0))[:1]:
            raise ValueError(
                f"{name} needs a target of probabilities that sum to 1 in each step that counts;"
                f" got {target[step]} in step {step} of trial {number}"
            )

    @staticmethod
    def error(target, output, mask):
        """Return minus the derivative of the loss of a step by the output."""
        return mask * (target - np.exp(log_softmax(output)))

    @staticmethod
    def of_step(target, output, mask):
        """Return the loss of a step, of each network."""
        return -(mask * target * log_softmax(output)).sum(axis=-1)

    @staticmethod
    def of_trial(trial, mask):
        """Return the loss of a trial, of each network."""
        columns = mask.reshape(len(mask), 1, -1)
        losses = CrossEntropy.of_step(trial.target[:, None], trial.output, columns)
        return losses.sum(axis=0) / max(1, np.count_nonzero(columns.any(axis=-1)))


def log_softmax(output):
    """Return the logarithm of the softmax over the last axis."""
    shifted = output - output.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


#: The losses by name.
LOSSES = {"squares": Squares, "cross_entropy": CrossEntropy}
