"""JAX: a step under `lax.scan`, compiled whole. Weights are ``[pre, post]``, which is faster for
small networks.
"""

from ..problem import INITIAL, RATE, RISE
from .base import Contestant, timed


class JaxScan(Contestant):
    """jit and scan, on the CPU."""

    name, title, packages = "jax", "JAX, jit + scan", ("jax",)

    def prepare(self, problem, folder):
        """Trace and compile once; the number of periods is an argument of the program."""
        import jax

        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_enable_x64", problem.dtype == "float64")
        self.problem = problem
        self.program = jax.jit(program(problem.is_trial))
        self.run(1)

    def run(self, periods):
        """Compute all periods in one call."""
        import jax

        recurrent, *others = self.problem.cast(*self.problem.weights(), self.problem.target())
        arrays = [jax.numpy.asarray(array) for array in (recurrent.T.copy(), *others)]
        with timed() as run:
            recurrent, output = jax.block_until_ready(self.program(periods, *arrays))
        run.change, run.output = self.problem.change(recurrent.T), float(output)
        return run


def program(is_trial):
    """Return the whole simulation as a pure function."""
    from jax import lax
    from jax import numpy as jnp

    def run(periods, recurrent, readout, feedback, target):
        rest = jnp.full_like(readout, INITIAL), jnp.zeros_like(recurrent)
        start = recurrent, readout, *rest, jnp.zeros_like(target[0])
        step = online(feedback)

        def period(_, state):
            return lax.scan(step, state, target)[0]

        def trial(_, state):
            recurrent, readout, *_ = state
            changes = jnp.zeros_like(recurrent), jnp.zeros_like(readout)
            final = lax.scan(
                accumulate(recurrent, readout, feedback), (*changes, *rest, state[-1]), target
            )[0]
            return recurrent + RATE * final[0], readout + RATE * final[1], *final[2:]

        final = lax.fori_loop(0, periods, trial if is_trial else period, start)
        return final[0], final[-1]

    return run


def move(recurrent, readout, activity, trace, target):
    """Compute one step without learning."""
    from jax import numpy as jnp

    respond = jnp.tanh(activity @ recurrent)
    trace = trace + RISE * (jnp.outer(activity, 1 - respond**2) - trace)
    activity = activity + RISE * (respond - activity)
    output = readout @ activity
    return activity, trace, output, target - output


def online(feedback):
    """Return a step that changes the weights."""

    def step(state, target):
        recurrent, readout, activity, trace, _ = state
        activity, trace, output, error = move(recurrent, readout, activity, trace, target)
        recurrent = recurrent + (RATE * error * feedback) * trace
        return (recurrent, readout + RATE * error * activity, activity, trace, output), None

    return step


def accumulate(recurrent, readout, feedback):
    """Return a step that accumulates the changes."""

    def step(state, target):
        changes, readout_changes, activity, trace, _ = state
        activity, trace, output, error = move(recurrent, readout, activity, trace, target)
        changes = changes + (error * feedback) * trace
        return (changes, readout_changes + error * activity, activity, trace, output), None

    return step
