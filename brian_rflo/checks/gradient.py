"""Comparison of a rule's weight changes with finite differences of the simulation, for any neurons:
the oracle of `check_rule`.

Neurons without connections among themselves get input through a few weights, and send y(t). With
random numbers c(t), the change that a rule adds up where the feedback is c must be the derivative
of ``sum over t of c(t) y(t)`` by the weight. The derivative is taken from runs with slightly other
weights.

Spikes have no derivative. In those runs they happen when they did (z0), plus ``psi (u - u0)``: with
the pseudo-derivative psi and the distance u from the threshold, as far as that has moved. A reset
``s = R(s)`` becomes ``s + z (R(s) - s)``, with z as above (surrogate), z0 (detach), or z0 times the
jump that was (ignore). Without a pseudo-derivative spikes and resets are frozen. What a rule says
is then exactly what must come out.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from brian2 import (
    CodeRunner,
    Network,
    NeuronGroup,
    StateMonitor,
    TimedArray,
    defaultclock,
    get_device,
    seed,
)

from .. import schedule
from ..brian.borrowed import catch_logs, word_substitute
from ..brian.declared import declared
from ..derivation import NeuronText
from ..derivation.calculus import assignments
from ..derivation.printing import mode_of
from ..neurons.base import spikes
from ..synapses import PlasticSynapses
from ..tasks import ArrayTask
from ..trials import Trials
from ..updates import PerTrial

N_PRE, N_POST = 2, 6
AFTER_SLOPE = schedule.SLOPE.behind()
RESETS = schedule.Phase("resets", 0)
SEED = 13


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """Finite-difference check of a rule for weights onto the variable `onto` of neurons."""

    make: object
    rule: object
    onto: str
    source: object
    steps: int
    weight: float
    modes: dict
    tau_out: object

    def error(self, move=1e-5):
        """Return the largest difference between the rule's changes and finite differences, relative
        to the largest change.
        """
        ruled, base = self.changes()
        objective = self.objective(base)
        slopes = [
            sum(side * objective(side * size * move) for side in (-1, 1))
            / (2 * size * move * self.weight)
            for size in (1, 2)
        ]
        expected = (4 * slopes[0] - slopes[1]) / 3
        return np.abs(ruled - expected).max() / np.abs(expected).max()

    @property
    def feedback(self):
        """The random numbers c, one for each step and neuron."""
        return np.random.default_rng(11).standard_normal((self.steps, N_POST))

    @property
    def weights(self):
        """Initial weights, ``[post, pre]``."""
        return self.weight * np.random.default_rng(12).uniform(0.3, 1, (N_POST, N_PRE))

    @property
    def perturbed(self):
        """The perturbed weight of each neuron, as ones in ``[post, pre]``."""
        return np.eye(N_PRE)[np.arange(N_POST) % N_PRE]

    def parts(self, weights, change_neurons):
        """Return the network, with fixed weights, and its monitors; all random numbers are the same
        each time.
        """
        seed(SEED)
        neurons, source = self.make(N_POST), self.source(N_PRE)
        with catch_logs():
            synapses = PlasticSynapses(
                source, neurons, self.rule(neurons), onto=self.onto, learn=PerTrial()
            )
        synapses.connect()
        synapses.set_matrix(weights)
        task = ArrayTask(target=np.zeros((self.steps + 1, 1)), dt=defaultclock.dt)
        neurons.run_regularly("feedback = _given_feedback(t, i)", **schedule.FEEDBACK)
        change_neurons(neurons)
        sent = StateMonitor(neurons, "activity", record=True, when="end")
        return neurons, synapses, sent, [neurons, source, synapses, Trials(task, synapses), sent]

    def run(self, network, **arrays):
        """Run a network for the steps of the check; `arrays` are available to the strings as
        functions of time.
        """
        given = {"_given_feedback": self.feedback, **arrays}
        with catch_logs():  # of neurons that come from many runs Brian2 warns
            network.run(
                self.steps * defaultclock.dt,
                namespace={
                    name: TimedArray(values, defaultclock.dt) for name, values in given.items()
                },
            )

    def changes(self):
        """Return the rule's summed changes of the perturbed weights, and the recordings of the
        run.
        """
        watched = []
        _neurons, synapses, _, parts = self.parts(
            self.weights, lambda neurons: watched.extend(self.watch(neurons))
        )
        self.run(Network(*parts, *watched))
        matrix = np.zeros((N_POST, N_PRE))
        matrix[np.asarray(synapses.j), np.asarray(synapses.i)] = np.asarray(synapses.change)
        recorded = {
            f"_was{name}": np.array(getattr(monitor, name)).T
            for monitor in watched
            for name in monitor.record_variables
        }
        return (matrix * self.perturbed).sum(axis=1), recorded

    def objective(self, base):
        """Return a function of a move: the sum of c y for each neuron, with weights moved by it
        times `weight`. One network runs for all moves, each time from its beginning.
        """
        _, synapses, sent, parts = self.parts(self.weights, self.replay_linearised)
        network = Network(*parts)
        network.store()

        def moved(move):
            network.restore(restore_random_state=True)
            synapses.set_matrix(self.weights + move * self.weight * self.perturbed)
            self.run(network, **base)
            values = np.asarray(sent.activity).T
            if self.tau_out is not None:
                keep = np.exp(-float(defaultclock.dt / self.tau_out))
                values = (1 - keep) * filtered(values, keep)
            return (self.feedback * values).sum(axis=0)

        return moved

    def watch(self, neurons):
        """Let spiking neurons record their distance from the threshold, their spikes, and the size
        of their resets.
        """
        if not spikes(neurons):
            return []
        resets, distance = reset_of(neurons), text_of(neurons).distance
        for name in ("_u", "_z", "_gain", *(f"_jump_{name}" for name in resets)):
            neurons.variables.add_array(name, size=len(neurons))
        runner(
            neurons,
            f"_u = {distance}\n_z ="
            f" int({spiking(neurons)})\n{'_gain = gain' if 'gain' in neurons.variables else ''}",
            AFTER_SLOPE,
        )
        runner(neurons, after_reset(neurons, lambda name: "_jump_{0} = {1} - {0}"), schedule.JUMP)
        return [
            StateMonitor(
                neurons,
                ["_u", "_z", "_gain", *(f"_jump_{name}" for name in resets)],
                record=True,
                when="end",
            )
        ]

    def replay_linearised(self, neurons):
        """Replay the recorded spikes, linearised: resets follow the change of the distance from the
        threshold.
        """
        if not spikes(neurons):
            return
        resets, distance = reset_of(neurons), text_of(neurons).distance
        for name in ("_u", "_z"):
            neurons.variables.add_array(name, size=len(neurons))
        perturbed = (
            "0.5*(gain + _was_gain(t, i))*(_u - _was_u(t, i))"
            if "gain" in neurons.variables
            else "0"
        )
        spiked = "\nspiked = _z" if "spiked" in neurons.variables else ""
        runner(neurons, f"_u = {distance}\n_z = _was_z(t, i) + {perturbed}{spiked}", AFTER_SLOPE)
        neurons.events["spike"] = "_was_z(t, i) > 0.5"
        neurons.resetter["spike"].active = False
        jumps = {
            "surrogate": "_z*({1} - {0})",
            "detach": "_was_z(t, i)*({1} - {0})",
            "ignore": "_was_z(t, i)*_was_jump_{0}(t, i)",
        }
        modes = modes_of(neurons) | self.modes
        moves = after_reset(
            neurons, lambda name: "_new_{0} = {0} + " + jumps[modes.get(name, "surrogate")]
        )
        runner(neurons, moves + "".join(f"\n{name} = _new_{name}" for name in resets), RESETS)


def runner(neurons, code, place):
    """Let a group run statements, regardless of units and of the variables of refractory
    neurons.
    """
    made = CodeRunner(
        neurons,
        "stateupdate",
        code=code,
        clock=neurons.clock,
        check_units=False,
        override_conditional_write=["not_refractory"],
        **place,
    )
    neurons.contained_objects.append(made)


def text_of(neurons):
    """Return the text of a group; for hand-written neurons, as much of it as their threshold
    needs.
    """
    known = declared(neurons, "text")
    return known or NeuronText(
        neurons.name,
        "",
        {
            name: None
            for name in neurons.variables
            if name in neurons.equations.diff_eq_names or name in ("v", "a")
        },
        "spike",
        neurons.events["spike"],
    )


def spiking(neurons):
    """Return the condition for a spike."""
    return f"({neurons.events['spike']})" + (
        " and not_refractory" if "not_refractory" in neurons.variables else ""
    )


def reset_of(neurons):
    """Return the variables that a reset changes."""
    return list(dict.fromkeys(name for name, _ in assignments(neurons.event_codes["spike"])))


def after_reset(neurons, pattern):
    """Return statements that fill in a pattern for each variable, with ``{1}`` its value after a
    reset.
    """
    after = {}
    for name, text in assignments(neurons.event_codes["spike"]):
        after[name] = word_substitute(text, {other: f"({value})" for other, value in after.items()})
    return "\n".join(pattern(name).format(name, f"({value})") for name, value in after.items())


def modes_of(neurons):
    """Return how the traces of derived neurons treat each variable's reset."""
    text = declared(neurons, "text")
    if text is None:
        return {}
    placement = next(iter(neurons.derivations.values())).placement
    return {name: mode_of(text, placement, name) for name in text.resets}


