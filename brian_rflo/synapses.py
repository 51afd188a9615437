"""Projections: plastic ones that carry a learning rule, and fixed random ones that bring the error back."""

import numpy as np
from brian2 import DEFAULT_FUNCTIONS, Function, Synapses, get_device
from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_UNITS
from brian2.equations.equations import Expression
from brian2.synapses.synapses import SummedVariableUpdater
from brian2.utils.logger import get_logger
from brian2.utils.stringtools import get_identifiers, word_substitute

from . import schedule
from .dense import DenseParts, Geometry
from .dense.choice import written
from .neurons.base import LOW_PASSED, check_group, check_port, integrates, spikes, whole
from .cells import CellTraces
from .occasional import is_standalone
from .optimizers import Descent
from .quantities import check_count, check_tau, dimensions_of, is_number, numbers, same_value
from .regularization import SUMMED, FiringRate, count_sent
from .rules import LearningRule
from .updates import check_constraint, check_instance, check_update

logger = get_logger(__name__)

#: ``choose(condition, a, b)``: a where the condition holds, else b, whatever the other one is (NaN times zero is NaN).
choose = Function(np.where, arg_units=[bool, "a", "b"], arg_names=["condition", "a", "b"], return_type="float", return_unit=lambda condition, a, b: a)
choose.implementations.add_implementation("numpy", np.where)
choose.implementations.add_implementation(
    "cpp",
    """
    template <typename A, typename B> static inline auto choose(const bool condition, const A a, const B b) -> decltype(a + b)
    {
        return condition ? a : b;
    }
    """,
    name="choose",
)
choose.implementations.add_implementation(
    "cython",
    """
    cdef double choose(bint condition, double a, double b):
        return a if condition else b
    """,
    name="choose",
)

#: Statements of the phase LEARN that add a change up. Numbers in place of booleans keep branches out of the loop over synapses.
ACCUMULATE = """_on = int(plastic)
                change = choose(_on*_sound > 0, change + ({update}), change)"""

#: Dale's law, a constraint (`PlasticSynapses`). Neurons of the source are excitatory or inhibitory (their variable `excitatory`), and no
#: weight takes the other sign (Murray 2019, figure 2, supplement 1).
DALE = "w = choose(excitatory_pre, clip(w, 0, inf), clip(w, -inf, 0))"

#: The constraint of projections without synapses of neurons onto themselves.
NO_SELF_CONNECTIONS = "w = choose(i != j, w, 0)"

#: Beginnings of the names of variables that dense loops work with from one step to the next.
WORKING = ("_history_", "_at_", "_ahead", "_stale")


