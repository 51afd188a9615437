"""Gradients of small networks by JAX: an independent program, which knows nothing of this package.

Each network is written out as a scan over time steps, with equations of its own, and differentiated
by JAX. A spike has the pseudo-derivative of its neuron; a reset to a value happens at fixed spike
times, and so does what a spike adds to an adaptation current.

In a step of a trial come, in this order: input x(t) and the activity of the step before, each
through its weights; integration, at rest while a neuron is refractory; spikes; what they add to
their targets, later by their delays; resets; output; the loss, ``mask (target - output)^2 / 2T``.

    python tests/jax_gradients.py          writes the cases of the tests, data/jax_gradients.npz
"""

from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
from jax import numpy as jnp

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)
FILE = Path(__file__).parent / "data" / "jax_gradients.npz"
N_IN, N_OUT = 2, 2
fixed = jax.lax.stop_gradient


@jax.custom_jvp
def spike(u, slope):
    """1 above the threshold, at a distance u, with a pseudo-derivative."""
    return (u > 0).astype(u.dtype)


@spike.defjvp
def _(values, tangents):
    u, slope = values
    return spike(u, slope), slope * tangents[0]


def triangle(u, width):
    """A triangle around 0 of area 1."""
    return jnp.clip(1 - jnp.abs(u) / width, 0, 1) / width


@dataclass(frozen=True)
class Rates:
    """Rate neurons, with tanh in the leak or out of it, in forward Euler steps."""

    is_inside: bool
    dt: float = 1e-3
    gain: float = 1.5
    tau: float = 10e-3
    late: int = 0
    tau_out: float = 15e-3
    bias: tuple = (-0.5, 0.5)

    are_late_alike = True

    def initial(self, rng, n):
        return {"x": rng.normal(0, 0.3, n)}

    def sent(self, s):
        return s["x"] if self.is_inside else jnp.tanh(s["x"])

    def integrated(self, s, p, summed, inputs, free):
        arrived = summed + inputs + p["bias"]
        aim = jnp.tanh(arrived) if self.is_inside else arrived
        return {"x": s["x"] + self.dt / self.tau * (aim - s["x"])}


@dataclass(frozen=True)
class LIF:
    """Integrate-and-fire neurons with currents, r counted in units of 20 Hz; threshold 1, rest 0.

    Each variable decays exactly, with the values of the step before as the drive of v.
    """

    dt: float = 1e-3
    gain: float = 0.4
    tau: float = 20e-3
    tau_syn: float = 15e-3
    refractory: int = 3
    late: int = 0
    tau_out: float = 0.0
    bias: tuple = (1.3, 2.0)

    are_late_alike = False

    @property
    def amplitude(self):
        return 1 / (self.tau_syn * 20)

    def initial(self, rng, n):
        return {"v": rng.uniform(0, 0.9, n), "r": rng.uniform(0, 1, n), "I": np.zeros(n)}

    def sent(self, s):
        return s["r"] - 1

    def integrated(self, s, p, summed, inputs, free):
        drive = self.amplitude * s["I"] + inputs + p["bias"]
        v = drive + (s["v"] - drive) * np.exp(-self.dt / self.tau)
        keep = np.exp(-self.dt / self.tau_syn)
        return {"v": jnp.where(free, v, s["v"]), "r": keep * s["r"], "I": keep * s["I"]}

    def distance(self, s):
        return s["v"] - 1

    def slope(self, u):
        return triangle(u, 1.0)

    def reached(self, s, arrived):
        return s | {"I": s["I"] + arrived}

    def reset(self, s, z):
        return s | {"v": jnp.where(fixed(z) > 0, 0.0, s["v"]), "r": s["r"] + self.amplitude * z}