def filtered(values, keep):
    """Return ``y(s) = keep*y(s-1) + values(s)`` along the first axis."""
    result = np.array(values)
    for step in range(1, len(result)):
        result[step] += keep * result[step - 1]
    return result


def steady_source(N):
    """Return cells that spike in turn, and whose activity goes up and down."""
    cells = NeuronGroup(N, "activity : 1", threshold="(t_in_timesteps + 3*i) % 7 == 2", reset="")
    cells.run_regularly("activity = 1 + 0.5*sin(0.7*t_in_timesteps + i)", **schedule.SENT)
    return cells


@contextmanager
def undisturbed():
    """Restore the state of the random generator afterwards."""
    device = get_device()
    state = device.get_random_state()
    try:
        yield
    finally:
        device.set_random_state(state)


@undisturbed()
def gradient_error(
    make, rule=None, onto=None, source=steady_source, steps=80, weight=1.0, modes=None, tau_out=None
):
    """Return the difference between a rule and finite differences of the simulation; see
    `check_rule`.

    Returns
    -------
    float
        The largest difference, in units of the largest weight change.
    """
    neurons = make(N_POST)
    rule_of = (
        rule
        if callable(rule)
        else (lambda made: made.rule(1.0, tau_out))
        if rule is None
        else (lambda made: rule)
    )
    names = declared(neurons, "receives", {"recurrent": "I_rec"})
    return GradientCheck(
        make, rule_of, onto or names["recurrent"], source, steps, weight, dict(modes or {}), tau_out
    ).error()
