"""Trials: their boundaries, and the verdict at the end of each."""

from itertools import count
from textwrap import shorten

import numpy as np
from brian2 import NeuronGroup, Synapses, stop
from brian2.groups.group import CodeRunner
from brian2.groups.subgroup import Subgroup
from brian2.utils.logger import get_logger

from . import schedule
from .component import Component
from .construction import networks_with
from .forgotten import never_reset
from .names import OwnNames
from .neurons.base import check_group, spikes, whole
from .occasional import Occasional, OccasionalMonitor, OccasionalRunner, first_step, is_standalone, last_step
from .quantities import check_count
from .readout import Readout, check_clock, check_place
from .synapses import PlasticSynapses, Projection
from .updates import check_clip_norm, check_statements

logger = get_logger(__name__)

#: Mean firing rates, in Hz, outside of which a network is called silent or saturated; and what to do about it.
USUAL_RATES = 0.5, 150.0
ADVICE = {
    "silent": "Without spikes nothing is sent and nothing learned; raise the bias, the gain of the initial weights or the input, or lower the threshold",
    "saturated": "Neurons that fire as fast as they can carry little; lower the bias, the gain of the initial weights or the learning rates, lengthen the refractory time, or hold rates with regularization=FiringRate(20*Hz, 100)",
}


