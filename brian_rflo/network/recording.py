"""Recording of a training, and its result."""

import weakref
from contextlib import contextmanager

import numpy as np
from brian2 import get_device, get_logger

from .. import schedule
from ..analysis import alignment
from ..brian.borrowed import catch_logs
from ..brian.conditional import ConditionalMonitor, is_standalone
from ..brian.private import run_end
from ..identity.settings import origin, serializable
from ..results.training import TrainingResult, alignment_interval
from ..synapses.kinds import is_plastic
from ..trials import LossMonitor

logger = get_logger(__name__)


class Recording:
    """Records losses, outputs of the first and last trial, and weights at intervals.

    Parameters
    ----------
    net : TrialNetwork

    Attributes
    ----------
    losses : LossMonitor or None
    outputs : EdgeMonitor or None
        Outputs of the readout. Both are None if there is no readout.
    aligned : dict of str to IntervalMonitor
        Weights that the alignment is computed from and that change, ``"output"`` and
        ``"feedback"``; empty where alignment means nothing.
    others : list of Recording
        Recordings of evaluations in the same C++ program.
    """

    #: Whether the run is undone when it is over.
    is_undone = False

    def __init__(self, net):
        self.net, n_steps, self.others = weakref.proxy(net), net.task.n_steps, []
        self.losses = LossMonitor(net.trials) if net.readout is not None else None
        self.outputs = (
            EdgeMonitor(net.readout, "output", n_steps) if net.readout is not None else None
        )
        changing = {
            name: part
            for name, part in zip(("output", "feedback"), net.aligned or ())
            if is_plastic(part)
        }
        self.aligned = {
            name: IntervalMonitor(part, "w", n_steps, part._size())
            for name, part in changing.items()
        }

    @property
    def monitors(self):
        """All monitors."""
        return [
            monitor
            for monitor in (self.losses, self.outputs, *self.aligned.values())
            if monitor is not None
        ]

    def begin(self, rounds):
        """Snapshot weights and monitors before training. A round is as many trials as run side by
        side.
        """
        self.rounds, self.before, self.switches = rounds, self.net.weights(), self._switches()
        self.first, self.last = self.lengths(), {}
        self.measure(rounds)

    @contextmanager
    def interrupted(self):
        """Context of another run that is recorded and undone before this one goes on."""
        kept = (self.rounds, self.before, self.switches, self.first, self.last)
        try:
            yield
        finally:
            self.rounds, self.before, self.switches, self.first, self.last = kept
            self.measure(self.rounds)

    def measure(self, rounds):
        """Choose the trials after which weights are recorded in the coming run."""
        for monitor in self.aligned.values():
            monitor.every_trials(alignment_interval(rounds))

    def lengths(self):
        """Return the number of values that each monitor has recorded so far."""
        is_new = is_standalone() and not get_device().has_been_run
        return {
            id(monitor): 0 if is_new else int(monitor.variables["N"].get_value()[0])
            for monitor in self.monitors
        }

    def _switches(self):
        """Return the present learning rates, and the projections that learn."""
        return serializable(
            {
                f"{word}_{name}": np.asarray(getattr(part, word)).item()
                for name, part in self.net.learners.items()
                for word in ("learning_rate", "plastic")
            }
        )

    def _since_start(self, monitor, name):
        """Return what a monitor has recorded in the run, along the last dimension."""
        return np.asarray(getattr(monitor, name))[..., self._span(monitor)]

    def _span(self, monitor):
        return slice(self.first[id(monitor)], self.last.get(id(monitor)))

    def ended(self):
        """Return what the result of a run needs to know of the network at its end: the time, its
        settings, and the task that it shows.
        """
        return self.net.t, self.net.settings, self.net.shows.now

    def result(self, ended=None):
        """Return the result of the run, also if it ended early because all networks diverged or it
        was stopped.

        Parameters
        ----------
        ended : tuple, optional
            The network at the end of the run, see `ended`; that of now by default.
        """
        net, rounds = self.net, self.rounds
        t, settings, show = ended or self.ended()
        finished = round(float(t / net.task.dt)) // net.task.n_steps
        done = (
            self._since_start(self.losses, "loss")
            if self.losses is not None
            else np.full((net.blocks, rounds), np.nan)
        )
        losses = np.full((net.blocks, rounds), np.nan)
        losses[:, : done.shape[1]] = done
        start, diverged_in = finished - done.shape[1], np.asarray(net.trials.diverged_in).copy()
        losses[(diverged_in >= 0)[:, None] & (np.arange(rounds) + start > diverged_in[:, None])] = (
            np.nan
        )
        outputs, has_last = self._outputs(), done.shape[1] == rounds
        aligned_rounds, aligned = self._alignment(start)
        last = show.task.trial(max((finished - show.begins) * net.seen - 1, 0))
        self._warn_of_the_end(start, start + done.shape[1], diverged_in)
        self._warn_of_nothing_learned(done.shape[1])
        return TrainingResult(
            losses=self._by_trial(losses),
            dt=float(net.task.dt),
            target=self._for_all_units(last[1]),
            mask=last[2],
            first_output=outputs[:, 0, :, 0].swapaxes(1, 2),
            output=np.where(has_last, outputs[:, net.seen - 1, :, -1].swapaxes(1, 2), np.nan),
            weights_before=self.before,
            weights_after=net.weights(),
            aligned_trials=aligned_rounds * net.seen,
            alignment=aligned,
            diverged_in=np.where(diverged_in < 0, -1, diverged_in * net.seen)[:: net.copies],
            settings=settings
            | self.switches
            | {
                "trials": rounds * net.seen,
                "finished_trials": done.shape[1] * net.seen,
                "first_trial": start * net.seen,
            }
            | first_shown(start, show, net.seen)
            | ({"padding": show.task.padding_text} if show.task.padding_text else {})
            | meaning_of_losses(net.trials.readouts)
            | origin(),
        )

    def _for_all_units(self, target):
        """Return a target with NaN for units of the readout that have none."""
        more = 0 if self.net.readout is None else self.net.readout.n_more
        return np.pad(target, [(0, 0), (0, more)], constant_values=np.nan) if more else target

    def _by_trial(self, losses):
        """Return losses ``[network, trial]``; of pairs, those of the free copy."""
        net = self.net
        return (
            losses.reshape(net.networks, net.copies, -1)[:, : net.seen]
            .swapaxes(1, 2)
            .reshape(net.networks, -1)
        )

    def _outputs(self):
        """Return outputs as (network, copy, output, trial, step), of the first and, if reached, the
        last trial; NaN for steps that did not run.
        """
        net = self.net
        if self.outputs is None:
            return np.full(
                (net.networks, net.copies, net.task.n_outputs, 1, net.task.n_steps), np.nan
            )
        recorded, n_units = self._since_start(self.outputs, "output"), net.readout.n_units
        whole = np.full(
            (len(recorded), max(-(-recorded.shape[1] // net.task.n_steps), 1) * net.task.n_steps),
            np.nan,
        )
        whole[:, : recorded.shape[1]] = recorded
        return whole.reshape(net.networks, net.copies, n_units, -1, net.task.n_steps)

    def _warn_of_the_end(self, start, end, diverged_in):
        """Warn if the run was stopped, and its remaining trials are missing."""
        if end < start + self.rounds and (diverged_in < 0).any():
            net, hint, what = self.net, "", "The evaluation" if self.is_undone else "Training"
            if not self.is_undone and round(float(net.t / net.task.dt)) % net.task.n_steps:
                hint = (
                    " Within a trial no training can begin: run the network to its end, load what"
                    " was saved, or build it again."
                )
            logger.warn(
                f"{what} was stopped at {net.t}, after {(end - start) * net.seen} of"
                f" {self.rounds * net.seen} trials; losses of the others are NaN.{hint}",
                "stopped",
            )

    def _warn_of_nothing_learned(self, finished):
        """Warn if weights among neurons have not changed although they were to learn; the loss can
        fall by the readout alone.
        """
        net = self.net
        if (np.asarray(net.trials.diverged_in) >= 0).all():
            return
        after = net.weights()
        for name, learner in net.learners.items():
            learns = (
                bool(np.all(learner.plastic))
                and float(np.asarray(learner.learning_rate).item()) > 0
                and finished >= learner.learn.batch
            )
            if (
                learns
                and learner.sender is learner.target
                and name in self.before
                and np.array_equal(self.before[name], after[name])
            ):
                logger.warn(
                    f"The {name} weights have not changed in this training. Check"
                    f" {what_to_check(learner)}.",
                    "nothing_learned",
                )

    def _alignment(self, start):
        """Return the trials at which the alignment was measured, and its values (networks, n);
        empty if alignment has no meaning.
        """
        net, before = self.net, self.before
        if "output" not in self.aligned:
            return np.zeros(0, dtype=int), np.zeros((net.networks, 0))
        weights = self._matrices("output")
        feedback = (
            weights.swapaxes(-1, -2)
            if "feedback" not in before or net.is_symmetric
            else before["feedback"]
        )
        feedback = self._matrices("feedback") if "feedback" in self.aligned else feedback
        monitor = self.aligned["output"]
        trials = (
            np.round(np.asarray(monitor.t[self._span(monitor)] / net.task.duration)).astype(int)
            - start
        )
        known = [
            alignment(before["output"], before["feedback"])[None],
            alignment(weights, feedback),
        ]
        return np.concatenate([[0], trials]), np.concatenate(known).T

    def _matrices(self, name):
        """Return recorded weights as (measurement, network, post, pre)."""
        net, recorded = self.net, self._since_start(self.aligned[name], "w")
        part = dict(zip(("output", "feedback"), net.aligned))[name]
        return np.moveaxis(part.arranged(recorded, net.blocks)[:: net.copies], -1, 0)


def what_to_check(learner):
    """Return what may be wrong if weights do not change, as text: what their rule reads."""
    rule, neurons = learner.rule, learner.target.name
    reasons = {
        "gain": f"that the gain of '{neurons}' is updated in every step",
        "feedback": "that feedback is connected",
        "modulator": "that the modulator is not 0",
    }
    read = {*rule.reads("post"), *rule.reads("network")}
    parts = [text for name, text in reasons.items() if name in read]
    last = "that the neurons are active"
    return f"{', '.join(parts)}{',' * (len(parts) > 1)} and {last}" if parts else last


def first_shown(start, show, seen):
    """Return the number of the first trial as the task counts it, by name, where that is not its
    number in the simulation.
    """
    return {"first_shown": (start - show.begins) * seen} if show.begins else {}


def meaning_of_losses(readouts):
    """Return what the losses of a network are, by name, where all readouts say the same."""
    meanings = {readout.loss_is for readout in readouts}
    return {"loss": meanings.pop()} if len(meanings) == 1 and "" not in meanings else {}


class EdgeMonitor(ConditionalMonitor):
    """Records every step of the first and last trial of each run."""

    def __init__(self, source, variable, n_steps):
        self.n_steps = n_steps
        super().__init__(
            source, variable, True, "{step} < {_begun} or {step} >= {_ending}", schedule.RECORD
        )

    def numbers(self):
        """Return the end of the run's first trial, and the beginning of its last."""
        begun = int(self.clock.variables["timestep"].get_value()[0]) + self.n_steps
        return self.as_code(_begun=begun, _ending=max(begun, run_end(self.clock) - self.n_steps))


class IntervalMonitor(ConditionalMonitor):
    """Records at the end of every n-th trial, and of each run."""

    def __init__(self, source, variable, n_steps, size):
        self.n_steps, self.interval = n_steps, n_steps
        with catch_logs():  # Brian2 warns that it cannot count synapses before a standalone run
            super().__init__(
                source,
                variable,
                np.arange(size),
                "({step} + 1) % {_interval} == 0 or {step} + 1 == {_end}",
                schedule.RECORD,
            )

    def every_trials(self, trials):
        """Record at the end of every `trials` trials, from the next run on."""
        self.interval = trials * self.n_steps

    def numbers(self):
        """Return the steps between, and the run's last step, which is recorded in any case."""
        return self.as_code(_interval=self.interval, _end=run_end(self.clock))