class Projection(Synapses):
    """What both kinds of projection have: they connect once, and a weight that is no number is refused.

    `_connected` is 0 before `connect`, the number of networks where each is connected all to all, and -1 for other patterns.
    """

    def connect(self, *args, networks=1, level=0, **connect_args):
        """Connect all to all, or as `brian2.Synapses.connect` is told.

        Parameters
        ----------
        networks : int
            All to all within each of this many equal blocks: independent networks side by side in one group.

        Raises
        ------
        ValueError
            If it is connected already, or the groups do not fall into `networks` equal parts.
        """
        if self._connected:
            raise ValueError(f"'{self.name}' is connected already; connect it once, with one pattern")
        check_count(f"'{self.name}': networks", networks)
        if networks > 1:
            pre, post = self.block_of(self.source, networks), self.block_of(self.target, networks)
            connect_args["j"] = f"k for k in range((i//{pre})*{post}, (i//{pre} + 1)*{post})"
        dense = not args and set(connect_args) <= {"j"} and (networks > 1 or not connect_args)
        super().connect(*args, level=level + 1, **connect_args)
        self._connected = networks if dense else -1

    @property
    def geometry(self):
        """Where the synapses lie, if they are all to all; else None."""
        if self._connected < 1:
            return None
        return Geometry(self._connected, self.block_of(self.source, self._connected), self.block_of(self.target, self._connected), self.source.start, self.target.start)

    @property
    def has_delays(self):
        """Whether spikes arrive later than they are fired; delays that C++ standalone does not know yet are taken for some."""
        delay = self.pre.variables["delay"]
        known = get_device().array_cache.get(delay, 0) if is_standalone() else delay.get_value()
        return known is None or bool(np.any(known))

    def block_of(self, group, networks):
        """Size of one network's part of `group`."""
        if len(group) % networks:
            raise ValueError(f"'{self.name}': group '{group.name}' of {len(group)} does not fall into {networks} equal networks")
        return len(group) // networks

    def __setattr__(self, name, value, level=0):
        if name == "w" and not isinstance(value, str):
            self._check_weights(value)
        super().__setattr__(name, value, level=level + 1)

    def _check_weights(self, value):
        value = numbers(f"weights of '{self.name}'", value)
        if not self._connected:
            raise ValueError(f"'{self.name}' has no weights yet; write {self.name}.connect() first")
        size = self._size()
        if value.ndim > 1 or (value.ndim == 1 and size is not None and len(value) != size):
            raise ValueError(f"weights of '{self.name}' must be a number, a string or an array of shape ({size},), one for each synapse; got shape {value.shape}. For a matrix [post, pre] write {self.name}.set_matrix(matrix)")
        if not np.isfinite(value).all():
            raise ValueError(f"weights of '{self.name}' must be finite; got {np.count_nonzero(~np.isfinite(value))} that are not")

    def _full_state(self):
        """What `store` keeps: not the working memory of dense loops, which another device does not have."""
        return {name: value for name, value in super()._full_state().items() if not name.startswith(WORKING)}

    def before_run(self, run_namespace):
        """Refuse to run without connections, or with weights that are no numbers."""
        if not self._connected:
            raise ValueError(f"'{self.name}' is not connected; write {self.name}.connect() before the run")
        if not is_standalone():
            self._check_weights(self.variables["w"].get_value())
        super().before_run(run_namespace)

    def _size(self):
        """Number of synapses; None where standalone does not know it before it has run."""
        if not is_standalone():
            return len(self)
        return len(self.source) * len(self.target) // self._connected if self._connected > 0 else None

    def connect_matrix(self, matrix, absent=0.0):
        """Connect the pairs of neurons that a matrix ``[post, pre]`` has an entry for, with the entries as weights.

        Parameters
        ----------
        matrix : array, shape (n_post, n_pre), or scipy.sparse matrix of that shape
            Row `k` has the weights *onto* neuron `k` of the target. All that a sparse matrix stores is a synapse, zeros too.
        absent : float
            What stands in an array where there is no synapse; ``nan``, so that a synapse may have the weight 0. A matrix without any connects
            all to all.

        Raises
        ------
        ValueError
            If the shape does not fit, a weight is not finite, or the projection is connected already.

        Examples
        --------
        >>> from brian2 import ms
        >>> neurons = RateNeurons(3, tau=10*ms)
        >>> synapses = FixedSynapses(neurons, neurons, onto="I_rec")
        >>> synapses.connect_matrix([[0, 1, 0], [2, 0, 3], [0, 0, 0]])
        >>> len(synapses), synapses.w["i == 0 and j == 1"]
        (3, array([2.]))
        """
        shape = (len(self.target), len(self.source))
        if np.shape(matrix) != shape:
            raise ValueError(f"the weight matrix of '{self.name}' must have shape {shape}, [post, pre]; got {np.shape(matrix)}")
        post, pre, weights = entries(matrix, absent)
        if len(weights) == shape[0] * shape[1]:
            self.connect()
        elif len(weights):
            self.connect(i=pre, j=post)
        else:
            self.connect(condition="False")
        self.w = weights

    def set_matrix(self, matrix):
        """Set the weights from a matrix ``[post, pre]``, or ``[network, post, pre]`` where ``connect(networks=K)`` made them.

        Where there is no synapse, the matrix of a sparse projection is 0 or NaN. `connect_matrix` makes the synapses too.

        Raises
        ------
        ValueError
            If shape or values do not fit, or the matrix has weights where there are no synapses.
        """
        matrix = numbers(f"the weight matrix of '{self.name}'", matrix, f"give an array; for a string that Brian2 evaluates, write {self.name}.w = 'randn()'")
        networks = len(matrix) if matrix.ndim == 3 else 1
        shape = (self.block_of(self.target, networks), self.block_of(self.source, networks))
        if matrix.ndim not in (2, 3) or matrix.shape[-2:] != shape:
            raise ValueError(f"the weight matrix of '{self.name}' must have shape {shape}, [post, pre]; got {matrix.shape}")
        if self._connected == networks or not self._connected:
            self.w = matrix.swapaxes(-1, -2).ravel()
        elif self._connected < 0 and networks == 1 and not is_standalone():
            self._set_sparse(matrix)
        else:
            raise ValueError(f"'{self.name}' is not connected all to all within {networks} network(s), so a matrix does not fit it; set its weights synapse by synapse, for example {self.name}.w = matrix[{self.name}.j, {self.name}.i], or let {self.name}.connect_matrix(matrix) connect it")

    def _set_sparse(self, matrix):
        pre, post = np.asarray(self.i), np.asarray(self.j)
        left = np.nan_to_num(matrix, nan=0.0)
        left[post, pre] = 0
        if left.any():
            raise ValueError(f"the matrix for '{self.name}' has {np.count_nonzero(left)} weights where there is no synapse (the first for post = {np.argwhere(left)[0][0]}, pre = {np.argwhere(left)[0][1]}); put 0 there, or make them with {self.name}.connect_matrix(matrix) in place of connect")
        self.w = matrix[post, pre]

    def matrix(self, networks=1, absent=0.0):
        """The weights as ``[post, pre]``, or ``[network, post, pre]`` for more than one network; `absent` where there is no synapse.

        Several synapses of one pair are added up.
        """
        n_post, n_pre = self.block_of(self.target, networks), self.block_of(self.source, networks)
        matrix = np.full((networks, n_post, n_pre), float(absent))
        pre, post = np.asarray(self.i), np.asarray(self.j)
        places = post // n_post, post % n_post, pre % n_pre
        matrix[places] = 0
        np.add.at(matrix, places, np.asarray(self.w))
        return matrix if networks > 1 else matrix[0]


