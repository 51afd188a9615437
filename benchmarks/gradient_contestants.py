"""The contestants of `gradient`, each in a process of its own.

N neurons all to all, 4 inputs, 2 outputs, a batch of trials of T steps of 1 ms with the same input,
and the mean over trials of the loss, the sum over steps and outputs of (target - y)^2/(2 T):

    tanh    h += .1 (tanh(W h + V x) - h), from .1                           y = U h
    lif     v = a v + (1 - a) (V x + 1.2) + (a - s) I, but in the two steps after a spike
            z = 1 where v > 1, then v = 0    I = s I + W z    r = a r + z    y = U r
            a = exp(-1/20), s = exp(-1/10); dz/dv is .3 max(0, 1 - |v - 1|), and resets are taken
            at fixed spike times
"""

import subprocess
import time
import tracemalloc
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .contestants.base import timed
from .worker import serve

KINDS = ("tanh", "lif")
PROJECTIONS = ("recurrent", "input", "output")


def weights(size):
    """Return the weights, ``[post, pre]``, by projection."""
    rng = np.random.default_rng(0)
    return {
        "recurrent": 1.2 * rng.standard_normal((size, size)) / np.sqrt(size),
        "input": rng.standard_normal((size, 4)),
        "output": rng.standard_normal((2, size)) / np.sqrt(size),
    }


def courses(steps):
    """Return inputs and targets, ``[step, unit]``."""
    t = np.arange(steps)[:, None]
    return np.sin(t / np.array([10, 23, 37, 51.0])), np.cos(t / np.array([30, 70.0]))


def digest(gradient):
    """Return two numbers of each gradient: its length, and its product with a random matrix."""
    rng = np.random.default_rng(1)
    found = {name: np.asarray(gradient[name]).reshape(-1) for name in PROJECTIONS}
    return {
        name: [float(np.linalg.norm(values)), float(values @ rng.standard_normal(values.size))]
        for name, values in found.items()
    }


class Ours:
    """This package on a runtime target."""

    def __init__(self, target, folder):
        from brian2 import prefs

        prefs.codegen.target = target

    def prepare(self, kind, size, steps, batch):
        """Build the network, and compile."""
        from ..network import experiment

        self.batch, self.net = batch, network(kind, size, steps, batch)
        measured = experiment.Measured
        experiment.Measured = lambda *args, **given: self.keep(measured(*args, **given))
        self.run(1)

    def keep(self, measured):
        """Keep what `net.gradient` works with."""
        self.measured = measured
        return measured

    def gradient(self, memory=1e12):
        """Return the gradient of a batch."""
        return self.net.gradient(self.batch, by=PROJECTIONS, memory=memory)

    def run(self, run, budget=1e12):
        """Compute the gradient once; CPU seconds from the first step to the last, in which the way
        back is.
        """
        found = self.gradient(budget)
        return {"cpu": self.net.cpu, "gradient": digest(found)}

    def memory(self, memory):
        """Return the bytes that are kept within a budget, and the memory beyond the simulation: the
        largest traced memory, less that of `evaluate`, from the second run on.
        """
        budget = memory or 1e12
        self.gradient(budget)
        alone = traced(lambda: self.net.evaluate(self.batch))
        peak = traced(lambda: self.gradient(budget))
        return {"kept": self.measured.memory, "peak": peak - alone}


