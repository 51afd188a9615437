"""The gradient of a network in some trials."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import numpy as np
from brian2 import BrianObject, get_logger

from .. import schedule
from ..brian.conditional import Conditional, is_standalone, last_step
from ..brian.in_program import is_waiting
from ..brian.private import run_begin
from ..brian.statements import written
from .asked import asked_of, by_network, cuts_of, resets_of
from .checkpoints import MEMORY, Checkpoints, check_memory, memory_of, segment_for, state_of
from .graph import Graph
from .matrices import ByWeight, existing, layout_of
from .operations import Key, key_of, total
from .recorder import Span
from .resting import Resting
from .statements import Statements
from .tape import Tape

if TYPE_CHECKING:
    from collections.abc import Callable


logger = get_logger(__name__)


class NotFinite(FloatingPointError):
    """Derivatives that are not finite.

    Parameters
    ----------
    wrong : dict of str to int
        How many, by what was asked for.
    found : dict
        All derivatives.
    """

    def __init__(self, wrong: dict[str, int], found: dict):
        name = next(name for name, count in wrong.items() if count)
        super().__init__(
            f"gradient: {wrong[name]} derivatives by '{name}' are not finite. A derivative of a"
            " step overflows, for example in the upstroke of an exponential, or the loss does;"
            " limit it with clip, or take a shorter time step."
        )
        self.found = found


class Stopped(RuntimeError):
    """A gradient, or the changes of a rule, of trials that have not all run.

    Parameters
    ----------
    what : str
    done, trials : int
        How many have run, and how many were to run.
    """

    def __init__(self, what: str, done: int, trials: int):
        super().__init__(
            f"{what}: the run was stopped after {done} of {trials} trials. Nothing has changed in"
            " the network; call it again."
        )


class Harvest(Conditional, BrianObject):
    """Work in Python at the end of each trial, on the runtime targets.

    Parameters
    ----------
    trials : Trials
    then : callable
        Called without an argument.
    phase : Phase
    begins : callable, optional
        Called before each run that begins with a trial, without an argument.
    check : callable, optional
        Called before each run; raises if it must not begin.
    found_by : optional
        What it finds: its length, and `shorten` to forget what came later, where trials are undone.
    """

    add_to_magic_network = False
    #: Fast loops ignore it: it reads what they have written back.
    touches_synapses = False

    def __init__(
        self,
        trials,
        then: Callable,
        phase: schedule.Phase,
        begins: Callable | None = None,
        check: Callable | None = None,
        found_by=None,
    ):
        self.run_when(last_step(trials.task.n_steps))
        BrianObject.__init__(self, clock=trials.clock, name="gradient_harvest*", **phase)
        self.n_steps, self.then, self.begins = trials.task.n_steps, then, begins
        self.check_network, self.found_by = check, found_by

    def __del__(self):
        """Silence Brian2's unused-object warning: not all trainings that were to come have come."""

    def before_run(self, run_namespace):
        """Begin."""
        super().before_run(run_namespace)
        if self.begins is not None and run_begin(self.clock) % self.n_steps == 0:
            self.begins()

    def work(self):
        """Do it."""
        self.then()