@dataclass(frozen=True)
class Conductances(LIF):
    """Integrate-and-fire neurons with one signed conductance, excitatory above 0 and inhibitory
    below; exponential Euler steps: v goes to where it would rest if all else stayed.
    """

    gain: float = 0.5
    tau_syn: float = 50e-3
    bias: tuple = (1.3, 1.8)

    leak, unit, capacity = 10e-9, 4e-9, 200e-12
    rest, excitatory, inhibitory, threshold = -70e-3, 0.0, -80e-3, -50e-3

    def initial(self, rng, n):
        v, r = rng.uniform(-70e-3, -50e-3, n), rng.uniform(0, 1, n)
        return {"v": v, "g": rng.uniform(0.05, 0.2, n), "r": r}

    def integrated(self, s, p, summed, inputs, free):
        up = self.unit * jnp.where(s["g"] > 0, s["g"], 0.0)
        down = self.unit * jnp.where(s["g"] < 0, -s["g"], 0.0)
        current = self.leak * 20e-3 * (inputs + p["bias"])
        total = self.leak + up + down
        aim = self.leak * self.rest + up * self.excitatory + down * self.inhibitory + current
        v = aim / total + (s["v"] - aim / total) * jnp.exp(-self.dt * total / self.capacity)
        keep = np.exp(-self.dt / self.tau_syn)
        return {"v": jnp.where(free, v, s["v"]), "g": keep * s["g"], "r": keep * s["r"]}

    def distance(self, s):
        return s["v"] - self.threshold

    def slope(self, u):
        return jnp.clip(1 - jnp.abs(u) / 20e-3, 0, 1) / 20e-3

    def reached(self, s, arrived):
        return s | {"g": s["g"] + arrived}

    def reset(self, s, z):
        v = jnp.where(fixed(z) > 0, self.rest, s["v"])
        return s | {"v": v, "r": s["r"] + self.amplitude * z}


@dataclass(frozen=True)
class AdEx(LIF):
    """Adaptive exponential integrate-and-fire neurons, in steps of Euler or of Runge and Kutta."""

    is_euler: bool = True
    dt: float = 0.5e-3
    gain: float = 0.5
    tau_syn: float = 50e-3
    refractory: int = 4
    bias: tuple = (2.0, 3.0)

    leak, capacity, rest, rise, theta, cut = 10e-9, 200e-12, -70e-3, 2e-3, -50e-3, -40e-3
    coupling, tau_a, jump = 1e-9, 100e-3, 5e-12

    def initial(self, rng, n):
        v, r = rng.uniform(-60e-3, -48e-3, n), rng.uniform(0, 1, n)
        return {"v": v, "a": np.zeros(n), "I": np.zeros(n), "r": r}

    def integrated(self, s, p, summed, inputs, free):
        given = inputs + p["bias"]
        if self.is_euler:
            return moved(s, self.slopes(s, given, free), self.dt)
        one = self.slopes(s, given, free)
        two = self.slopes(moved(s, one, self.dt / 2), given, free)
        three = self.slopes(moved(s, two, self.dt / 2), given, free)
        four = self.slopes(moved(s, three, self.dt), given, free)
        for slopes, part in ((one, 6), (two, 3), (three, 3), (four, 6)):
            s = moved(s, slopes, self.dt / part)
        return s

    def slopes(self, s, given, free):
        """Derivatives by time."""
        v, a, current = s["v"], s["a"], s["I"]
        upward = self.leak * self.rise * jnp.exp((v - self.theta) / self.rise)
        drive = self.leak * 20e-3 * (current + given)
        dv = (self.leak * (self.rest - v) + upward - a + drive) / self.capacity
        return {
            "v": jnp.where(free, dv, 0.0),
            "a": (self.coupling * (v - self.rest) - a) / self.tau_a,
            "I": -current / self.tau_syn,
            "r": -s["r"] / self.tau_syn,
        }

    def distance(self, s):
        return s["v"] - self.cut

    def slope(self, u):
        below = u + self.cut - self.theta
        return jnp.where(below < 0, jnp.clip(1 + below / 20e-3, 0, 1) / 20e-3, 0.0)

    def reset(self, s, z):
        v = jnp.where(fixed(z) > 0, self.rest, s["v"])
        a = s["a"] + self.jump * fixed(z)
        return s | {"v": v, "a": a, "r": s["r"] + self.amplitude * z}


def moved(s, slopes, time):
    """A state after some time at constant slopes."""
    return {name: s[name] + time * slopes[name] for name in s}


#: Networks by name. `late` is the largest delay in steps, or that of all where those are alike.
NETWORKS = {
    "tanh in the leak": Rates(is_inside=True),
    "tanh out of the leak": Rates(is_inside=False, tau_out=0.0),
    "LIF": LIF(),
    "conductances": Conductances(),
    "AdEx, euler": AdEx(),
    "AdEx, rk4": AdEx(is_euler=False, dt=0.1e-3, refractory=20),
    "rates with delays": Rates(is_inside=True, late=4),
    "spikes with delays": LIF(late=6, gain=1.0),
}


