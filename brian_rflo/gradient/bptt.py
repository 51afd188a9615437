"""Training by the exact gradient: backpropagation through time, with the surrogate gradient where
neurons spike.

At the end of each trial, or of a batch of B trials, with the gradient G of their mean loss,

    dW = what the optimizer makes of -G, once it is clipped

where the network's own learning would change the weights; constraint, factors of the learning rate,
lesions, and the check for divergence are those of the projections.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from brian2 import get_logger

from .. import schedule
from ..brian.borrowed import word_substitute
from ..brian.conditional import ConditionalRunner, is_standalone
from ..brian.private import forget
from ..brian.quantities import check_count, check_number
from ..synapses.kinds import is_plastic, plastic_of
from ..updates.arguments import check_instance
from ..updates.learning import change_weights
from ..updates.sgd import SGD
from .changes import learning
from .checkpoints import MEMORY, check_memory
from .interrupted import LastUpdate
from .measuring import Measured

if TYPE_CHECKING:
    from ..network import TrialNetwork
    from ..synapses import PlasticSynapses

__all__ = ["BPTT"]

logger = get_logger(__name__)

#: After the network's own changes have been shared and clipped, before changes are applied.
READY = schedule.SCALE.behind(500)
#: Ahead of the names of its variables in a projection.
OWN = "bptt_"


@dataclass(frozen=True)
class BPTT:
    """Backpropagation through time, for a call of `train`: ``net.train(1000, learn=BPTT(1e-3))``.

    For that call weights rest within trials, whatever the network's own learning schedule is; what
    is trained is what the network trains: projections with ``plastic = False`` stay as they are.
    Rules do nothing, and no regularisation acts. Afterwards the network's own rules go on, with the
    memory of their optimizers. The trials that run side by side are those of the network.

    Parameters
    ----------
    learning_rate : float
        Factor of each change.
    optimizer : SGD, Momentum or Adam
        Its memory begins anew with each call.
    batch : int
        Number of trials, or rounds of trials side by side, over which the gradient is averaged.
    clip_norm : float, optional
        Largest norm of a network's gradient, over all its projections; larger ones are scaled down
        to it.
    resets, cut, memory : optional
        See `TrialNetwork.gradient`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.

    Notes
    -----
    Before it starts it says how much memory it takes. A training that is stopped within a trial, by
    Control-C or `brian2.stop`, ends with the last complete update: weights, time and monitors are
    as then, its result has the trials until then, and the network can go on.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.gradient import BPTT
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> net = LearningNetwork(task, RateNeurons(10, tau=10*ms), RFLO(0.03, tau=10*ms))
    >>> before = net.train(4, learn=BPTT(1e-3, optimizer=Adam(), clip_norm=1))
    >>> after = net.train(3)
    >>> before.settings["learn"]
    'BPTT(learning_rate=0.001, optimizer=Adam(), clip_norm=1)'
    """

    learning_rate: float
    optimizer: SGD = SGD()  # noqa: RUF009 (it is immutable)
    batch: int = 1
    clip_norm: float | None = None
    resets: dict | None = None
    cut: tuple = ()
    memory: float = MEMORY

    def __post_init__(self):
        check_number("BPTT", "learning_rate", self.learning_rate)
        check_instance("BPTT: optimizer", self.optimizer, SGD, "Adam()")
        check_count("BPTT: batch", self.batch)
        if self.clip_norm is not None:
            check_number("BPTT", "clip_norm", self.clip_norm)
        check_memory(self.memory)

    def check(self, net: TrialNetwork, trials: int) -> None:
        """Raise unless a network can be trained so for a number of trials."""
        if is_standalone():
            raise RuntimeError(
                "BPTT goes back in Python at the end of each trial, which C++ standalone does not;"
                " write prefs.codegen.target = 'cython' before the network is built"
            )
        if trials % (self.batch * net.seen):
            raise ValueError(
                f"trials must be a multiple of {self.batch * net.seen}, a batch of BPTT; got"
                f" {trials}"
            )

    @contextmanager
    def teaching(self, net: TrialNetwork, namespace: dict):
        """Context in which a network learns by the gradient."""
        learners = {
            name: part
            for name, part in net.parts_by_name.items()
            if is_plastic(part) and part.is_gradient and bool(np.all(part.plastic))
        }
        if not learners:
            raise ValueError(
                f"'{net.name}' has no projection that learns; write net.recurrent.plastic = True"
            )
        teacher = Teacher(self, net, learners, namespace)
        with resting(plastic_of(net.sorted_objects)), teacher.present():
            yield

    def __str__(self):
        shown = [f"learning_rate={self.learning_rate:g}"]
        defaults = {name: f.default for name, f in self.__dataclass_fields__.items()}
        shown += [
            f"{name}={getattr(self, name)!r}"
            for name in ("batch", "clip_norm", "resets", "cut", "memory")
            if getattr(self, name) != defaults[name]
        ]
        if self.optimizer != defaults["optimizer"]:
            given = repr(self.optimizer)
            plain = type(self.optimizer)() == self.optimizer
            shown.insert(1, f"optimizer={type(self.optimizer).__name__ + '()' if plain else given}")
        return f"BPTT({', '.join(shown)})"


@contextmanager
def resting(parts):
    """Context in which projections do not learn, and keep what they have added up before."""
    kept = [
        (part.variables[name], np.array(part.variables[name].get_value()))
        for part in parts
        for name in ("change", "plastic")
        if name in part.variables
    ]
    for part in parts:
        part.plastic = False
    try:
        yield
    finally:
        for variable, values in kept:
            variable.set_value(values.item() if variable.scalar else values)


class Teacher:
    """The learning of a network by its gradient, in one training.

    Parameters
    ----------
    by : BPTT
    net : TrialNetwork
    learners : dict of str to PlasticSynapses
    namespace : dict
    """

    def __init__(self, by: BPTT, net, learners, namespace):
        self.by, self.net, self.learners = by, net, learners
        self.measured = Measured(
            net, list(learners), by.resets, by.cut, namespace, memory=by.memory
        )
        begins = round(float(net.t / net.task.dt))
        steps = net.task.n_steps * by.batch
        self.condition = f"({{step}} + 1 - {begins}) % {steps} == 0"
        self.last = LastUpdate(net, f"({{step}} - {begins}) % {steps} == 0")
        if self.measured.checkpoints is None:
            logger.info(str(self.measured))

    @contextmanager
    def present(self):
        """Context in which what learns is in the network."""
        own = [*(self._runner(part) for part in self.learners.values()), self.last]
        self.net.add(*own)
        try:
            with self.measured.alone(self._collect, READY):
                yield
        except BaseException:
            self.last.give_back()
            raise
        finally:
            self.net.remove(*own)
            for part in self.learners.values():
                for name in [name for name in part.variables if name.startswith(OWN)]:
                    forget(part.variables, name)

    def _runner(self, part: PlasticSynapses):
        """Return the statements that change the weights of a projection."""
        optimizer = self.by.optimizer
        factor = "plasticity" if "plasticity" in part.variables else ""
        code = change_weights("change", 1, optimizer, part.constraint, factor)
        code = code.replace("int(plastic)", "1")
        own = {name: f"{OWN}{name}" for name in ("change", *optimizer.remembered)}
        for name in own.values():
            part.variables.add_array(name, size=len(part))
        if "updates" in optimizer.variables["own"]:
            own["updates"] = f"{OWN}updates"
            part.variables.add_array(own["updates"], size=1, scalar=True)
        code = word_substitute(code, own | {"learning_rate": repr(float(self.by.learning_rate))})
        code += "\nw = where(intact > 0, w, 0)" * part.is_lesioned
        runner = ConditionalRunner(part, code, self.condition, schedule.APPLY, "bptt*")
        part.contained_objects.remove(runner)
        runner.is_learning = True
        return runner

    def _collect(self):
        """Add up the gradient of a trial, and hand it on when a batch is complete."""
        if self.net.is_aside:  # a replay within the training, which is undone
            return
        self.measured.harvest()
        if self.measured.harvested < self.by.batch:
            return
        changes = {name: self._change(name) for name in self.learners}
        scales = self._scales(changes)
        for name, part in self.learners.items():
            scale = scales[network_of(part, self.net)]
            part.variables[f"{OWN}change"].get_value()[:] = scale * changes[name]
        self.measured.forget()

    def _change(self, name):
        """Return minus the gradient of the mean loss by synapse, 0 where that does not learn."""
        part, found = self.learners[name], self.measured.found(name)
        count = self.measured.harvested * self.net.copies
        values = -by_synapse(part, found, self.net.copies) / count
        return values * learning(part)

    def _scales(self, changes):
        """Return the factor of each network by which its gradient is clipped."""
        if self.by.clip_norm is None:
            return np.ones(self.net.networks)
        squares = 0.0
        for name, part in self.learners.items():
            copies = self.net.copies if part.networks == self.net.blocks else 1
            where = network_of(part, self.net)
            total = np.bincount(where, changes[name] ** 2, minlength=self.net.networks)
            squares = squares + total / copies
        norms = np.sqrt(squares)
        return self.by.clip_norm / np.maximum(norms, self.by.clip_norm)


def network_of(part, net):
    """Return the number of the network of each synapse."""
    return np.asarray(part.j[:]) * net.networks // len(part.target)


def by_synapse(part, found, copies):
    """Return derivatives summed over copies for each synapse, the same in all copies."""
    if found.layout is not None:
        of = found.layout
        shaped = found.values[:, None].repeat(of.copies, axis=1)
        return shaped.ravel()
    if copies == 1 or "first_idx" not in part.variables:
        return found.values
    first = np.asarray(part.variables["first_idx"].get_value())
    return np.bincount(first, found.values, minlength=len(first))[first]