class Trials(Component, NeuronGroup):
    """The trial structure of a network: one unit per independent network.

    Trials follow one another from ``t = 0``, each ``task.n_steps`` steps long. At the beginning of a trial neurons, traces and
    loss are reset; at its end accumulated weight changes are applied. A network whose loss or weights are not finite at the end
    of a trial stops learning and gets back the weights from before that trial; a simulation all of whose networks have failed
    ends there (on the runtime targets).

    Parameters
    ----------
    task : Task
    *parts : RateNeurons, Readout, PlasticSynapses, ...
        Whatever is to be reset, applied and judged: objects with statements in ``trial_start`` or ``trial_end``. For a group of
        your own write ``trials.at_start(mine, "v = El")``.
    networks : int
        Independent networks side by side in the groups.
    parallel : int
        Trials side by side: of the `networks` blocks in the groups, so many in a row are one network that runs as many trials of a batch at the
        same time. Their changes are added up, and all of them keep the weights that they begin with in common (feedback weights too: set them, since
        `FeedbackSynapses` draw others for each block). Only with ``update="trial"``.
    averaged_over : int, optional
        Number of steps that an accumulated change is divided by before the optimizer sees it: those of a trial by default. A learning window,
        times the trials of a batch, for the average over both; 1 for the sum.
    clip_norm : float, optional
        Gradient clipping: where the norm of a network's change, ``sqrt(sum of change**2)/T`` over all its plastic projections and before
        the learning rate, is larger than this, the change is scaled down to it. Weights of neurons onto themselves that are held at 0, and adaptive
        feedback, do not count in the norm. Only with ``update="trial"``.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Attributes
    ----------
    loss : state variable
        Loss of the last finished trial, summed over outputs; a `LossMonitor` keeps them all.
    diverged_in : state variable
        Trial in which a network diverged, -1 if it did not.

    Raises
    ------
    TypeError, ValueError
        If a part says nothing about trials, belongs to another task, or has another time step; if clipping does not fit.
    """

    _is_looked_at = False

    def __init__(self, task, *parts, networks=1, parallel=1, averaged_over=None, clip_norm=None, name="trials*", **neurongroup_args):
        check_place("Trials", task, networks, parallel)
        for part in parts:
            check_group("Trials: each part", part)
        if not task.random and not all(map(np.array_equal, task.trial(0), task.trial(1))):
            raise ValueError(f"{type(task).__name__} says that all its trials are the same, but trial 1 is another one than trial 0; write random = True in the class")
        self.task, self.clip_norm, self.reported, self.counted, self.watched, self.numbers = task, clip_norm, set(), set(), [], count(1)
        self.members = {whole(part).name for part in parts if not isinstance(part, Synapses)}
        self.parallel, self.averaged_over = parallel, task.n_steps if averaged_over is None else averaged_over
        check_count("Trials: averaged_over", self.averaged_over)
        online = [part.name for part in parts if isinstance(part, PlasticSynapses) and part.update == "step"]
        if averaged_over is not None and online:
            raise ValueError(f"averaged_over={averaged_over} divides accumulated changes, but '{online[0]}' changes its weights at every step; write update='trial', or leave it out and divide the learning rate")
        twice = [part.name for number, part in enumerate(parts) if any(part is other for other in parts[:number])]
        if twice:
            raise ValueError(f"Trials was given '{twice[0]}' twice; name each part once")
        self.readouts = [part for part in parts if isinstance(part, Readout)]
        self.projections = [part for part in parts if isinstance(part, PlasticSynapses)]
        for readout in self.readouts:
            for part in self.projections:
                readout.check_eligibility(part.rule, part.target)
        if clip_norm is not None:
            check_clipping(clip_norm, self.projections)
        super().__init__(networks, "loss : 1\ndiverged_in : integer", name=name, **neurongroup_args)
        check_clock(task, self)
        self.diverged_in = -1
        for part in parts:
            self._take(part)
        if parallel > 1:
            self.contained_objects.append(Combination(self, self.projections))
        if clip_norm is not None:
            self.contained_objects.append(Clipping(self, self.projections, clip_norm))
        self.contained_objects.append(Verdict(self, self.projections, self.readouts))

    @property
    def duration(self):
        """Length of a trial."""
        return self.task.duration

    def _take(self, part):
        start, end = getattr(part, "trial_start", None), getattr(part, "trial_end", None)
        if start is None and end is None:
            raise TypeError(f"Trials does not know what to do with '{part.name}' at a trial's boundary; leave it out and write {self.name}.at_start({part.name}, 'v = ...') with the statements that reset it")
        if isinstance(part, PlasticSynapses) and len(self) > 1 and isinstance(part.target, Subgroup):
            raise ValueError(f"'{part.name}' ends in a subgroup, and {len(self)} networks need whole groups; make a group of the networks alone")
        if isinstance(part, Readout) and part.task is not self.task and part.task != self.task:
            raise ValueError(f"'{part.name}' was made for another task ({shorten(repr(part.task), 200)}) than '{self.name}' ({shorten(repr(self.task), 200)}); give both the same")
        if isinstance(part, Readout) and part.parallel != self.parallel:
            raise ValueError(f"'{part.name}' runs {part.parallel} trial(s) side by side and '{self.name}' {self.parallel}; give both the same parallel=")
        if isinstance(part, PlasticSynapses) and self.parallel > 1 and part.update != "trial":
            raise ValueError(f"'{part.name}' changes its weights at every step, but {self.parallel} trials side by side share them; write update='trial', or parallel=1")
        if isinstance(part, Readout) and len(part) != len(self) * self.task.n_outputs:
            raise ValueError(f"'{part.name}' has {len(part)} units, but {len(self)} network(s) with {self.task.n_outputs} output(s) need {len(self) * self.task.n_outputs}; give Readout and Trials the same networks=")
        if hasattr(part, "join"):
            part.join(self)
            end = part.trial_end
        if start:
            self.run_at_start(part, start)
        if end:
            self._run(part, end, last_step(self.task.n_steps * getattr(part, "batch", 1)), schedule.APPLY, "trial_end")
        if isinstance(part, PlasticSynapses):
            if part.regularization is not None and part.target.name not in self.counted:
                self.counted.add(part.target.name)
                self.run_at_start(part.target, "sent = 0").user_code = ""
            if part.trial_regularize:
                self._run(part, part.trial_regularize, last_step(self.task.n_steps), schedule.REGULARIZE, "regularize")
            self._run(part, part.trial_restore, last_step(self.task.n_steps), schedule.RESTORE, "restore")

    def at_start(self, group, statements):
        """Run statements of `group` at the beginning of each trial, before anything else of the step."""
        self._check_runner(group, statements)
        self.run_at_start(group, statements)

    def run_at_start(self, group, statements):
        """Run statements at the beginning of each trial."""
        if not isinstance(group, Synapses) and spikes(group) and "sent" in group.variables and not any(group is other for other in self.watched):
            self.watched.append(group)
        return self._run(group, statements, first_step(self.task.n_steps), schedule.RESET, "trial_start")

    def at_end(self, group, statements):
        """Run statements of `group` at the end of each trial, before the verdict on its weights."""
        self._check_runner(group, statements)
        self._run(group, statements, last_step(self.task.n_steps), schedule.APPLY, "trial_end")

    def _check_runner(self, group, statements):
        check_group(f"'{self.name}': what runs at a trial's boundary", group)
        check_statements(group, statements)
        if isinstance(group, OwnNames):
            group.spell(statements)

    def _run(self, group, statements, condition, phase, name):
        """Add a runner to the phase, behind those that are there: in the order in which they were asked for."""
        check_clock(self.task, group)
        return OccasionalRunner(group, statements, condition, dict(phase, order=phase["order"] + 1e-3 * next(self.numbers)), f"{group.name}_{name}*")

    def before_run(self, run_namespace):
        """Check the time step once more: the clock may have changed; and that nothing that learns has been forgotten."""
        check_clock(self.task, self)
        for obj in {id(obj): obj for network in networks_with(self) for obj in network.sorted_objects if isinstance(obj, Projection)}.values():
            self._look_at(obj)
        if not self._is_looked_at:
            self._is_looked_at = True
            for sentence in never_reset(self):
                logger.warn(sentence, "forgotten")
        super().before_run(run_namespace)

    def _look_at(self, projection):
        """Warn, once, of a projection that goes on across the boundary of trials."""
        if self.members.isdisjoint({whole(projection.source).name, whole(projection.target).name}) or projection.name in self.reported:
            return
        if isinstance(projection, PlasticSynapses) and projection.trials is None and projection.update == "step" and projection.may_learn:
            self.reported.add(projection.name)
            logger.warn(f"'{projection.name}' learns, but '{self.name}', which has its groups, does not have it: its traces are not reset, its updates are not divided by the {self.task.n_steps} steps of a trial, and nothing stops it where it diverges. Write Trials(task, ..., {projection.name}).", "forgotten")
        elif not isinstance(projection, PlasticSynapses) and projection.sends_spikes and projection.has_delays:
            self.reported.add(projection.name)
            logger.warn(f"'{projection.name}' has delays: spikes from the end of a trial arrive in the next one. Give it none, or let the trials of the task end with steps in which nothing is asked.", "delays")

    def after_run(self):
        """Say what diverged; in standalone, results are there only later (see `check`)."""
        super().after_run()
        if not is_standalone():
            self.check()

    def check(self):
        """Warn of each network that has diverged, once: which trial, and what to lower; and of silent and saturated ones."""
        if is_standalone() and round(float(self.clock.t / self.clock.dt)) % self.task.n_steps == 0:
            self.check_rates()
        trial = np.asarray(self.diverged_in)
        failed = [k for k in np.flatnonzero(trial >= 0) if (k, trial[k]) not in self.reported]
        if not failed:
            return
        self.reported.update((k, trial[k]) for k in failed)
        rates = ", ".join(f"'{part.name}' (now {np.asarray(part.learning_rate).item():g})" for part in self.projections)
        trials = ", ".join(dict.fromkeys(f"network {k // self.parallel} in trial {trial[k] * self.parallel}" for k in failed))
        logger.warn(f"Training diverged: {trials} (loss or weights not finite). Learning stopped there, and the weights are those from before that trial. Lower the learning rate of {rates}; {self.name}.resume() lets it learn again.", "diverged")

    def check_rates(self):
        """Warn of spiking groups that were silent or saturated in the last trial, once each."""
        for group in self.watched:
            sent = np.asarray(group.variables["sent"].get_value())
            networks = len(self) if len(sent) % len(self) == 0 else 1
            rates = sent.reshape(networks, -1).mean(axis=1) / float(self.duration)
            for state, found in (("silent", rates < USUAL_RATES[0]), ("saturated", rates > USUAL_RATES[1])):
                if found.any() and (group.name, state) not in self.reported:
                    self.reported.add((group.name, state))
                    which = "" if networks == self.parallel else f" in network {', '.join(map(str, np.unique(np.flatnonzero(found) // self.parallel)))}"
                    logger.warn(f"'{group.name}' is {state}{which}: its neurons fire at {rates[found].mean():.3g} Hz on average in a trial. {ADVICE[state]}.", "rates")

    def resume(self):
        """Let networks that have diverged learn again, from the weights they were given back."""
        self.diverged_in = -1
        self.reported.intersection_update([what for what in self.reported if isinstance(what[0], str)])
        for part in self.projections:
            part.variables["_sound"].set_value(np.ones(part.target.stop))