def entries(matrix, absent):
    """What a matrix ``[post, pre]`` has entries for, ordered as all-to-all synapses are: rows, columns and values."""
    if hasattr(matrix, "tocoo"):
        stored = matrix.tocsc().tocoo()  # entries of one place are added up
        post, pre, values = stored.row, stored.col, stored.data.astype(float)
    else:
        matrix = np.asarray(matrix, dtype=float)
        post, pre = np.nonzero(~np.isnan(matrix) if np.isnan(absent) else matrix != absent)
        values = matrix[post, pre]
    order = np.lexsort((post, pre))
    return post[order], pre[order], values[order]


def phase_of_sum(target):
    """When a projection's sum is taken: from the new activity for a group that reads the neurons out, else as their drive.

    A group says so in its class (`sum_phase`); a plain group with ``error`` is a readout.
    """
    return getattr(whole(target), "sum_phase", schedule.READOUT if "error" in target.variables else schedule.DRIVE)


def trace_phase(target):
    """When traces are integrated: before the neurons are; where the neurons spike after that, since their slope is of the new state.

    A group may say so itself, in its class (`trace_phase`), and how (`trace_method`).
    """
    return getattr(whole(target), "trace_phase", schedule.SPIKING_TRACE if spikes(target) else schedule.TRACE)


def traces_read(equations, source, target):
    """Equations of traces, with what they read of the source: what it does to a membrane, where it says so and the target is no readout."""
    is_low_passed = LOW_PASSED in source.variables and "error" not in target.variables
    return word_substitute(equations, {"activity_pre": f"{LOW_PASSED}_pre"} if is_low_passed else {})


def trace_method(target):
    """How traces are integrated: as the neurons are, so that both decay alike."""
    method = getattr(whole(target), "trace_method", getattr(whole(target), "method_choice", "euler"))
    return "exponential_euler" if method in ("exponential_euler", "exact", "linear") else "euler"


def check_one_group(source, target):
    """Raise unless both ends of a projection are the same neurons."""
    if whole(source) is not whole(target) or (source.start, source.stop) != (target.start, target.stop):
        raise ValueError(f"self_connections=False is for projections within a group, but '{source.name}' and '{target.name}' are two; leave it out")