class Standalone(Ours):
    """This package as a C++ program, with the way back in Python."""

    def __init__(self, folder):
        from brian2 import set_device

        self.folder = Path(folder) / "program"
        set_device("cpp_standalone", directory=str(self.folder))

    def run(self, run):
        """Run the program once more, and go back: CPU seconds of its steps, and of the way back
        with reading the files.
        """
        if not self.folder.exists():
            self.gradient()
        results = self.folder / "results"
        command = ["./main", "--results_dir", f"{results}/"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        steps = float((results / "last_run_info.txt").read_text().split()[0])
        measured = self.measured
        measured.forget()
        for recorder in measured.graph.recorders.values():
            recorder.arrays.clear()
        with timed() as back:
            found = measured.result()
        return {"cpu": steps + back.cpu, "gradient": digest(found)}

    def memory(self, memory):
        """Return what is kept and read."""
        return {"kept": self.measured.memory, "peak": self.measured.memory}


def traced(run):
    """Return the largest traced memory in a run, beyond what there was before, in bytes."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def network(kind, size, steps, batch):
    """Return the network; `cpu` are the CPU seconds of its last run."""
    from brian2 import defaultclock, ms

    from .. import DerivedNeurons, LearningNetwork, PerTrial
    from ..tasks import ArrayTask

    class Timed(LearningNetwork):
        """A network that tells the CPU seconds from the first step of a run to the last."""

        def before_run(self, run_namespace):
            super().before_run(run_namespace)
            self.settle(cpu=-time.process_time())

        def after_run(self):
            self.settle(cpu=self.cpu + time.process_time())
            super().after_run()

    defaultclock.dt = 1 * ms
    inputs, target = courses(steps)
    task = ArrayTask(inputs=inputs, target=target, dt=1 * ms)
    if kind == "tanh":
        neurons = DerivedNeurons(
            size * batch,
            "dh/dt = (-h + tanh(I_rec + I_in))/(10*ms) : 1",
            input=("I_rec", "I_in"),
            activity="h",
            method="euler",
            initial={"h": 0.1},
        )
    else:
        neurons = DerivedNeurons(
            size * batch,
            """dv/dt = (-v + I_syn + I_in + 1.2)/(20*ms) : 1 (unless refractory)
            dI_syn/dt = -I_syn/(10*ms) : 1
            dr/dt = -r/(20*ms) : 1""",
            on_pre="I_syn += w",
            input="I_in",
            activity="r",
            threshold="v > 1",
            reset="v = 0; r += 1",
            refractory=2 * ms,
            surrogate="0.3*clip(1 - abs(u), 0, 1)",
            method="exact",
        )
    net = Timed(task, neurons, neurons.rule(1e-3), learn=PerTrial(copies=batch))
    for name, matrix in weights(size).items():
        net.parts_by_name[name].set_matrix(np.repeat(matrix[None], batch, axis=0))
    return net


class Jax:
    """JAX: jit, `lax.scan`, `value_and_grad`, float64, on the CPU."""

    def __init__(self, folder):
        if find_spec("jax") is None:
            raise ModuleNotFoundError("jax is not installed")

    def prepare(self, kind, size, steps, batch):
        """Trace and compile."""
        import jax

        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_enable_x64", True)
        self.weights = {name: jax.numpy.asarray(w) for name, w in weights(size).items()}
        self.program = jax.jit(jax.value_and_grad(partial(loss, kind, batch, *courses(steps))))
        self.run(1)

    def run(self, run):
        """Compute it once."""
        import jax

        with timed() as run:
            _, gradient = jax.block_until_ready(self.program(self.weights))
        return {"cpu": run.cpu, "gradient": digest(gradient)}

    def memory(self, memory):
        """Return nothing: it is not traced."""
        return {}


def loss(kind, batch, inputs, targets, w):
    """Return the mean loss of a batch."""
    import jax
    from jax import numpy as jnp

    def tanh(h, x):
        h = h + 0.1 * (jnp.tanh(h @ w["recurrent"].T + x @ w["input"].T) - h)
        return h, h @ w["output"].T

    @jax.custom_jvp
    def spike(u):
        return (u > 0).astype(u.dtype)

    @spike.defjvp
    def _slope(u, du):
        return spike(u[0]), 0.3 * jnp.clip(1 - jnp.abs(u[0]), 0, 1) * du[0]

    a, s = np.exp(-1 / 20), np.exp(-1 / 10)

    def lif(state, x):
        v, current, r, rest = state
        drive = x @ w["input"].T + 1.2
        v = jnp.where(rest <= 0, a * v + (1 - a) * drive + (a - s) * current, v)
        z = spike(v - 1) * (rest <= 0)
        fixed = jax.lax.stop_gradient(z)
        current, r = s * current + z @ w["recurrent"].T, a * r + z
        return (v * (1 - fixed), current, r, jnp.where(fixed > 0, 1, rest - 1)), r @ w["output"].T

    start = jnp.full((batch, len(w["recurrent"])), 0.1 if kind == "tanh" else 0.0)
    step, state = (tanh, start) if kind == "tanh" else (lif, (start,) * 4)
    _, y = jax.lax.scan(step, state, jnp.repeat(inputs[:, None], batch, axis=1))
    return ((targets[:, None] - y) ** 2).sum() / (2 * len(targets) * batch)


CONTESTANTS = {
    "jax": Jax,
    "standalone": Standalone,
    "cython": partial(Ours, "cython"),
    "numpy": partial(Ours, "numpy"),
}
NAMES = tuple(CONTESTANTS)
MADE = {}


def respond(name, request, folder):
    """Execute a request for a contestant."""
    if "prepare" in request:
        MADE[name] = CONTESTANTS[name](folder)
        MADE[name].prepare(**request["prepare"])
        return {}
    made = MADE[name]
    return made.memory(**request) if "memory" in request else made.run(**request)


if __name__ == "__main__":
    serve(respond)