def case(name, n=6, steps=60, seed=1):
    """Weights, initial state, inputs and targets of a network, as arrays by name."""
    neurons, rng, t = NETWORKS[name], np.random.default_rng(seed), np.arange(steps)[:, None]
    waves = np.sin(t / rng.uniform(4, 12, N_IN) + rng.uniform(0, 6, N_IN))
    late = rng.integers(0, neurons.late + 1, (n, n))
    arrays = {
        "recurrent": neurons.gain * rng.standard_normal((n, n)) / np.sqrt(n),
        "input": 0.5 * rng.standard_normal((n, N_IN)),
        "output": rng.standard_normal((N_OUT, n)) / np.sqrt(n),
        "bias": rng.uniform(*neurons.bias, n),
        "inputs": waves,
        "target": np.cos(t / rng.uniform(5, 20, N_OUT)),
        "mask": rng.random(steps),
        "late": np.full((n, n), neurons.late) if neurons.are_late_alike else late,
    }
    initial = neurons.initial(rng, n)
    return arrays | {f"initial {name}": values for name, values in initial.items()}


def is_weight(name):
    """Return whether an array of a case is one by which the loss is differentiated."""
    return name in ("recurrent", "input", "output", "bias") or name.startswith("initial ")


def trial(neurons, given, arrays):
    """Return the loss of a trial, and its spikes."""
    n, steps = len(given["bias"]), len(arrays["inputs"])
    late, longest = arrays["late"], neurons.late
    are_spiking = hasattr(neurons, "reset")
    keep = np.exp(-neurons.dt / neurons.tau_out) if neurons.tau_out else 0.0
    start = {name[8:]: jnp.asarray(v) for name, v in given.items() if name[:8] == "initial "}

    def arrived(past):
        """What comes through the recurrent weights; past[d] was sent d steps ago."""
        return (given["recurrent"] * past[late, jnp.arange(n)]).sum(axis=1)

    def step(carry, now):
        s, last, past, output, loss = carry
        t, x, target, mask = now
        inputs, spikes = given["input"] @ x, jnp.zeros(n)
        if are_spiking:
            free = t - last >= neurons.refractory
            s = neurons.integrated(s, given, 0.0, inputs, free)
            u = neurons.distance(s)
            spikes = spike(jnp.where(free, u, -1.0), jnp.where(free, fixed(neurons.slope(u)), 0.0))
            past = jnp.concatenate([spikes[None], past[:-1]])
            s = neurons.reached(s, arrived(past))
            s, last = neurons.reset(s, spikes), jnp.where(spikes > 0, t, last)
        else:
            s = neurons.integrated(s, given, arrived(past), inputs, None)
            past = jnp.concatenate([neurons.sent(s)[None], past[:-1]])
        output = keep * output + (1 - keep) * (given["output"] @ neurons.sent(s))
        loss = loss + mask * ((target - output) ** 2).sum() / (2 * steps)
        return (s, last, past, output, loss), fixed(spikes)

    past = jnp.zeros((longest + 1, n))
    past = past if are_spiking else past.at[0].set(neurons.sent(start))
    carry = (start, jnp.full(n, -(10**6)), past, jnp.zeros(N_OUT), 0.0)
    times = (jnp.arange(steps), arrays["inputs"], arrays["target"], arrays["mask"])
    (*_, loss), spikes = jax.lax.scan(step, carry, times)
    return loss, spikes


def differentiated(name, arrays):
    """Return the derivatives of the loss of a case, ``gradient recurrent`` and so on, the loss, and
    the spikes, ``[step, neuron]``.
    """
    given = {key: jnp.asarray(values) for key, values in arrays.items() if is_weight(key)}
    function = jax.jit(jax.value_and_grad(lambda p: trial(NETWORKS[name], p, arrays), has_aux=True))
    (loss, spikes), slopes = function(given)
    found = {f"gradient {key}": np.asarray(values) for key, values in slopes.items()}
    return found | {"loss": np.asarray(loss), "spikes": np.asarray(spikes, dtype=bool)}


if __name__ == "__main__":
    every = {}
    for name in NETWORKS:
        arrays = case(name, steps=round(60 * (1e-3 / NETWORKS[name].dt) ** 0.5))
        arrays |= differentiated(name, arrays)
        every |= {f"{name}: {key}": values for key, values in arrays.items()}
        print(f"{name}: {arrays['spikes'].sum()} spikes, loss {arrays['loss']:.4g}")
    np.savez_compressed(FILE, **every)