def check_spikes(source, target, onto):
    """Raise unless the source emits spikes, which add to the variable `onto` of the target."""
    if not spikes(source):
        raise ValueError(f"'{onto}' of group '{target.name}' has a differential equation, so spikes add to it, but group '{source.name}' emits none; write '{onto} : 1' there, for the sum of its activity, or give '{source.name}' a threshold")


def own_on_pre(target, onto):
    """What the target says that a spike does to its variable `onto`, if it says anything."""
    return getattr(whole(target), "on_pre", {}).get(onto)


def on_pre_of(target, onto):
    """What a spike does to the variable `onto` of the target."""
    return own_on_pre(target, onto) or f"{onto}_post += w"


class PlasticSynapses(Projection):
    """A projection that sends activity or spikes to its target and learns by a rule.

    Where `onto` is a plain variable, it becomes the sum of ``w*activity_pre``. Where it has a differential equation of its own, as a
    synaptic current has, each spike of the source adds ``w`` to it.

    Parameters
    ----------
    source, target : group
        Any groups with the variables that the rule needs.
    rule : LearningRule
        What the eligibility and the weight change are.
    onto : str
        Variable of the target that receives the sum or the spikes. It must be dimensionless, and a sum belongs to one projection alone.
    update : {"step", "trial"}
        When weights change: at every step, or accumulated and at the end of each trial. The latter needs a `Trials`.
    batch : int
        Trials whose changes are added up before they are applied; more than one only with ``update="trial"``. What a run leaves of an
        unfinished batch waits in `change` for the next run.
    optimizer : Descent or Adam
        How a change becomes a change of the weights.
    constraint : str
        Statements that hold the weights in bounds, run after each change: `DALE`, or for example ``"w = clip(w, -1, 1)"``.
    regularization : FiringRate, optional
        Holds the rates of the target near a value; needs a `Trials`.
    self_connections : bool
        Whether neurons may have weights onto themselves; without, these are set to 0 with each change, and do not count in gradient clipping.
    name : str
        Name of the projection.
    **synapses_args
        Any other argument of `brian2.Synapses`.

    Attributes
    ----------
    w : synaptic variable
        The weights, 0 until they are set; ``[post, pre]`` through `set_matrix` and `matrix`.
    plastic : shared boolean
        The switch: ``recurrent.plastic = False`` leaves the weights as they are, to the bit.
    learning_rate, tau, ... : shared variables
        The parameters of the rule.
    trace, ... : synaptic variables
        The traces of the rule; a StateMonitor can record them.

    Raises
    ------
    TypeError, ValueError
        If a group lacks a variable, the rule names something that nobody has, or a time constant is shorter than the time step.

    Notes
    -----
    Within trials of `T` steps (see `Trials`) every update carries the paper's ``1/T``. Without trials it does not.
    """

    #: What a subclass may choose: the variable of the source that is sent, the phases of the sum and of the traces, and whether its changes are a part of
    #: the gradient, whose norm is clipped.
    sends, sum_at, traces_at, is_gradient = "activity", None, None, True
    #: The projection whose switch `plastic` is this one's too.
    switched_with = None

    def __init__(self, source, target, rule, onto, update="step", batch=1, optimizer=Descent(), constraint="", regularization=None, self_connections=True, name="plasticsynapses*", **synapses_args):
        check_group(f"{type(self).__name__}: source", source)
        check_group(f"{type(self).__name__}: target", target)
        check_instance("rule", rule, LearningRule, "RFLO(learning_rate=0.03, tau=10*ms)")
        check_instance("optimizer", optimizer, Descent, "Adam()")
        check_update(update, batch)
        check_constraint(constraint)
        if not self_connections:
            check_one_group(source, target)
            constraint = f"{NO_SELF_CONNECTIONS}\n{constraint}".strip()
        rule = rule.placed(target, onto, with_rates=regularization is not None)
        self.rule, self.onto, self.update, self.batch, self.optimizer, self.constraint, self.regularization, self.self_connections = rule, onto, update, batch, optimizer, constraint, regularization, self_connections
        self.trials, self._connected, self.dense, self.trial_length, self.cells = None, 0, None, None, None
        self.advance = "\n".join(line.split("#")[0] for line in rule.advance.splitlines())
        self.sends_spikes, self.trace_phase = integrates(target, onto), self.traces_at or rule.phase or trace_phase(target)
        reader = f"{type(rule).__name__} on the projection from '{source.name}' to '{target.name}'"
        if regularization is not None:
            check_instance("regularization", regularization, FiringRate, "FiringRate(target=10*Hz, strength=300)")
            regularization.check(rule, target)
            count_sent(target)
        if hasattr(whole(target), "check_projection"):
            whole(target).check_projection(rule, onto)
        self._check_ports(source, target, reader)
        namespace = {**(synapses_args.pop("namespace", None) or {}), **rule.constants, "choose": choose}
        if self.sends_spikes:
            synapses_args["on_pre"] = on_pre_of(target, onto)
        super().__init__(source, target, self._equations(source, target), method="exponential_euler" if self.traces_at else trace_method(target), namespace=namespace, name=name, **synapses_args)
        if self.switched_with is not None:
            self.variables.add_reference("plastic", self.switched_with)
        if self.state_updater is not None:
            schedule.move(self.state_updater, self.trace_phase)
        advancer = self.run_regularly(traces_read(self.advance, source, target), **self.trace_phase, name=f"{self.name}_advance") if self.advance else self.state_updater
        self.cells = CellTraces(self) if rule.pre_traces else None
        self._check_rule(reader)
        self.variables.add_array("_sound", size=target.stop, index="_postsynaptic_idx", values=np.ones(target.stop))
        self.variables.add_array("_stale", size=1, scalar=True, dtype=bool)
        summed = self.summed_updaters.get(f"{onto}_post")
        if summed is not None:
            schedule.move(summed, self.sum_at or phase_of_sum(target))
        learner = self.run_regularly(self._learning, **schedule.LEARN, name=f"{self.name}_learn")
        self.dense = DenseParts(self, summed, learner, advancer)

    @property
    def trial_start(self):
        """Statements at the beginning of a trial: remember the weights, clear the traces."""
        return f"w_kept = w\n{self.rule.reset}"

    @property
    def trial_end(self):
        """Statements at the end of a trial, or of a batch of trials: what was accumulated is applied. `_scale` is what clipping leaves of it."""
        if self.update != "trial":
            return ""
        return f"{self._held(self.optimizer.statements('_scale*change' if '_scale' in self.variables else 'change'))}\nchange = 0"

    @property
    def trial_regularize(self):
        """Statements at the end of each trial, before `trial_end`: what holds rates near their target is added to the change."""
        if self.regularization is None or self.update != "trial":
            return ""
        return f"""_on = int(plastic)
            change = choose(_on*_sound > 0, change + {self.regularization.pull("trial_steps")}*{SUMMED}, change)
            {SUMMED} = 0"""

    @property
    def trial_restore(self):
        """Statements after the verdict on a trial: where the network is not sound, the weights from before it."""
        unfinished = "change = choose(_sound > 0, change, 0)" if self.batch > 1 else ""
        return f"w = choose(_sound > 0, w, w_kept)\n{unfinished}\n{self.optimizer.forget}"

    @property
    def _learning(self):
        held, gradient = self.regularization, self.rule.rate_gradient
        if self.update == "trial":
            summed = f"\n{SUMMED} = choose(_on*_sound > 0, {SUMMED} + ({gradient}), {SUMMED})" if held else ""
            return ACCUMULATE.format(update=self.rule.update) + summed
        pull = f" + {held.pull('(t_in_timesteps % trial_steps + 1)')}*({gradient})" if held else ""
        return self._held(self.optimizer.statements(f"({self.rule.update}{pull})"))

    def _held(self, statements):
        """Statements that change the weights, with the constraint behind them; weights that do not learn stay, to the bit.

        `_before` is a copy: ``_before = w`` would be another name of the same array on the numpy target.
        """
        if not self.constraint:
            return statements
        return f"{statements}\n_before = choose(_rate*_sound > 0, 0, w)\n{self.constraint}\nw = choose(_rate*_sound > 0, w, _before)"

    def _equations(self, source, target):
        change = "change : 1\n" if self.update == "trial" else ""
        sent = "" if self.sends_spikes else f"{self.onto}_post = w*{self.sends}_pre : 1 (summed)"
        switch = "" if self.switched_with is not None else "plastic : boolean (shared)\n"
        held = f"{self.regularization.equations}\n{f'{SUMMED} : 1' if change else ''}\n" if self.regularization else ""
        return f"w : 1\nw_kept : 1\n{change}{held}{switch}{self.optimizer.equations}\n{traces_read(self.rule.equations, source, target)}\n{sent}"

    def _check_ports(self, source, target, reader):
        if self.sends_spikes:
            check_spikes(source, target, self.onto)
        if not (self.sends_spikes and own_on_pre(target, self.onto)):
            check_port(target, self.onto, f"onto='{self.onto}'")
        for name in dict.fromkeys((self.sends, *self.rule.needs_pre)):
            check_port(source, name, reader)
        for name in self.rule.needs_post:
            check_port(target, name, reader)
        if self.regularization is not None:
            check_port(target, "sent", "regularization")

    def _check_rule(self, reader):
        if not self.rule.update.strip():
            raise ValueError(f"{reader}: it has no update, so nothing would be learned; write its expression in a subclass of LearningRule, for example update = 'feedback_post*activity_pre'")
        hidden = sorted(set(self.rule.constants) & set(self.variables))
        if hidden:
            raise ValueError(f"{reader}: the neurons' constant '{hidden[0]}' has the name of a variable of the synapses, which its strings would read in its place; call the constant otherwise, or write its value into the equations")
        known = {*self.variables, *self.namespace, *DEFAULT_FUNCTIONS, *DEFAULT_CONSTANTS, *DEFAULT_UNITS}
        named = {"traces": self.equations.identifiers, "advance": get_identifiers(self.advance) - written(self.advance), "update": get_identifiers(self.rule.update), "rate_gradient": get_identifiers(self.rule.rate_gradient), "reset": get_identifiers(self.rule.reset), "constraint": get_identifiers(self.constraint)}
        for part, names in named.items():
            unknown = ", ".join(repr(name) for name in sorted(names - known))
            if unknown:
                remedy = "write a number in its place; or, for DALE, give RateNeurons excitatory=" if part == "constraint" else "make it a parameter or a trace of the rule"
                raise ValueError(f"{reader}: its {part} {'name' if part == 'traces' else 'names'} {unknown}, which neither the rule, the synapses nor the two groups have; {remedy}, or make it a variable of a group (with _pre or _post behind its name)")
        if self.advance and self.equations.diff_eq_names:
            raise ValueError(f"{reader}: its traces are differential equations ({', '.join(sorted(self.equations.diff_eq_names))}) and its advance has statements too; write all of them as statements, for example 'p = exp(-dt/tau)*p + gain_post*activity_pre'")
        forgotten = {line.split(":")[0].strip() for line in self.rule.traces.splitlines() if ":" in line} - written(self.advance)
        if self.advance and forgotten:
            raise ValueError(f"{reader}: its advance never writes {', '.join(map(repr, sorted(forgotten)))}, which its traces declare; a misspelt name?")
        self._check_times()

    def __setattr__(self, name, value, level=0):
        if name == "learning_rate" and not isinstance(value, str) and not (is_number(value) and value >= 0):
            raise ValueError(f"'{self.name}': learning_rate must be a finite number and not negative; got {value!r} (0 switches learning off)")
        super().__setattr__(name, value, level=level + 1)

    def resolve_all(self, identifiers, run_namespace, *args, **kwds):
        """As Brian2 does, but without its warning of two things of one name where a parameter of the rule has the value of the script's variable."""
        given = {name for name, value in self.rule.parameters.items() if same_value(value, run_namespace.get(name))}
        return super().resolve_all(identifiers, {name: value for name, value in run_namespace.items() if name not in given}, *args, **kwds)

    def _check_times(self):
        for name, value in self.rule.parameters.items():
            if name.startswith("tau"):
                check_tau(type(self.rule).__name__, value, self.clock.dt, name)

    def connect(self, *args, level=0, **connect_args):
        super().connect(*args, level=level + 1, **connect_args)
        if self.switched_with is None:
            self.plastic = True
        for name, value in (self.rule.parameters | (self.regularization.parameters if self.regularization else {})).items():
            setattr(self, name, value)

    connect.__doc__ = Projection.connect.__doc__

    def join(self, trials):
        """Take the length of a trial from `trials`; called by `Trials`."""
        if self.trials is not None:
            raise ValueError(f"'{self.name}' belongs to '{self.trials}' already; give it to one Trials")
        self.trials = trials.name
        self.variables._variables.pop("trial_steps", None)  # left by a run without trials
        self.variables._variables.pop("averaged_over", None)
        self.variables.add_constant("trial_steps", trials.task.n_steps)
        self.variables.add_constant("averaged_over", trials.averaged_over)
        self.trial_length = trials.task.n_steps
        if self.cells is not None:
            trials.at_start(self.cells, self.rule.pre_reset)
        if trials.clip_norm is not None:
            self.variables.add_array("_scale", size=self.target.stop, index="_postsynaptic_idx", values=np.ones(self.target.stop))

    def before_run(self, run_namespace):
        """Refuse to accumulate for the end of a trial that never comes."""
        if self.regularization is not None and self.trials is None:
            raise ValueError(f"'{self.name}' is to hold firing rates, which are counted trial by trial, but no Trials has it; write Trials(task, ..., {self.name})")
        if self.update == "trial" and self.trials is None:
            raise ValueError(f"'{self.name}' accumulates its weight change for the end of a trial, but no Trials has it; write Trials(task, ..., {self.name}), or update='step'")
        for name in ("trial_steps", "averaged_over"):
            if name not in self.variables:
                self.variables.add_constant(name, 1)
        self._check_times()
        super().before_run(run_namespace)

    def after_run(self):
        """Weights that are no numbers never pass silently."""
        super().after_run()
        if not is_standalone() and self._connected and not np.isfinite(self.variables["w"].get_value()).all():
            advice = "" if self.trials else f"; write Trials(task, ..., {self.name}) to keep the weights of the last finite trial"
            logger.warn(f"Weights of '{self.name}' are not finite after this run; lower its learning rate (now {np.asarray(self.learning_rate).item():g}){advice}.", "not_finite")