class Measured:
    """The gradient of a network, trial by trial.

    Parameters
    ----------
    net : TrialNetwork
    by : str, sequence of str or None
        What to differentiate by.
    resets, cut
        As for `TrialNetwork.gradient`.
    namespace : dict
        The namespace of the run.
    rounds : int
        Number of rounds of trials side by side.
    first : int
        Number of the first time step.
    memory : float
        Largest number of bytes that are kept of a trial.

    Attributes
    ----------
    memory : int
        The number of bytes that are kept of a trial; in C++ standalone of all trials.
    """

    def __init__(
        self,
        net,
        by=None,
        resets=None,
        cut=(),
        namespace=None,
        rounds=1,
        first=0,
        memory=MEMORY,
    ):
        check_network(net)
        check_memory(memory)
        self.net, self.rounds = net, rounds
        self.asked = asked_of(net, by)
        constants = {}
        for one in self.asked:
            if one.key.kind == "constant":
                constants.setdefault(one.key.owner, {})[one.key.name] = one.key
        steps, modes, cuts = net.task.n_steps, resets_of(net, resets or {}), cuts_of(net, cut)
        self._given = (steps, net.trials.clock.dt_, namespace or {}, constants, modes, cuts)
        self.graph = Graph(net.sorted_objects, *self._given)
        self.keys = {one.name: self._start(one) for one in self.asked}
        ends = {key_of(part.variables["loss"]): len(part) for part in net.trials.readouts}
        self.graph.choose(set(self.keys.values()), set(ends))
        kept = {self.keys[one.name] for one in self.asked if not one.is_weights}
        # on the runtime targets trials begin with multiples of their steps
        self.span = Span(steps, rounds, first) if is_standalone() else Span(steps)
        self.graph.prepare(self.span)
        self.tape = Tape(self.graph, self.span, net.copies, ends, kept)
        state = 0 if is_standalone() else state_of(net).size
        length = segment_for(memory, self.graph, state)
        self.memory, self.checkpoints = memory_of(self.graph, length, state), None
        if length < steps:
            self.span.segment = length
            self.checkpoints = Checkpoints(net, self.graph, length)
        for recorder in self.graph.recorders.values():
            recorder.place()
        if is_standalone() or self.checkpoints is not None:
            logger.info(str(self))
        self.total, self.harvested = {}, 0
        self.constants = constants_of(self.graph)

    def _start(self, one) -> Key:
        """Return the key of what is asked for: of a state, the value with which a trial begins."""
        if one.is_weights or one.key.kind == "constant":
            return one.key
        writers = [op for op in self.graph.operations if one.key in op.edges()]
        starts = [op for op in writers if isinstance(op, Statements) and op.is_at_start]
        if not writers:
            return one.key
        if not starts:
            raise ValueError(
                f"gradient: {one.key} changes in a trial, and nothing sets it where a trial begins;"
                " name a parameter, or a state, for which you write"
                f" net.trials.at_start({one.key.owner}, '{one.key.name} = ...')"
            )
        key = Key(one.key.owner, one.key.name, "start")
        starts[-1].start_from(one.key.name, key)
        return key

    def check(self) -> None:
        """Raise if other objects than at the beginning decide on the gradient.

        Raises
        ------
        RuntimeError
            With one of them.
        ValueError
            If one of them cannot be differentiated.
        """
        graph = Graph(self.net.sorted_objects, *self._given)
        graph.choose(set(self.keys.values()), set(self.tape.ends))
        known, now = ([one.runner.name for one in of.needed] for of in (self.graph, graph))
        changed = [f"'{name}' is new in the network" for name in now if name not in known]
        changed += [f"'{name}' is not a part of it any more" for name in known if name not in now]
        constants = constants_of(self.graph)
        changed += [
            f"the constant '{name}' of '{owner}' has another value"
            for owner, name in self.constants.keys() | constants
            if not same(self.constants.get((owner, name)), constants.get((owner, name)))
        ]
        if changed:
            raise RuntimeError(
                f"gradient: {changed[0]} since the alignment of '{self.net.name}' was made. Make it"
                " again: watch.remove(), watch = GradientAlignment(net)."
            )

    def __str__(self):
        """Return what is kept, as a sentence."""
        span, size = self.span, f"{self.memory / 1e6:.3g} MB"
        if span.trials > 1:
            return f"The gradient of '{self.net.name}' keeps {size} of {span.trials} trials."
        text = f"The gradient of '{self.net.name}' keeps {size} of a trial"
        again = span.segment and -(-span.steps // span.segment) - 1
        text += f", of which {again} segments of {span.segment} steps run twice" * bool(again)
        return f"{text}."

    @property
    def objects(self):
        """Return the objects that record."""
        found = list(self.graph.recorders.values())
        return found if self.checkpoints is None else [*found, self.checkpoints]

    @contextmanager
    def alone(self, then: Callable | None = None, phase=schedule.HAND_BACK.behind(500)):
        """Context in which its objects are in the network, and nothing learns."""
        resting = Resting(self.net)
        self.net.add(resting)
        try:
            with self.present(then, phase):
                yield
        finally:
            resting.give_back()
            self.net.remove(resting)

    @contextmanager
    def present(
        self,
        then: Callable | None = None,
        phase=schedule.HAND_BACK.behind(500),
        begins: Callable | None = None,
        check: Callable | None = None,
        found_by=None,
    ):
        """Context in which its objects are in the network; see `Harvest`."""
        objects = self.objects
        if not is_standalone():
            given = (then or self.harvest, phase, begins, check, found_by)
            objects.append(Harvest(self.net.trials, *given))
        self.net.add(*objects)
        try:
            yield self
        finally:
            self.net.remove(*objects)

    def harvest(self, trial: int = 0) -> None:
        """Add the gradient of the trial that has been recorded."""
        again = nullcontext() if self.checkpoints is None else self.checkpoints.returning()
        with again:
            found = self.tape.backward(trial, self.checkpoints)
        for key, value in found.items():
            self.total[key] = total(self.total.get(key), value)
        self.harvested += 1

    def forget(self) -> None:
        """Begin again."""
        self.total, self.harvested = {}, 0

    def result(self, mean: bool = True) -> dict:
        """Return the gradient of the mean loss of the trials, or of its sum over trials, by
        name.
        """
        if is_standalone():
            for trial in range(self.rounds):
                self.harvest(trial)
        if self.harvested < self.rounds:
            seen = self.net.seen
            raise Stopped("gradient", self.harvested * seen, self.rounds * seen)
        scale = 1 / (self.harvested * self.net.copies) if mean else 1.0
        result, wrong = {}, {}
        for one in self.asked:
            found = self.found(one.name)
            if one.is_weights:
                found = found.times(existing(one.of))
                found = ByWeight(scale * found.values, found.layout)
            else:
                found = scale * found
            values = found.values if one.is_weights else found
            wrong[one.name] = np.count_nonzero(~np.isfinite(values))
            result[one.name] = by_network(one, found, self.net)
        if any(wrong.values()):
            raise NotFinite(wrong, result)
        return result

    def found(self, name: str):
        """Return the sum over trials of the derivative by what was asked for."""
        found = self.total.get(self.keys[name])
        if found is None:
            return self._nothing(next(one for one in self.asked if one.name == name))
        return found

    def _nothing(self, one):
        """Return zeros, of what the loss does not depend on."""
        if not one.is_weights:
            return np.zeros(len(one.of))
        layout = layout_of(one.of, self.tape)
        if layout.networks:
            return ByWeight(np.zeros((layout.networks, layout.n_pre, layout.n_post)), layout)
        return ByWeight(np.zeros(len(one.of)), None)


def check_network(net):
    """Raise unless the gradient of a network can be taken."""
    if is_waiting():
        raise RuntimeError(
            "gradient returns arrays, so its program must run: write set_device('cpp_standalone')"
            " without build_on_run=False"
        )
    if not net.trials.readouts:
        raise ValueError(
            "gradient: the network has no readout, and so no loss; give Trials a Readout"
        )
    if net.task.continuous:
        raise ValueError(
            "gradient: the task is a stream, whose state is never reset, so that the loss of a"
            " window depends on all windows before; use a task of separate trials"
        )
    check_loss(net.trials)
    for readout in net.trials.readouts:
        if readout.no_gradient:
            raise ValueError(f"gradient: {readout.no_gradient}")
    pairs = [part for part in net.trials.projections if part.rule.pairs]
    if pairs:
        raise ValueError(
            f"gradient: {pairs[0].rule.title} perturbs the network in its own runs; build the"
            " network with another rule and these weights"
        )


def check_loss(trials):
    """Raise if something besides readouts adds to the loss of the networks."""
    steps = [step.code for step in trials.own_steps if "loss" in written(step.code)]
    others = [code for code in steps if code.strip() != "loss = 0"]
    others += [f"loss_network, from {owner}" for owner, name in trials.sums if name == "loss"]
    if others:
        raise ValueError(
            f"gradient: the loss of '{trials.name}' is not that of its readouts alone"
            f" ({others[0]}); add up what is not an error of a readout under another name"
        )


def constants_of(graph: Graph) -> dict:
    """Return what the namespaces of groups contain, by group and name."""
    return {
        (text.group.name, name): value
        for text in graph.texts.values()
        for name, value in (getattr(text.group, "namespace", None) or {}).items()
    }


def same(one, other) -> bool:
    """Return whether two values of a namespace are the same."""
    return one is other or bool(np.array_equal(one, other))
