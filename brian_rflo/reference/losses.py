"""Losses of the baselines: half the squared error, and the cross entropy of a softmax."""

import numpy as np


class Squares:
    """Half the squared error, summed over outputs and divided by the steps of the trial."""

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
        return losses.sum(axis=0) / np.count_nonzero(columns.any(axis=-1))


def log_softmax(output):
    """Return the logarithm of the softmax over the last axis."""
    shifted = output - output.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


#: The losses by name.
LOSSES = {"squares": Squares, "cross_entropy": CrossEntropy}
