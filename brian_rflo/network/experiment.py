"""Uses of a network beside training it: evaluate, record, lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from brian2 import get_local_namespace

from ..brian.in_program import is_waiting
from ..gradient.changes import Changes
from ..gradient.measuring import Measured, Stopped
from .activity import Activity
from .lesions import lesion, warn_of_others
from .phases import aside, check_first, warn_of_divergence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from brian2 import Group
    from numpy.typing import ArrayLike, NDArray

    from ..results import TrainingResult
    from ..tasks import Task


class Experiment:
    """Mixin for networks that train: phases in which nothing learns, and lesions."""

    def evaluate(
        self,
        trials: int,
        first: int | None = None,
        report: str | Callable | None = None,
        task: Task | None = None,
        **run_args,
    ) -> TrainingResult:
        """Run a number of whole trials in which nothing learns, and after which nothing has
        changed: weights, traces, moments, an unfinished batch, neurons, the time and the numbers
        of trials and later random numbers are to the bit as if it had not been.

        Monitors of yours do not record these trials; see `record`. Code of yours, such as a network
        operation, runs in them; what it keeps outside of Brian2's variables is not restored.

        Parameters
        ----------
        trials : int
            At least 1; with trials side by side a multiple of `copies`.
        first : int, optional
            Number of the first trial; by default the one that would come next in a training.
        report, **run_args
            For `brian2.Network.run`.
        task : Task, optional
            Another task, as for `train`; afterwards it stands where it stood.

        Returns
        -------
        TrainingResult
            Losses, outputs and the rest as of a training. A network that has diverged runs with its
            restored weights.

        Raises
        ------
        TypeError, ValueError
            If `trials` or `first` is not such a number, the simulation stands within a trial, or
            another task does not fit the network.

        Examples
        --------
        >>> from brian2 import ms, defaultclock
        >>> task = PeriodicOutput(period=20*ms)
        >>> defaultclock.dt = task.dt
        >>> net = LearningNetwork(task, RateNeurons(10, tau=10*ms), RFLO(0.03, tau=10*ms))
        >>> result, test = net.train(3), net.evaluate(5)
        >>> test.losses.shape, test.settings["first_trial"], net.t
        ((1, 5), 3, 60. * msecond)
        """
        self._check_device()
        self._check_trials(trials)
        check_first(first, self.seen)
        namespace, is_own = get_local_namespace(level=1), self.shows.name_of(task) is None
        with (
            aside(self, first if is_own else None) as recording,
            self.shows.of(task, first, counts=False),
        ):
            result = self._run_trials(trials, report, run_args, namespace, recording)
        if not is_waiting():
            warn_of_divergence(result)
        return result

    def record(
        self,
        trials: int,
        variables: str | Sequence[str] | None = None,
        of: Group | Sequence[Group] | None = None,
        first: int | None = None,
        report: str | Callable | None = None,
        task: Task | None = None,
        **run_args,
    ) -> NDArray | dict:
        """Return the activity of neurons in some trials, in which nothing learns, and after which
        nothing has changed: see `evaluate`.

        Parameters
        ----------
        trials : int
            At least 1; with trials side by side a multiple of `copies`.
        variables : str or sequence of str, optional
            Variables of the neurons, at the end of each time step; ``"spikes"`` are 1 in the steps
            in which a neuron spikes, else 0. By default the activity, or spikes of neurons that
            have none.
        of : group or sequence of groups, optional
            Whose variables; by default those of ``net.neurons``. A network of your own parts has no
            default.
        first : int, optional
            Number of the first trial; by default the one that would come next in a training.
        report, **run_args
            For `brian2.Network.run`.
        task : Task, optional
            Another task, as for `train`; afterwards it stands where it stood.

        Returns
        -------
        ndarray, shape (trials, n_steps, neurons), or (networks, trials, n_steps, neurons)
            The latter for several networks. For a sequence of variables a dictionary of arrays by
            variable, for a sequence of groups a dictionary by the names of groups.

        Raises
        ------
        TypeError, ValueError
            If a number is not valid, a group lacks a variable or does not divide into the networks.
        RuntimeError
            In a C++ standalone program that is not built by the run (``build_on_run=False``).

        Examples
        --------
        >>> from brian2 import ms, defaultclock
        >>> task = PeriodicOutput(period=20*ms)
        >>> defaultclock.dt = task.dt
        >>> net = LearningNetwork(task, RateNeurons(10, tau=10*ms), RFLO(0.03, tau=10*ms))
        >>> net.record(3).shape
        (3, 20, 10)
        >>> sorted(net.record(3, ["activity", "feedback"]))
        ['activity', 'feedback']
        """
        self._check_device()
        self._check_trials(trials)
        check_first(first, self.seen)
        activity = Activity(self, variables, self._neurons_of(of, "record"))
        namespace, is_own = get_local_namespace(level=1), self.shows.name_of(task) is None
        with (
            activity.monitored(),
            aside(self, first if is_own else None, activity.monitors) as recording,
            self.shows.of(task, first, counts=False),
        ):
            activity.begin()
            self._run_trials(trials, report, run_args, namespace, recording)
            return activity.arrays(trials // self.seen)

    def gradient(
        self,
        trials: int,
        by: str | Sequence[str] | None = None,
        resets: dict[str, str] | None = None,
        cut: Sequence[str | tuple[str, str]] = (),
        first: int | None = None,
        task: Task | None = None,
        memory: float = 1e9,
        **run_args,
    ) -> dict[str, NDArray | list | float]:
        """Return the exact gradient of the loss in some trials, in which nothing learns, and after
        which nothing has changed: see `evaluate`.

        It is the derivative of the mean loss of the trials, through the whole network and all steps
        of a trial, as backpropagation through time computes it: what happens in a step is
        differentiated line by line and run backwards (`brian_rflo.gradient`). Spikes have the
        pseudo-derivative of their neurons.

        Parameters
        ----------
        trials : int
            At least 1; with trials side by side a multiple of `copies`.
        by : str or sequence of str, optional
            Names of projections, for their weights, and of variables of neurons: ``"neurons.h"``
            is the value of a state at the beginning of a trial, ``"neurons.bias"`` a parameter,
            ``"neurons.tau"`` also where it is one constant. By default the weights of all
            projections that can learn.
        resets : dict, optional
            How resets of spiking neurons are treated, by variable: "ignore", "detach" (at fixed
            spike times), "surrogate" (through the pseudo-derivative), or "attach" (that too where a
            reset sets a value). By default as rules derived from the neurons do.
        cut : sequence of str or tuple of str, optional
            What has no derivative: projections, by name, whose weights still have one, and pairs
            ``("v", "activity")``, the dependence of the first on the second in a step. With
            ``cut=("recurrent",)`` the gradient is that of local rules.
        first, task, **run_args
            As for `evaluate`.
        memory : float
            Largest number of bytes that are kept of a trial, or of as many as run side by side.
            Of longer trials segments run a second time on the way back, with the same result. C++
            standalone keeps all trials, and refuses where that takes more.

        Returns
        -------
        dict of str to ndarray
            Derivatives by weights as ``[network, post, pre]``, 0 for lesioned synapses and for
            self-connections that a projection does not allow; of sparse projections a list of
            `scipy.sparse.csr_array`, one for each network; by variables of neurons ``[network,
            neuron]``, in units of 1 over the variable's SI unit.

        Raises
        ------
        TypeError, ValueError
            If something that changes a variable on which the loss depends cannot be differentiated,
            with its statements and advice; or as for `evaluate`.
        FloatingPointError
            If a derivative is not finite.
        RuntimeError
            If it is stopped, by Control-C or `brian2.stop`.

        Examples
        --------
        >>> from brian2 import ms, defaultclock
        >>> task = PeriodicOutput(period=20*ms)
        >>> defaultclock.dt = task.dt
        >>> net = LearningNetwork(task, RateNeurons(10, tau=10*ms), RFLO(0.03, tau=10*ms))
        >>> gradient = net.gradient(1)
        >>> {name: array.shape for name, array in gradient.items()}
        {'recurrent': (1, 10, 10), 'output': (1, 1, 10)}
        >>> net.gradient(1, by="neurons.activity")["neurons.activity"].shape
        (1, 10)
        """
        self._check_device()
        self._check_trials(trials)
        check_first(first, self.seen)
        namespace, is_own = get_local_namespace(level=1), self.shows.name_of(task) is None
        given = run_args.get("namespace")
        found = Measured(
            self,
            by,
            resets,
            cut,
            namespace if given is None else given,
            trials // self.seen,
            self._first_step(first if is_own else None),
            memory,
        )
        with (
            aside(self, first if is_own else None) as recording,
            self.shows.of(task, first, counts=False),
            found.alone(),
        ):
            self._run_trials(trials, run_args.pop("report", None), run_args, namespace, recording)
            return found.result()

    def changes(
        self,
        trials: int,
        by: str | Sequence[str] | None = None,
        first: int | None = None,
        task: Task | None = None,
        **run_args,
    ) -> dict[str, NDArray | list]:
        """Return what the rules of the network would do in some trials, after which nothing has
        changed: see `evaluate`. Each trial, or round of trials side by side, begins with the
        present weights.

        Compare it with `gradient`, or with the changes of another network with the same weights and
        another rule; in a training do so with `brian_rflo.gradient.GradientAlignment` and
        `RuleAlignment`.

        Parameters
        ----------
        trials : int
            At least 1; with trials side by side a multiple of `copies`.
        by : str or sequence of str, optional
            Names of projections; by default all that can learn.
        first, task, **run_args
            As for `evaluate`.

        Returns
        -------
        dict of str to ndarray
            Means over the trials of the sum of updates divided by the window, as ``[network, post,
            pre]`` or in the form of `gradient`: minus the gradient, where a rule is that. With
            `PerTrial` as they are added up, before clipping and optimizer; with `PerStep` the
            change of the weights in a trial, in units of the learning rate.

        Raises
        ------
        TypeError, ValueError
            As for `evaluate`, or if a name is not that of a projection that learns.
        RuntimeError
            In C++ standalone, which runs no Python within a trial, or if it is stopped.

        Examples
        --------
        >>> from brian2 import ms, defaultclock
        >>> task = PeriodicOutput(period=20*ms)
        >>> defaultclock.dt = task.dt
        >>> neurons = RateNeurons(10, tau=10*ms)
        >>> net = LearningNetwork(task, neurons, RFLO(0.03, tau=10*ms), learn=PerTrial())
        >>> done, gradient = net.changes(1), net.gradient(1)
        >>> np.allclose(done["output"], -gradient["output"])
        True
        """
        self._check_device()
        self._check_trials(trials)
        check_first(first, self.seen)
        namespace, name = get_local_namespace(level=1), self.shows.name_of(task)
        found, total = Changes(self, by), []
        first = self.shows.next_trial(name) if first is None else first
        with found.present():
            for number in range(first, first + trials, self.seen):
                with (
                    aside(self, number if name is None else None, learns=True) as recording,
                    self.shows.of(task, number, counts=False),
                ):
                    found.begin()
                    self._run_trials(self.seen, None, dict(run_args), namespace, recording)
                    if not found.done:
                        raise Stopped("changes", number - first, trials)
                    total.append(found.done)
                    found.done = {}
        found.done = {name: np.mean([one[name] for one in total], axis=0) for name in total[0]}
        return found.by_network()

    def _first_step(self, first):
        """Return the number of the time step with which a run begins."""
        if first is None:
            return round(float(self.t / self.task.dt))
        return (self.shows.now.begins + first // self.seen) * self.task.n_steps

    def lesion(
        self,
        neurons: ArrayLike,
        of: Group | None = None,
        networks: ArrayLike | None = None,
    ) -> None:
        """Remove neurons for good: all synapses from them and onto them, in all projections of this
        package; see `PlasticSynapses.lesion`.

        Parameters
        ----------
        neurons : array of int or bool
            Their numbers within each network.
        of : group, optional
            Their group; by default ``net.neurons``. A network of your own parts has no default.
        networks : array of int, optional
            The networks in which they are removed; by default all.

        Raises
        ------
        ValueError
            If a number is out of range.

        Examples
        --------
        >>> from brian2 import ms, defaultclock
        >>> task = PeriodicOutput(period=20*ms)
        >>> defaultclock.dt = task.dt
        >>> net = LearningNetwork(task, RateNeurons(10, tau=10*ms), RFLO(0.03, tau=10*ms))
        >>> net.lesion([0, 1])
        >>> result = net.train(3)
        >>> int((result.weights_after["recurrent"] == 0).sum()), 100 - 8*8
        (36, 36)
        """
        self._check_device()
        group = self._neurons_of(of, "lesion")
        lesion(self, group, neurons, networks)
        warn_of_others(self.objects, group)

    def _neurons_of(self, of, word):
        """Return the groups that are meant, by default the neurons of the standard network."""
        of = getattr(self, "neurons", None) if of is None else of
        if of is None:
            raise ValueError(
                f"'{self.name}' is made of your own parts; write net.{word}(..., of=neurons) with"
                " the group that is meant"
            )
        return of
