"""What a network records of its trainings, and the result that comes of it."""

import weakref

import numpy as np
from brian2.utils.logger import catch_logs, get_logger

from .. import schedule
from ..analysis import alignment
from ..occasional import OccasionalMonitor, is_standalone
from ..results import TrainingResult, alignment_interval
from ..settings import origin, told
from ..synapses import AdaptiveFeedback, PlasticSynapses
from ..trials import LossMonitor

logger = get_logger(__name__)


class Recording:
    """Losses, outputs of the first and last trial, and weights now and then.

    Parameters
    ----------
    net : LearningNetwork

    Attributes
    ----------
    losses : LossMonitor
    outputs : EdgeMonitor
    output_weights, feedback_weights : IntervalMonitor
        What the alignment is computed from; `feedback_weights` is None where they do not learn.
    """

    def __init__(self, net):
        self.net, n_steps, size = weakref.proxy(net), net.task.n_steps, len(net.neurons) * net.task.n_outputs
        self.losses = LossMonitor(net.trials)
        self.outputs = EdgeMonitor(net.readout, "output", n_steps)
        self.output_weights = IntervalMonitor(net.output, "w", n_steps, size)
        self.feedback_weights = IntervalMonitor(net.feedback, "w", n_steps, size) if isinstance(net.feedback, AdaptiveFeedback) else None

    @property
    def monitors(self):
        """All of them."""
        return [monitor for monitor in (self.losses, self.outputs, self.output_weights, self.feedback_weights) if monitor is not None]

    def begin(self, rounds):
        """Keep how things stand before a run of so many rounds, of `parallel` trials each."""
        self.rounds, self.before, self.first, self.switches = rounds, self.net.weights(), self._recorded(), self._switches()
        for monitor in self.monitors[2:]:
            monitor.every_trials(alignment_interval(rounds))

    def _switches(self):
        """Learning rates as they are now, and which projections learn."""
        parts = {name: getattr(self.net, name) for name in ("recurrent", "input_synapses", "output", "feedback")}
        parts = {name: part for name, part in parts.items() if isinstance(part, PlasticSynapses)}
        return told({f"{word}_{name}": np.asarray(getattr(part, word)).item() for name, part in parts.items() for word in ("learning_rate", "plastic")})

    def _recorded(self):
        """How much the monitors hold already; nothing yet in standalone."""
        monitors = (self.losses, self.outputs, self.output_weights)
        return (0, 0, 0) if is_standalone() else tuple(len(monitor.t) for monitor in monitors)

    def result(self):
        """What the run has left in the monitors, also where it ended early: all networks diverged, or somebody stopped it."""
        net, rounds, first = self.net, self.rounds, self.first
        done = np.asarray(self.losses.loss)[:, first[0] :]
        losses = np.full((net.blocks, rounds), np.nan)
        losses[:, : done.shape[1]] = done
        finished = int(round(float(net.t / net.task.dt))) // net.task.n_steps
        start, diverged_in = finished - done.shape[1], np.asarray(net.trials.diverged_in).copy()
        losses[(diverged_in >= 0)[:, None] & (np.arange(rounds) + start > diverged_in[:, None])] = np.nan
        outputs, has_last = self._outputs(first[1]), done.shape[1] == rounds
        aligned_rounds, aligned = self._alignment(first[2], start)
        last = net.task.trial(max(finished * net.parallel - 1, 0))
        self._warn_of_the_end(start, start + done.shape[1], diverged_in)
        self._warn_of_nothing_learned(done.shape[1])
        return TrainingResult(
            losses=losses.reshape(net.networks, net.parallel, rounds).swapaxes(1, 2).reshape(net.networks, -1),
            dt=float(net.task.dt),
            target=last[1],
            mask=last[2],
            first_output=outputs[:, 0, :, 0].swapaxes(1, 2),
            output=np.where(has_last, outputs[:, -1, :, -1].swapaxes(1, 2), np.nan),
            weights_before=self.before,
            weights_after=net.weights(),
            aligned_trials=aligned_rounds * net.parallel,
            alignment=aligned,
            diverged_in=np.where(diverged_in < 0, -1, diverged_in * net.parallel)[:: net.parallel],
            settings=net.settings | self.switches | {"trials": rounds * net.parallel, "finished_trials": done.shape[1] * net.parallel, "first_trial": start * net.parallel} | origin(),
        )

    def _outputs(self, first):
        """Outputs as (network, copy, output, trial, step), of the first trial and, if it was reached, of the last one; NaN from where the run was stopped."""
        net, recorded = self.net, np.asarray(self.outputs.output)[:, first:]
        whole = np.full((len(recorded), max(-(-recorded.shape[1] // net.task.n_steps), 1) * net.task.n_steps), np.nan)
        whole[:, : recorded.shape[1]] = recorded
        return whole.reshape(net.networks, net.parallel, net.task.n_outputs, -1, net.task.n_steps)

    def _warn_of_the_end(self, start, end, diverged_in):
        """Say that the run was stopped, if it was: the rest of its trials is not there."""
        if end < start + self.rounds and (diverged_in < 0).any():
            net, hint = self.net, ""
            if round(float(net.t / net.task.dt)) % net.task.n_steps:
                hint = " Within a trial no training can begin: run the network to its end, load what was saved, or build it anew."
            logger.warn(f"Training was stopped at {net.t}, after {(end - start) * net.parallel} of {self.rounds * net.parallel} trials; losses of the others are NaN.{hint}", "stopped")

    def _warn_of_nothing_learned(self, finished):
        """Say that the recurrent weights have stayed as they were, if they were to learn: the loss may fall all the same, by the readout."""
        net, learner = self.net, self.net.recurrent
        learns = bool(np.all(learner.plastic)) and float(np.asarray(learner.learning_rate).item()) > 0 and finished >= learner.batch and (np.asarray(net.trials.diverged_in) < 0).any()
        if learns and np.array_equal(self.before["recurrent"], net.weights()["recurrent"]):
            logger.warn(f"The recurrent weights have not changed in this training. Is the gain of '{net.neurons.name}' set in each step, does its feedback arrive, and does it send anything?", "nothing_learned")

    def _alignment(self, first, start):
        """Trials of this training at which the alignment is known, and its values (networks, n)."""
        net, before, size = self.net, self.before, len(self.net.neurons) // self.net.blocks
        recorded = np.asarray(self.output_weights.w)[:, first:]
        weights = recorded.reshape(net.blocks, size, net.task.n_outputs, recorded.shape[1])[:: net.parallel].transpose(3, 0, 2, 1)
        feedback = weights.swapaxes(-1, -2) if net.is_symmetric else before["feedback"]
        if self.feedback_weights is not None:
            recorded = np.asarray(self.feedback_weights.w)[:, first:]
            feedback = recorded.reshape(net.blocks, net.task.n_outputs, size, recorded.shape[1])[:: net.parallel].transpose(3, 0, 2, 1)
        trials = np.round(np.asarray(self.output_weights.t[first:] / net.task.duration)).astype(int) - start
        known = [alignment(before["output"], before["feedback"])[None], alignment(weights, feedback)]
        return np.concatenate([[0], trials]), np.concatenate(known).T


class EdgeMonitor(OccasionalMonitor):
    """Records every step of the first and of the last trial of each run."""

    def __init__(self, source, variable, n_steps):
        self.n_steps = n_steps
        super().__init__(source, variable, True, "True", schedule.RECORD)

    def before_run(self, run_namespace):
        """The run's first and last step are known now."""
        first, last = int(self.clock.variables["timestep"].get_value()[0]), int(self.clock._i_end)
        self.condition = f"{{step}} < {first + self.n_steps} or {{step}} >= {max(first + self.n_steps, last - self.n_steps)}"
        super().before_run(run_namespace)


class IntervalMonitor(OccasionalMonitor):
    """Records at the end of every so many trials, and of each run."""

    def __init__(self, source, variable, n_steps, size):
        self.n_steps, self.interval = n_steps, n_steps
        with catch_logs():  # Brian2 warns that it cannot count synapses before a standalone run
            super().__init__(source, variable, np.arange(size), "True", schedule.RECORD)

    def every_trials(self, trials):
        """Record at the end of every so many trials, from the next run on."""
        self.interval = trials * self.n_steps

    def before_run(self, run_namespace):
        """The run's last step, which is recorded in any case, is known now."""
        self.condition = f"({{step}} + 1) % {self.interval} == 0 or {{step}} + 1 == {int(self.clock._i_end)}"
        super().before_run(run_namespace)

