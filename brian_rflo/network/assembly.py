"""The standard network: a task, neurons and a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from brian2 import get_logger

from ..brian.conditional import is_standalone
from ..brian.declared import declared, declares
from ..brian.quantities import check_absent
from ..credit import Credit, RandomFeedback
from ..identity.settings import serializable
from ..neurons.base import PSP, owning_group, parent_group, receives
from ..readouts.constant import constant_for
from ..readouts.linear import Linear
from ..readouts.task_input import TaskInput
from ..synapses import FixedSynapses, PlasticSynapses
from ..synapses.kinds import is_plastic
from ..trials import Trials
from ..updates import PerStep
from ..updates.arguments import BIASES, OF_SCHEDULES, PLASTIC, check_instance
from .connectivity import Connectivity, all_named, connectivity_of
from .fitting import (
    asks_for_readout,
    check_blocks,
    check_inputs,
    check_parts,
    check_readers,
    credit_of,
    variable_of_bias,
    variable_of_inputs,
)
from .initial import Murray2019
from .learning import Learning, regularized, trained_by_default
from .training import TrialNetwork
from .weights import ROLES, Weights, check_names, masks_of, matrices_of, shapes_of, warn_of_zeros

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brian2 import NeuronGroup, Subgroup
    from numpy.typing import ArrayLike, NDArray

    from ..credit import CreditPath
    from ..rules import LearningRule
    from ..steps import Mechanism
    from ..synapses.projection import Projection
    from ..tasks import Task
    from ..updates import L1, L2, FiringRate


logger = get_logger(__name__)


#: What is in the scope of the constructor, but decides no number.
UNSAID = ("self", "name", "__class__")
#: Arguments that are looked for by other names, with what to write.
OTHER_NAMES = {
    **OF_SCHEDULES,
    **dict.fromkeys(("gain", "seed", "weights"), "initial=Murray2019(gain=1.5, seed=0)"),
    **dict.fromkeys(
        ("tau_out", "classify", "output_decay"), "readout=Leaky(20*ms), or readout=Softmax(20*ms)"
    ),
    "feedback": "credit=RandomFeedback()",
    "inputs": "connectivity={'input': group}",
    "output_current": "connectivity={'current': AllToAll()}",
    "self_connections": "connectivity={'recurrent': AllToAll(self_connections=False)}",
}


class LearningNetwork(TrialNetwork):
    """Recurrent network, readout, credit path and trials for a task, in one `brian2.Network`.

    Parameters
    ----------
    task : Task
        The task, whose trials the network is trained on.
    neurons : group
        `RateNeurons`, or a group of your own with the variables that the rule names and the input
        variables ``I_rec`` and, where there are inputs, ``I_in``. For a group of your own, add
        ``net.trials.at_start(mine, "...")`` to reset it. It holds networks x copies x N units.
    rule : LearningRule
        The rule of recurrent and input weights.
    readout : Linear, Leaky or Softmax
        The readout, which is compared with the target.
    readout_rule : LearningRule, optional
        The rule of the readout weights; the readout's own with the same learning rate by default,
        or `rule` itself if that perturbs weights or units.
    credit : CreditPath or mechanism, or a tuple of them, optional
        How an error reaches the neurons: a credit path (`RandomFeedback` where the rule reads
        feedback and no other is given), modulators (`PairDifference` where the rule compares pairs
        of trials and no other is given).
    learn : PerStep or PerTrial, or dict
        When weights change, and by which optimizer; batches, clipping, trials side by side. Or by
        projection, ``{"output": PerTrial(Adam())}``; inputs learn as recurrent weights do, and the
        others by `PerStep`.
    trained : sequence of {"recurrent", "input", "output", "bias", "output_bias"}, or dict
        Which weights learn; the others stay as they are. All of them by default. A dictionary has
        True, or factors of the learning rate ``[post, pre]`` such as a mask, by projection; see
        `PlasticSynapses.set_plasticity`.
    constraint : str
        Statements that hold the recurrent weights in bounds after each change, for example `DALE`
        (see `PlasticSynapses`).
    regularization : FiringRate, L1 or L2, or a tuple of them, optional
        Regularisation through recurrent and input weights, and biases of the neurons: of rates, or
        of the weights themselves. For the readout write
        ``readout_rule=L2(1e-4).around(Delta(0.03))``.
    connectivity : AllToAll, Sparse, array of bool or dict, optional
        Connectivity of the recurrent weights, or by projection ("recurrent", "input", "output",
        "feedback"): ``{"recurrent": Sparse(0.1), "output": mask}``. ``{"input": group}`` is a
        group with ``activity`` in place of the task's own inputs; with ``{"current": AllToAll()}``
        the output also enters the neurons as a current, in the next step and into their variable
        ``I_out``, with fixed weights, by default those of the error feedback. With ``{"bias":
        AllToAll(), "output_bias": AllToAll()}`` neurons and readout have biases that learn by their
        rules, initially 0: weights of a `ConstantUnit`.
    initial : Murray2019 or dict
        Initial weights; a dictionary of matrices by name takes the place of those drawn. Pairs
        with NaN, or that a scipy.sparse matrix does not store, have no synapse.
    networks : int
        Independent networks side by side: `neurons` is cut into that many equal parts.
    name : str, optional
        Name of the network.

    Attributes
    ----------
    neurons : group
        The neurons that were given.
    readout : Readout or None
        The readout group; None where nothing asks for one.
    recurrent : PlasticSynapses
        Recurrent weights.
    output : PlasticSynapses or None
        Readout weights.
    trials : Trials
        Trials, with the numbers of each network.
    losses : LossMonitor or None
        Losses of all trials that trained.
    inputs : group or None
        The task's inputs, or the group in their place.
    input_synapses : PlasticSynapses or None
        Input weights.
    feedback : FeedbackSynapses or None
        Weights that project the error back.
    current : FixedSynapses or None
        Weights of the output current.
    constant : ConstantUnit or None
        The unit from which biases come.
    bias : PlasticSynapses or None
        Biases of the neurons.
    output_bias : PlasticSynapses or None
        Biases of the readout.
    credit : Credit or None
        All objects of the credit path.

    Raises
    ------
    TypeError, ValueError
        If task, neurons, rule, inputs and weights do not fit together.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> task = PeriodicOutput(period=200*ms)
    >>> defaultclock.dt = task.dt
    >>> net = LearningNetwork(task, RateNeurons(30, tau=10*ms), RFLO(learning_rate=0.03, tau=10*ms))
    >>> result = net.train(2)
    >>> result.losses.shape
    (1, 2)
    """

    #: Arguments that are looked for by other names.
    other_names = OTHER_NAMES

    def __init__(
        self,
        task: Task,
        neurons: NeuronGroup | Subgroup,
        rule: LearningRule,
        readout: Linear = Linear(),
        readout_rule: LearningRule | None = None,
        credit: CreditPath | Mechanism | Sequence[Mechanism] | None = None,
        learn: PerStep | dict[str, PerStep] = PerStep(),
        trained: Sequence[str] | dict[str, ArrayLike] | None = None,
        constraint: str = "",
        regularization: FiringRate | L1 | L2 | Sequence[FiringRate | L1 | L2] | None = None,
        connectivity: Connectivity
        | ArrayLike
        | dict[str, Connectivity | ArrayLike | NeuronGroup | Subgroup]
        | None = None,
        initial: Murray2019 | dict[str, ArrayLike] = Murray2019(),
        networks: int = 1,
        name: str = "learningnetwork*",
    ):
        self.given = {name: one for name, one in locals().items() if name not in UNSAID}
        check_parts(task, neurons, rule, readout, readout_rule)
        initial = Murray2019(weights=initial) if isinstance(initial, dict) else initial
        check_instance("initial", initial, Murray2019, "Murray2019(gain=1.5, seed=0)")
        chosen, inputs = connectivity_of(connectivity)
        trained = trained_by_default(trained, chosen, learn)
        self.given["trained"] = trained
        by_default = rule.beside(readout.default_rule(rule.learning_rate))
        readout_rule = readout_rule or rule.for_readout or by_default
        learning = Learning(learn, trained, rule, readout_rule)
        trained, copies = learning.names, learning.copies
        check_blocks(neurons, networks, copies)
        path, modulators = credit_of(credit, rule, readout_rule)
        self.task, self.neurons, self.rule = task, neurons, rule
        self.networks, self.copies = int(networks), copies
        self.blocks = self.networks * self.copies
        seen = learning.seen
        regulated = rule if regularization is None else regularized(rule, regularization)
        path = RandomFeedback() if path is None and "feedback" in rule.reads("post") else path
        self.given |= {
            "credit": (path, *modulators) if modulators else path,
            "connectivity": all_named(chosen, inputs),
        }
        asks = asks_for_readout(chosen, path, modulators, trained)
        self.inputs = self._input_group(inputs, seen)
        self.readout = readout.build(task, self.blocks // seen, seen) if asks else None
        if path is not None:
            path.check(trained, readout_rule)
        free_diagonal = not ("recurrent" in chosen and chosen["recurrent"].holds_diagonal)
        self._make_projections(
            regulated, readout, readout_rule, learning, constraint, free_diagonal
        )
        self._make_biases(regulated, readout_rule, learning, set(chosen) & set(BIASES))
        self._connect(initial, readout, chosen, path, learning, constraint, free_diagonal)
        learning.set_factors(self)
        plastic = self._select_learners(trained)
        trials = self._make_trials(plastic.values(), modulators)
        check_readers([one for one in (path, *modulators) if one is not None], trials)
        super().__init__(*self._members(plastic.values(), trials), name=name)

    def _members(self, plastic, trials):
        """Return all parts, each once."""
        groups = [owning_group(self.neurons), self.inputs and owning_group(self.inputs)]
        parts = [*groups, self.readout, self.constant, *plastic, *(self.credit or ()), self.current]
        return dict.fromkeys(part for part in (*parts, trials) if part is not None)

    def _connect(self, initial, readout, chosen, path, learning, constraint, free_diagonal):
        """Make the path back from the readout, and connect all projections, with their initial
        weights.
        """
        given = matrices_of(initial.weights, shapes_of(self), self.networks)
        masks = masks_of(chosen, given, shapes_of(self), self.networks, initial.seed, path)
        self._make_feedback(path, learning.schedules["output"], "current" in chosen, masks)
        warn_of_zeros(given, set(learning.names) - set(chosen))
        drawn = readout.initial(initial.draw(*self._sizes, self.networks))
        self._weights = Weights(self, drawn, given, masks, constraint, free_diagonal)
        check_names(chosen, self._weights.parts, "connectivity")
        self._weights.connect()

    @property
    def _sizes(self):
        """Return the numbers of neurons, inputs and outputs of a network."""
        return len(self.neurons) // self.blocks, self.n_inputs, self.n_outputs

    def _make_feedback(self, path, learn, has_current, masks):
        """Make the path back from the readout: the credit path, and the output as a current."""
        self.credit = self.feedback = self.current = None
        if path is not None:
            alike = {"feedback": "feedback"} | path.connected_like
            back = {name: masks[other] for name, other in alike.items() if other in masks}
            self.credit = Credit(
                path,
                self.readout,
                self.neurons,
                self.output,
                learn,
                self.blocks,
                {name: np.repeat(mask, self.copies, axis=0) for name, mask in back.items()},
            )
            self.feedback = self.credit.projections.get("feedback")
        if has_current:
            self.current = FixedSynapses(
                self.readout, self.neurons, sends="output", onto="I_out", name="current*"
            )

    def _select_learners(self, trained):
        """Return the plastic projections by name, and let only the trained ones learn."""
        every = {name: getattr(self, ROLES[name]) for name in (*PLASTIC, *BIASES)}
        plastic = {name: part for name, part in every.items() if part is not None}
        for name in set(plastic) - set(trained):
            plastic[name].plastic = False
        return plastic

    def _make_projections(
        self, rule, readout, readout_rule, learning, constraint, self_connections
    ):
        """Make the plastic projections; None where the group at one end is missing."""
        onto, neurons, inputs, outputs = (
            receives(self.neurons),
            self.neurons,
            self.inputs,
            self.readout,
        )
        self.recurrent = PlasticSynapses(
            neurons,
            neurons,
            rule,
            onto=onto["recurrent"],
            **learning.arguments_of("recurrent"),
            constraint=constraint,
            self_connections=self_connections,
            name="recurrent*",
        )
        self.input_synapses = (
            None
            if inputs is None
            else PlasticSynapses(
                inputs,
                neurons,
                rule,
                variable_of_inputs(neurons, inputs),
                **learning.arguments_of("input"),
                name="input_synapses*",
            )
        )
        self.output = (
            None
            if outputs is None
            else PlasticSynapses(
                neurons,
                outputs,
                readout_rule,
                onto=outputs.onto,
                **learning.arguments_of("output"),
                constraint=readout.constraint,
                name="output*",
            )
        )

    def _make_biases(self, rule, readout_rule, learning, names):
        """Make the constant unit and the weights from it, those that are named; else None."""
        self.constant = constant_for(self.neurons, self.blocks) if names else None
        self.bias = self.output_bias = None
        if "bias" in names:
            self.bias = PlasticSynapses(
                self.constant,
                self.neurons,
                rule,
                onto=variable_of_bias(self.neurons),
                **learning.arguments_of("bias"),
                name="bias*",
            )
        if "output_bias" in names:
            self.output_bias = PlasticSynapses(
                self.constant,
                self.readout,
                readout_rule,
                onto=self.readout.onto,
                **learning.arguments_of("output_bias"),
                name="output_bias*",
            )

    def _make_trials(self, plastic, modulators):
        """Return the trials of all parts that act at trial boundaries."""
        resettable = {
            id(group): group
            for group in map(parent_group, (self.neurons, self.inputs, self.constant))
            if declares(group, "trial_start")
        }
        parts = [*resettable.values(), self.readout, *plastic, self.credit, *modulators]
        trials = Trials(
            self.task, *(part for part in parts if part is not None), networks=self.networks
        )
        if self.current is not None:
            trials.at(self.readout, "output = 0", trials.phases.resets_at)
        return trials

    @property
    def settings(self) -> dict[str, str | int | float]:
        """The arguments that it was built with, as text and numbers by name; values per neuron as a
        digest.
        """
        return serializable(
            self.given
            | {f"constant_{name}": value for name, value in self._constants.items()}
            | self._settings_of_task
            | {f"neurons_{name}": values for name, values in self._values_per_neuron()}
        )

    def _values_per_neuron(self):
        """Return values that may differ between neurons, by name, as one number if they do not. C++
        standalone knows them only after a run.
        """
        names = [
            name
            for name in declared(parent_group(self.neurons), "per_neuron", ())
            if name in self.neurons.variables
        ]
        values = (
            {}
            if is_standalone()
            else {name: self.neurons.variables[name].get_value() for name in names}
        )
        return [
            (name, array[0] if (array == array[0]).all() else array)
            for name, array in values.items()
        ]

    @property
    def n_inputs(self) -> int:
        """Number of input units of a network."""
        return (
            0
            if self.inputs is None
            else len(self.inputs) // (self.blocks if self.copies > 1 else 1)
        )

    @property
    def n_outputs(self) -> int:
        """Number of readout units of a network; without a readout, of the task's outputs."""
        return self.task.n_outputs if self.readout is None else self.readout.n_units

    @property
    def is_symmetric(self) -> bool:
        """True if the readout weights themselves carry the error back."""
        return self.credit is not None and self.credit.path.is_symmetric

    @property
    def learners(self) -> dict[str, PlasticSynapses]:
        """Projections that learn, by name."""
        roles = {
            "recurrent": self.recurrent,
            "input_synapses": self.input_synapses,
            "output": self.output,
            "bias": self.bias,
            "output_bias": self.output_bias,
        }
        named = {name: part for name, part in roles.items() if part is not None}
        others = (
            {}
            if self.credit is None
            else {name: part for name, part in self.credit.projections.items() if is_plastic(part)}
        )
        return named | others

    @property
    def parts_by_name(self) -> dict[str, Projection]:
        """All projections, by the names that `weights` gives them."""
        return self._weights.parts

    @property
    def aligned(self) -> tuple[Projection, Projection | None] | None:
        """Projections whose alignment is measured."""
        if self.output is None or self.credit is None or not self.credit.path.is_aligned:
            return None
        return self.output, self.feedback if is_plastic(self.feedback) else None

    def _input_group(self, inputs, seen):
        if inputs is None:
            neurons = parent_group(self.neurons)
            tau = getattr(neurons, "tau", None) if PSP in self.neurons.variables else None
            blocks = dict(networks=self.blocks // seen, copies=seen) if self.copies > 1 else {}
            return (
                TaskInput(self.task, tau=tau, scale=declared(neurons, "input_scale", 1.0), **blocks)
                if self.task.n_inputs
                else None
            )
        check_inputs(inputs, self.task, self.copies, seen)
        return inputs

    def weights(self, absent: float = 0.0) -> dict[str, NDArray]:
        """Return the present weights as ``{"recurrent": [network, post, pre], "output": ...,
        "feedback": ..., "input": ...}``, and `absent` for pairs without a synapse.

        With symmetric feedback "feedback" is the transposed readout. In standalone, before the run,
        the initial ones. ``weights(absent=nan)`` is `initial` of another network with the same
        synapses.
        """
        check_absent(absent)
        self._check_known()
        return self._weights.now(absent)

    def _loaded(self, state):
        self._weights.begin_with(state)

    @property
    def _size(self):
        return f"{super()._size} of {len(self.neurons) // self.blocks} neurons"