class FixedSynapses(Projection):
    """Fixed weights that sum a variable of the source into one of the target, ``onto_post = sum of w*sends_pre``, or that spikes add to it.

    Where `onto` has a differential equation of its own, as a synaptic current has, each spike of the source adds ``w`` to it.

    Parameters
    ----------
    source, target : group
        Any groups with the two variables.
    sends : str
        Variable of the source; the ``output`` of a `Readout`, for example, to feed it back into the network. Spikes need none.
    onto : str
        Variable of the target that receives the sum or the spikes. It must be dimensionless, and a sum belongs to this projection alone.
    name : str
        Name of the projection.
    **synapses_args
        Any other argument of `brian2.Synapses`.

    Attributes
    ----------
    w : synaptic variable
        The weights, 0 until they are set; ``[post, pre]`` through `set_matrix` and `matrix`.

    Raises
    ------
    ValueError
        If a group lacks its variable, or is to send spikes and emits none.
    """

    def __init__(self, source, target, sends="activity", onto="I_in", name="fixedsynapses*", **synapses_args):
        self._connected, self.dense, self.sends, self.onto = 0, None, sends, onto
        check_group(f"{type(self).__name__}: source", source)
        check_group(f"{type(self).__name__}: target", target)
        self.sends_spikes = integrates(target, onto)
        if not (self.sends_spikes and own_on_pre(target, onto)):
            check_port(target, onto, f"onto='{onto}'")
        if self.sends_spikes:
            check_spikes(source, target, onto)
            super().__init__(source, target, "w : 1", on_pre=on_pre_of(target, onto), name=name, **synapses_args)
            return
        check_port(source, sends, type(self).__name__)
        super().__init__(source, target, f"w : 1\n{onto}_post = w*{sends}_pre : 1 (summed)", name=name, **synapses_args)
        summed = self.summed_updaters[f"{onto}_post"]
        schedule.move(summed, self.phase)
        self.dense = DenseParts(self, summed)

    @property
    def phase(self):
        """When its sum is taken."""
        return phase_of_sum(self.target)


