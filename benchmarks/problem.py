"""The timed networks, which every contestant computes from the same numbers. N neurons all to all,
one output, RFLO.

*rate*: Murray's network (eLife 8:e43299); in every step, with a = dt/tau:

    u = W h    gain = 1 - tanh(u)^2    p += a (gain h^T - p)    h += a (tanh(u) - h)
    y = w_out h    error = target(step) - y
    online  W += rate (B error) p      w_out += rate error h     in every step
    trial   the same changes, added up over a period and applied at its end;
            h = initial and p = 0 where it begins

*spiking*: the leaky integrate-and-fire neurons of `LIFNeurons`, threshold 1; in every step, with
a = exp(-dt/tau), s = exp(-dt/tau_syn):

    l = a l + (1 - a) r    v = a v + (1 - a) (I + bias), but in the two steps after a spike
    gain = max(0, 1 - |v - 1|), 0 in those steps    p = s p + (1 - s) gain l^T
    z = 1 where v > 1, then v = 0    r = s r + z    I = s I + W z
    y = w_out (r - 1)    error = target(step) - y
    online, trial   as above, with p of this step, and r - 1 for h;
                    l = I = p = 0, r = 1 and v = v0 where a trial begins

Biases from 1 to 1.2, initial membranes v0 from 0 to 1 and the scale of W are such that neurons fire
at some 20 Hz; the learning rate is small, so that they go on to do so. In single precision a spike
may come a step later and all is different: float64 only.

The target has a period of 200 steps and is read over and over. In the mode "online" nothing is
reset.
"""

from dataclasses import dataclass

import numpy as np

STEPS, DT_MS, TAU_MS, RATE, INITIAL = 200, 1, 10, 1e-4, 0.1
RISE = DT_MS / TAU_MS
MEMBRANE_MS, SYNAPSE_MS, REFRACTORY_MS, SPIKING_RATE = 20, 50, 3, 1e-8
KINDS, MODES, DTYPES = ("rate", "spiking"), ("online", "trial"), ("float64", "float32")
GAINS = {"rate": 1.5, "spiking": 0.25}


@dataclass(frozen=True)
class Problem:
    """One case: number of neurons, precision, mode of weight changes, and network."""

    size: int
    dtype: str = "float64"
    mode: str = "online"
    kind: str = "rate"

    def __str__(self):
        return f"N = {self.size}, {self.case}"

    @property
    def case(self):
        """The case without its size, as text."""
        return ", ".join([*(["spiking"] if self.is_spiking else []), self.mode, self.dtype])

    @property
    def is_spiking(self):
        """Whether its neurons spike."""
        return self.kind == "spiking"

    @property
    def has_one_result(self):
        """Whether the results of contestants can be compared; in single precision spiking networks
        diverge from each other.
        """
        return not self.is_spiking or self.dtype == "float64"

    @property
    def rate(self):
        """The learning rate of a step."""
        return SPIKING_RATE if self.is_spiking else RATE

    @property
    def synapses(self):
        """Number of plastic synapses."""
        return self.size**2 + self.size

    @property
    def is_trial(self):
        """Whether weights change only at the end of each period."""
        return self.mode == "trial"

    def target(self):
        """The target of each step of a period."""
        phase = 2 * np.pi * (np.arange(STEPS) + 1) / STEPS
        return np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.25 * np.sin(4 * phase)

    def weights(self, network=0):
        """Return the initial weights of one network: recurrent ``[post, pre]``, output ``[pre]``,
        feedback ``[post]``.
        """
        rng = np.random.default_rng((0, network))
        scale = 1 / np.sqrt(self.size)
        return (
            GAINS[self.kind] * scale * rng.standard_normal((self.size, self.size)),
            scale * rng.uniform(-1, 1, self.size),
            rng.standard_normal(self.size),
        )

    def membranes(self):
        """Return biases and initial membrane potentials of the spiking network."""
        rng = np.random.default_rng(1)
        return rng.uniform(1, 1.2, self.size), rng.uniform(0, 1, self.size)

    def cast(self, *arrays):
        """Return the arrays in this problem's precision."""
        return tuple(np.asarray(array, dtype=self.dtype) for array in arrays)

    def change(self, recurrent):
        """Return the sum of ``|W - W0|``, by which contestants are compared; W is ``[post,
        pre]``.
        """
        (before,) = self.cast(self.weights()[0])
        return float(np.abs(np.asarray(recurrent, dtype=float) - before).sum())