class Verdict(Occasional, CodeRunner):
    """At the end of a trial: sum the loss of each network, and find the networks in which something is not finite.

    A reduction over synapses and then over projections, which Brian2's strings cannot say; hence NumPy on the runtime targets
    and a template in standalone.
    """

    standalone_template = "verdict"

    def __init__(self, trials, projections, readouts):
        self.when_holds(last_step(trials.task.n_steps))
        CodeRunner.__init__(self, trials, "verdict", clock=trials.clock, name=f"{trials.name}_verdict*", **schedule.VERDICT)
        self.n_steps, self.networks, self.parallel = trials.task.n_steps, len(trials), trials.parallel
        self.loss, self.diverged_in = trials.variables["loss"], trials.variables["diverged_in"]
        self.projections = [Part(trials, part, part.target.stop, w="w", post="_synaptic_post", sound="_sound") for part in projections]
        self.readouts = [Part(trials, part, len(part), loss="loss") for part in readouts]

    def create_code_objects(self, run_namespace):
        """Only standalone has a code object."""
        if is_standalone():
            self.template_kwds |= dict(_projections=self.projections, _readouts=self.readouts, _networks=self.networks, _parallel=self.parallel, _n_steps=self.n_steps)
            self.needed_variables = [name for part in (*self.projections, *self.readouts) for name in part.needed]
            super().create_code_objects(run_namespace)

    def run(self):
        """The verdict on the runtime targets."""
        step = self.timestep[0]
        if not self.holds(step):
            return
        self.group.check_rates()
        loss, diverged_in = self.loss.get_value(), self.diverged_in.get_value()
        loss[:] = sum(part.loss.get_value().reshape(self.networks, -1).sum(axis=1) for part in self.readouts)
        failed = ~np.isfinite(loss)
        for part in self.projections:
            bad = ~np.isfinite(part.w.get_value())
            if bad.any():
                failed[part.post.get_value()[bad] // part.block] = True
        failed = np.repeat(failed.reshape(-1, self.parallel).any(axis=1), self.parallel)
        diverged_in[failed & (diverged_in < 0)] = step // self.n_steps
        for part in self.projections:
            part.sound.get_value()[:] = np.repeat(diverged_in < 0, part.block)
        if (diverged_in >= 0).all():
            stop()


def check_clipping(clip_norm, projections):
    """Raise unless the changes of all projections are known together, so that they have a norm."""
    if not any(part.is_gradient for part in projections):
        raise ValueError("clip_norm scales the changes of plastic projections, and Trials was given none")
    for part in projections:
        check_clip_norm(clip_norm, part.update)
        if part.batch != projections[0].batch:
            raise ValueError(f"clip_norm needs the whole change of all projections at once; '{part.name}' has batch={part.batch}, '{projections[0].name}' batch={projections[0].batch}")


class Clipping(Occasional, CodeRunner):
    """Gradient clipping: before changes are applied, how much of each network's change is to be left.

    A reduction over synapses and projections, like the `Verdict`.
    """

    standalone_template, reads_whole_changes = "clipping", True

    def __init__(self, trials, projections, clip_norm):
        self.when_holds(last_step(trials.task.n_steps * projections[0].batch))
        CodeRunner.__init__(self, trials, "clipping", clock=trials.clock, name=f"{trials.name}_clipping*", **schedule.CLIP)
        self.largest, self.networks = clip_norm * trials.averaged_over, len(trials)
        self.projections = [Part(trials, part, part.target.stop, change="change", pre="_synaptic_pre", post="_synaptic_post", scale="_scale") for part in projections]
        self.counted = [part for part, projection in zip(self.projections, projections) if projection.is_gradient]
        for part, projection in zip(self.projections, projections):
            part.self_connections = projection.self_connections

    def create_code_objects(self, run_namespace):
        """Only standalone has a code object."""
        if is_standalone():
            self.template_kwds |= dict(_projections=self.projections, _counted=self.counted, _networks=self.networks, _largest=repr(float(self.largest)))
            self.needed_variables = [name for part in self.projections for name in part.needed]
            super().create_code_objects(run_namespace)

    def run(self):
        """The scales on the runtime targets. A norm that is no number scales nothing: the verdict follows."""
        if not self.holds(self.timestep[0]):
            return
        with np.errstate(invalid="ignore"):
            changes = [self.changes(part) for part in self.counted]
            largest = np.max([self.largest_change(*change) for change in changes], axis=0)
            unit = np.where(np.isfinite(largest) & (largest > 0), largest, 1.0)  # squares of large numbers are no numbers
            norm = unit * np.sqrt(sum(np.bincount(network, (change / unit[network]) ** 2, self.networks) for network, change in changes))
            scale = np.where(np.isfinite(norm) & (norm > self.largest), self.largest / np.maximum(norm, self.largest), 1.0)
        for part in self.projections:
            part.scale.get_value()[:] = np.repeat(scale, part.block)

    def changes(self, part):
        """What counts of one projection: the network of each synapse, and its change."""
        pre, post = part.pre.get_value(), part.post.get_value()
        counts = slice(None) if part.self_connections else pre != post
        return post[counts] // part.block, part.change.get_value()[counts]

    def largest_change(self, network, change):
        """Of each network, in one projection."""
        largest = np.zeros(self.networks)
        np.maximum.at(largest, network, np.abs(change))
        return largest


class Combination(Occasional, CodeRunner):
    """Where trials run side by side: at the end of a batch, the changes of all of them together become the change of each."""

    standalone_template, reads_whole_changes = "combination", True

    def __init__(self, trials, projections):
        batch = projections[0].batch if projections else 1
        self.when_holds(last_step(trials.task.n_steps * batch))
        CodeRunner.__init__(self, trials, "combination", clock=trials.clock, name=f"{trials.name}_combination*", **schedule.COMBINE)
        self.networks, self.parallel = len(trials) // trials.parallel, trials.parallel
        self.projections = [Part(trials, part, part.target.stop, change="change") for part in projections]
        self.weights = [part.variables["w"] for part in projections]
        for part in projections:
            if part.geometry is None or part.geometry.networks != len(trials) or part.batch != batch:
                raise ValueError(f"'{part.name}' must be connected all to all in each of the {len(trials)} blocks, write {part.name}.connect(networks={len(trials)}), and all projections need the same batch, so that trials side by side can share its weights")

    def before_run(self, run_namespace):
        """Refuse copies of a network whose weights differ."""
        for part, w in zip(self.projections, self.weights) if not is_standalone() else ():
            values = w.get_value().reshape(self.networks, self.parallel, -1)
            if not np.array_equal(values, np.broadcast_to(values[:, :1], values.shape), equal_nan=True):
                raise ValueError(f"'{part.name}' has other weights in each of the {self.parallel} copies of a network, which are to share them; set them with {part.name}.set_matrix(np.repeat(matrices, {self.parallel}, axis=0)), matrices being [network, post, pre]")
        super().before_run(run_namespace)

    def create_code_objects(self, run_namespace):
        """Only standalone has a code object."""
        if is_standalone():
            self.template_kwds |= dict(_projections=self.projections, _networks=self.networks, _parallel=self.parallel)
            self.needed_variables = [name for part in self.projections for name in part.needed]
            super().create_code_objects(run_namespace)

    def run(self):
        """The sums on the runtime targets."""
        if not self.holds(self.timestep[0]):
            return
        for part in self.projections:
            change = part.change.get_value().reshape(self.networks, self.parallel, -1)
            change[:] = change.sum(axis=1, keepdims=True)


class Part:
    """Variables of one group, as attributes, known to the trials under a name of their own."""

    def __init__(self, trials, group, size, **names):
        self.name, self.size, self.block, self.needed = group.name, size, size // len(trials), []
        for attribute, name in names.items():
            reference = f"_{group.name}_{name}"
            trials.variables.add_reference(reference, group, name)
            setattr(self, attribute, group.variables[name])
            self.needed.append(reference)


class LossMonitor(OccasionalMonitor):
    """Records the loss of each trial: ``monitor.loss[network]``, one value a trial, and ``monitor.t``.

    Parameters
    ----------
    trials : Trials
    **statemonitor_args
        Any argument of `brian2.StateMonitor`, for example ``name``.
    """

    def __init__(self, trials, **statemonitor_args):
        if not isinstance(trials, Trials):
            raise TypeError(f"LossMonitor needs a Trials, for example that of a LearningNetwork, net.trials; got {repr(getattr(trials, 'name', trials))}")
        if not trials.readouts:
            raise ValueError(f"LossMonitor needs a Trials with a Readout; '{trials.name}' has none: write LossMonitor(Trials(task, ..., readout))")
        super().__init__(trials, "loss", True, last_step(trials.task.n_steps), schedule.RECORD, **statemonitor_args)
