"""Projections that carry a learning rule."""

from functools import partial

import numpy as np
from brian2 import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_UNITS
from brian2.utils.logger import get_logger
from brian2.utils.stringtools import get_identifiers

from .. import schedule
from ..cells import CellTraces
from ..choosing import choose
from ..dense import DenseParts
from ..dense.choice import written
from ..forgotten import belated_gain, never_written
from ..neurons.base import check_group, check_port, integrates, whole
from ..occasional import is_standalone
from ..optimizers import Descent
from ..quantities import check_field, check_tau, is_number
from ..regularization import SUMMED, FiringRate, count_sent
from ..rules import LearningRule
from ..updates import check_constraint, check_instance, check_update
from .ends import arriving_in_time, check_one_group, check_spikes, on_pre_of, own_on_pre, phase_of_sum, trace_method, trace_phase, traces_read
from .projection import Projection

logger = get_logger(__name__)

#: Statements of the phase LEARN that add a change up. Numbers in place of booleans keep branches out of the loop over synapses.
ACCUMULATE = """_on = int(plastic)
                change = choose(_on*_sound > 0, change + ({update}), change)"""

#: Dale's law, a constraint (`PlasticSynapses`). Neurons of the source are excitatory or inhibitory (their variable `excitatory`), and no
#: weight takes the other sign (Murray 2019, figure 2, supplement 1).
DALE = "w = choose(excitatory_pre, clip(w, 0, inf), clip(w, -inf, 0))"

#: The constraint of projections without synapses of neurons onto themselves.
NO_SELF_CONNECTIONS = "w = choose(i != j, w, 0)"


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
    _is_looked_at = False

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
    def may_learn(self):
        """Whether its weights change in a run from now; where C++ standalone does not say, they may."""
        if is_standalone():
            return True
        return bool(np.all(self.variables["plastic"].get_value())) and self.variables["learning_rate"].get_value().item() > 0

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

    @property
    def checks(self):
        """What the constructors of the rule and of the regularization check."""
        fields = {name: (self.rule, name) for name in self.rule.parameters}
        if self.regularization is not None:
            fields |= {f"rate_{field}": (self.regularization, field) for field in ("target", "strength")}
        return {name: partial(check_field, self, *field) for name, field in fields.items()} | {"learning_rate": self._check_rate}

    def _check_rate(self, value):
        if not (is_number(value) and value >= 0):
            raise ValueError(f"'{self.name}': learning_rate must be a finite number and not negative; got {value!r} (0 switches learning off)")

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
        self.settle(trials=trials.name, trial_length=trials.task.n_steps)
        self.variables._variables.pop("trial_steps", None)  # left by a run without trials
        self.variables._variables.pop("averaged_over", None)
        self.variables.add_constant("trial_steps", trials.task.n_steps)
        self.variables.add_constant("averaged_over", trials.averaged_over)
        if self.cells is not None:
            trials.run_at_start(self.cells, self.rule.pre_reset)
        if trials.clip_norm is not None:
            self.variables.add_array("_scale", size=self.target.stop, index="_postsynaptic_idx", values=np.ones(self.target.stop))

    def before_run(self, run_namespace):
        """Refuse to accumulate for the end of a trial that never comes."""
        if self.regularization is not None and self.trials is None:
            raise ValueError(f"'{self.name}' is to hold firing rates, which are counted trial by trial, but no Trials has it; write Trials(task, ..., {self.name})")
        if self.update == "trial" and self.trials is None:
            raise ValueError(f"'{self.name}' accumulates its weight change for the end of a trial, but no Trials has it; write Trials(task, ..., {self.name}), or update='step'")
        if self.sends_spikes and self.trials is not None and self.has_delays:
            self.pre.code = arriving_in_time(on_pre_of(self.target, self.onto), self.trial_length)
        for name in ("trial_steps", "averaged_over"):
            if name not in self.variables:
                self.variables.add_constant(name, 1)
        self._check_times()
        self._look_for_what_is_forgotten()
        super().before_run(run_namespace)

    def _look_for_what_is_forgotten(self):
        """Warn, before it first learns, of what it learns from and nobody computes, or at the wrong time."""
        if self._is_looked_at or not self.may_learn:
            return
        self._is_looked_at = True
        for sentence in never_written(self):
            logger.warn(sentence, "forgotten")
        for sentence in belated_gain(self):
            logger.warn(sentence, "belated")

    def after_run(self):
        """Weights that are no numbers never pass silently."""
        super().after_run()
        if not is_standalone() and self._connected and not np.isfinite(self.variables["w"].get_value()).all():
            advice = "" if self.trials else f"; write Trials(task, ..., {self.name}) to keep the weights of the last finite trial"
            logger.warn(f"Weights of '{self.name}' are not finite after this run; lower its learning rate (now {np.asarray(self.learning_rate).item():g}){advice}.", "not_finite")
