"""Environments with the interface of neurogym, as far as trials go, without the package."""

from types import SimpleNamespace

import numpy as np


def box(*shape):
    return SimpleNamespace(shape=shape)


def discrete(n):
    return SimpleNamespace(shape=(), n=n)


class Environment:
    """Trials of periods of so many steps, with a step of 20 (milliseconds)."""

    dt, observation_space, action_space = 20, box(3), discrete(3)
    periods = {"fixation": 2, "stimulus": 4, "decision": 3}

    def seed(self, seed=None):
        self.rng = np.random.RandomState(seed)
        return [seed]

    def new_trial(self):
        self.start_ind, self.end_ind, first = {}, {}, 0
        for name, length in self.lengths().items():
            self.start_ind[name], self.end_ind[name] = first, first + length
            first += length
        self.fill(first)

    def lengths(self):
        return self.periods


class Decisions(Environment):
    """Which of two noisy observations is the greater one? Fixation is the first observation, and
    action 0.
    """

    def fill(self, n):
        self.side = self.rng.randint(1, 3)
        self.ob, self.gt = np.zeros((n, 3), dtype=np.float32), np.zeros(n, dtype=int)
        shown, asked = (
            slice(self.start_ind[name], self.end_ind[name]) for name in ("stimulus", "decision")
        )
        self.ob[: asked.start, 0] = 1
        self.ob[shown, 1:] = 0.5 * self.rng.randn(shown.stop - shown.start, 2)
        self.ob[shown, self.side] += 1
        self.gt[asked] = self.side


class Reaching(Environment):
    """Continuous actions, in trials of different lengths."""

    observation_space, action_space = box(2, 2), box(2)

    def lengths(self):
        return {"all": self.rng.randint(5, 25)}

    def fill(self, n):
        self.ob = self.rng.randn(n, 2, 2)
        self.gt = self.ob.sum(axis=2)