class FeedbackSynapses(FixedSynapses):
    """Fixed random weights that project the readout's error onto neurons: ``feedback_post = sum of w*error_pre``.

    `connect` draws the weights from a standard normal distribution, as in Murray 2019; set ``w`` for others.

    Parameters
    ----------
    source : group
        A `Readout`, or any group with ``error``.
    target : group
        Any group with ``feedback``.
    name : str
        Name of the projection.
    **synapses_args
        Any other argument of `brian2.Synapses`.

    Raises
    ------
    ValueError
        If a group lacks its variable.
    """

    phase = schedule.FEEDBACK

    def __init__(self, source, target, name="feedbacksynapses*", **synapses_args):
        super().__init__(source, target, sends="error", onto="feedback", name=name, **synapses_args)

    def connect(self, *args, level=0, **connect_args):
        super().connect(*args, level=level + 1, **connect_args)
        self.w = "randn()"

    connect.__doc__ = Projection.connect.__doc__


class AdaptiveFeedback(PlasticSynapses):
    """Feedback that learns: its weights get the changes of the readout's, backwards, so that both align (Bellec et al. 2020, adaptive e-prop).

    Let both lose a little in each update, with ``constraint="w = 0.9999*w"``, and what they began with is forgotten.

    Parameters
    ----------
    source : group
        A `Readout`, or any group with ``error``.
    target : group
        Any group with ``feedback`` and ``activity``.
    rule : LearningRule
        `FeedbackDelta`, or `LeakyFeedbackDelta` for a `LeakyReadout`, with the learning rate of the readout's rule.
    output : PlasticSynapses, optional
        The projection to the readout whose changes these are: both have one switch then, and ``output.plastic = False`` freezes the feedback too.
    name : str
        Name of the projection.
    **plastic_args
        Any other argument of `PlasticSynapses`.

    Raises
    ------
    TypeError, ValueError
        As for `PlasticSynapses`.

    Notes
    -----
    In gradient clipping (see `Trials`) its changes are scaled as all others are, but do not count in the norm: they are no part of the gradient.
    """

    sends, sum_at, traces_at, is_gradient = "error", schedule.FEEDBACK, schedule.READOUT_TRACE, False

    def __init__(self, source, target, rule, output=None, name="adaptivefeedback*", **plastic_args):
        check_group("AdaptiveFeedback: source", source)
        check_instance("rule", rule, LearningRule, "FeedbackDelta(learning_rate=0.03)")
        if "error" not in rule.needs_pre:
            raise ValueError(f"AdaptiveFeedback: {type(rule).__name__} does not learn from the error of '{source.name}', where these weights begin; write FeedbackDelta(learning_rate={rule.learning_rate:g}), or needs_pre = ('error',) in a rule of your own that reads error_pre")
        if output is not None:
            check_instance("output", output, PlasticSynapses, "net.output")
        if type(rule).__name__ in ("FeedbackDelta", "LeakyFeedbackDelta") and hasattr(whole(source), "check_feedback"):
            whole(source).check_feedback(rule)
        self.switched_with = output
        super().__init__(source, target, rule, onto="feedback", name=name, **plastic_args)


class SymmetricFeedback(SummedVariableUpdater):
    """Feedback through the readout weights themselves, backwards: ``feedback_pre = sum of w*error_post``.

    It follows the readout as that learns, whatever its connections are.

    Parameters
    ----------
    output : PlasticSynapses
        The projection from neurons with ``feedback`` to a `Readout`.

    Raises
    ------
    ValueError
        If a group lacks its variable.
    """

    def __init__(self, output):
        if not isinstance(output, Synapses):
            raise TypeError(f"SymmetricFeedback needs the projection from the neurons to the readout, for example PlasticSynapses(neurons, readout, Delta(0.03), onto='output'); got {repr(getattr(output, 'name', output))}")
        check_port(output.source, "feedback", "SymmetricFeedback")
        check_port(output.target, "error", "SymmetricFeedback")
        super().__init__(Expression("w*error_post"), "feedback_pre", output, output.source, "N_pre", "_synaptic_pre")
        schedule.move(self, schedule.FEEDBACK)
