"""Base of all projections: connections, and weights as matrices."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import CodeRunner, Group, get_local_namespace
from numpy.typing import ArrayLike, NDArray

from .. import schedule
from ..brian.borrowed import SummedVariableUpdater
from ..brian.component import Component, without_compiler
from ..brian.conditional import is_standalone
from ..brian.names import Script
from ..brian.private import WithoutWorkingMemory, is_given
from ..brian.quantities import check_absent, check_count, numbers
from ..dense import Geometry
from ..neurons.base import parent_group
from .delays import is_delayed
from .fitting import check_clocks, check_variables, density_of, refuse_many
from .lesion import Lesionable
from .own_weights import add_own_weights
from .sums import Addition

if TYPE_CHECKING:
    import scipy.sparse

#: Prefixes of the variables in which dense loops keep data between steps.
WORKING = ("_history_", "_at_", "_ahead", "_stale")


class Projection(Lesionable, Component, WithoutWorkingMemory):
    """Base of all projections, which connect once and accept finite weights only.

    `_connected` is 0 before `connect`, the number of networks if each is connected all to all, and
    -1 for other patterns. `_in_blocks` and `_count` are the number of networks and of synapses of a
    pattern that `connect_matrix` made; 0 and None for others.
    """

    working = WORKING
    #: What completes the total if an earlier projection sums into the same variable.
    addition = None
    _in_blocks, _count = 0, None
    _share = None
    #: What sums its weights of neurons onto themselves, if a rule reads them.
    own_weights = None
    #: The group that has what the source sent some steps ago, if it sums with a delay.
    delay_line = None

    def __init__(self, source: Group, target: Group, *args: Any, **synapses_args: Any):
        for group in (source, target):
            schedule.take_part(parent_group(group))
        check_variables(source, target, *args)
        super().__init__(source, target, *args, **synapses_args)
        check_clocks(self)
        if is_delayed(source):
            self.delay_line = source
            self.contained_objects.append(source)

    def connect(self, *args: Any, networks: int = 1, level: int = 0, **connect_args: Any) -> None:
        """Connect all to all, or with the arguments of `brian2.Synapses.connect`.

        Parameters
        ----------
        networks : int
            Number of equal blocks, independent networks in one group, each connected all to all.

        Raises
        ------
        ValueError
            If it is already connected, or the groups do not divide into `networks` equal parts.
        """
        if self._connected:
            raise ValueError(
                f"'{self.name}' is already connected; connect it once, with one pattern"
            )
        check_count(f"'{self.name}': networks", networks)
        given = connect_args.pop("namespace", None)
        namespace = Script(
            get_local_namespace(level=level + 1) if given is None else given,
            *args,
            *connect_args.values(),
        )
        if networks > 1:
            pre, post = self.block_of(self.source, networks), self.block_of(self.target, networks)
            connect_args["j"] = f"k for k in range((i//{pre})*{post}, (i//{pre} + 1)*{post})"
        dense = not args and set(connect_args) <= {"j"} and (networks > 1 or not connect_args)
        # other patterns draw random numbers of the code generation target
        with without_compiler(self) if dense else nullcontext():
            super().connect(*args, namespace=namespace, **connect_args)
        self._connected = networks if dense else -1
        if not dense and not args and is_standalone():
            self._share = density_of(self, **connect_args)

    def place_sum(self, phase: schedule.Phase) -> None:
        """Move the sum to a phase, with its delay line and what completes the total."""
        schedule.move(self.sum_updater, phase)
        if self.dense is not None:
            self.dense.follow_sum()

    def run_regularly(self, *args: Any, **runner_args: Any) -> CodeRunner:
        """Run statements as `brian2.Group.run_regularly` does."""
        runner = super().run_regularly(*args, **runner_args)
        self._leave_source()
        return runner

    def _leave_source(self):
        """Take the projection out of the parts of its source, to which Brian2 adds an object with
        statements: it would run with the source, also where it is not a part of the network.
        """
        if self in self.source.contained_objects:
            self.source.contained_objects.remove(self)

    def _place_first(self, phase):
        """Place the sum where it was made; add it to the total if that has sums already."""
        if self.sums_into != self.onto:
            self.addition = Addition(self, self.target, self.onto, self.sums_into, phase)
            # also by the name of the total
            self.summed_updaters[f"{self.onto}_post"] = self.sum_updater
        followers = [] if self.addition is None else [self.addition.place]
        if self.delay_line is not None:
            followers.append(partial(self.delay_line.take_before, self.sends))
        self.sum_updater.followers = tuple(followers)
        self.place_sum(phase)
        add_own_weights(self)

    @property
    def sender(self) -> Group:
        """The group that sends: the source, or that of which a delay line has the values."""
        return self.source if self.delay_line is None else self.delay_line.beside

    @property
    def sum_updater(self) -> SummedVariableUpdater | None:
        """Updater that sums into the target; None for a projection that sends spikes."""
        return self.summed_updaters.get(f"{self.sums_into}_post")

    @property
    def geometry(self) -> Geometry | None:
        """Layout of the synapses if they are all to all, else None."""
        if self._connected < 1:
            return None
        return Geometry(
            self._connected,
            self.block_of(self.source, self._connected),
            self.block_of(self.target, self._connected),
            self.source.start,
            self.target.start,
        )

    @property
    def has_delays(self) -> bool:
        """True if spikes have delays; in C++ standalone, unknown delays count as non-zero."""
        return is_delaying(self.pre)

    def block_of(self, group: Group, networks: int) -> int:
        """Return the size of one network's part of `group`."""
        if len(group) % networks:
            raise ValueError(
                f"'{self.name}': group '{group.name}' of {len(group)} does not divide into"
                f" {networks} equal networks"
            )
        return len(group) // networks

    def __setattr__(self, name, value, level=0):
        if name == "w" and not isinstance(value, str):
            self._check_weights(value)
        if name == "delay" and self._is_constructed and not self.sends_spikes:
            raise AttributeError(
                f"'{self.name}' sums, and the delay of a sum is read when it is made; write"
                f" {type(self).__name__}(..., delay=5*ms)"
            )
        super().__setattr__(name, value, level=level + 1)

    def _check_weights(self, value):
        value = numbers(f"weights of '{self.name}'", value)
        if not self._connected:
            raise ValueError(f"'{self.name}' has no weights yet; write {self.name}.connect() first")
        size = self._size()
        if value.ndim > 1 or (value.ndim == 1 and size is not None and len(value) != size):
            raise ValueError(
                f"weights of '{self.name}' must be a number, a string or an array of shape"
                f" ({size},), one for each synapse; got shape {value.shape}. For a matrix [post,"
                f" pre] write {self.name}.set_matrix(matrix)"
            )
        if not np.isfinite(value).all():
            raise ValueError(
                f"weights of '{self.name}' must be finite; got"
                f" {np.count_nonzero(~np.isfinite(value))} that are not"
            )

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Raise unless the projection is connected and its weights are finite."""
        if not self._connected:
            raise ValueError(
                f"'{self.name}' is not connected; write {self.name}.connect() before the run"
            )
        if not is_standalone():
            self._check_weights(self.variables["w"].get_value())
        self.keep_lesions()
        check_clocks(self)
        if self.own_weights is not None:
            self.own_weights.choose()
        super().before_run(run_namespace)

    def _size(self):
        """Return the number of synapses; None if standalone does not know it yet."""
        if not is_standalone():
            return len(self)
        return (
            len(self.source) * len(self.target) // self._connected
            if self._connected > 0
            else self._count
        )

    @property
    def share_connected(self) -> float | None:
        """Share of all pairs of neurons that are connected, each once, in C++ standalone; None
        where it is not known before the program runs.
        """
        return self._share

    @property
    def networks(self) -> int:
        """Number of networks within which it connects, each with a matrix of its own; 0 for other
        patterns.
        """
        return max(self._connected, self._in_blocks)

    def connect_matrix(self, matrix: ArrayLike | scipy.sparse.sparray, absent: float = 0.0) -> None:
        """Connect the pairs of neurons for which a matrix ``[post, pre]`` has an entry, with the
        entries as weights.

        Parameters
        ----------
        matrix : array, shape (n_post, n_pre), or scipy.sparse matrix of that shape
            Row `k` has the weights *onto* neuron `k` of the target. Each stored entry of a sparse
            matrix is a synapse, including zeros. Of networks side by side ``[network, post, pre]``.
        absent : float
            Value in an array that stands for no synapse; use ``nan`` to allow synapses of weight 0.
            A matrix without this value connects all to all.

        Raises
        ------
        ValueError
            If the shape does not fit, a weight is not finite, or the projection is already
            connected.

        Examples
        --------
        >>> from brian2 import ms
        >>> neurons = RateNeurons(3, tau=10*ms)
        >>> synapses = FixedSynapses(neurons, neurons, onto="I_rec")
        >>> synapses.connect_matrix([[0, 1, 0], [2, 0, 3], [0, 0, 0]])
        >>> len(synapses), synapses.w["i == 0 and j == 1"]
        (3, array([2.]))
        """
        networks = len(matrix) if np.ndim(matrix) == 3 else 1
        shape = (self.block_of(self.target, networks), self.block_of(self.source, networks))
        if np.ndim(matrix) not in (2, 3) or np.shape(matrix)[-2:] != shape:
            raise ValueError(
                f"the weight matrix of '{self.name}' must have shape {shape}, [post, pre]; got"
                f" {np.shape(matrix)}"
            )
        post, pre, weights = entries(matrix, absent)
        self._check_entries(pre, post, weights)
        if len(weights) == networks * shape[0] * shape[1]:
            self.connect(networks=networks)
        else:
            self._connect_pairs(pre, post, networks)
        self.w = weights

    def _check_entries(self, pre, post, weights):
        """Raise unless synapses that `connect_matrix` will make may be there; by default, all."""

    def _connect_pairs(self, pre, post, networks):
        """Connect pairs of neurons, each within one of some networks side by side."""
        if len(pre):
            self.connect(i=pre, j=post)
        else:
            self.connect(condition="False")
        self._in_blocks, self._count = networks, len(pre)

    def set_matrix(self, matrix: ArrayLike) -> None:
        """Set the weights from a matrix ``[post, pre]``, or ``[network, post, pre]`` after
        ``connect(networks=K)``.

        For pairs without a synapse the matrix must be 0 or NaN. `connect_matrix` also makes the
        synapses.

        Raises
        ------
        ValueError
            If shape or values do not fit, or the matrix has weights where there are no synapses.
        """
        matrix = numbers(
            f"the weight matrix of '{self.name}'",
            matrix,
            f"give an array; for a string that Brian2 evaluates, write {self.name}.w = 'randn()'",
        )
        networks = len(matrix) if matrix.ndim == 3 else 1
        shape = (self.block_of(self.target, networks), self.block_of(self.source, networks))
        if matrix.ndim not in (2, 3) or matrix.shape[-2:] != shape:
            raise ValueError(
                f"the weight matrix of '{self.name}' must have shape {shape}, [post, pre]; got"
                f" {matrix.shape}"
            )
        refuse_many(self, "w")
        if self._connected == networks or not self._connected:
            self.w = matrix.swapaxes(-1, -2).ravel()
        elif networks in (1, self._in_blocks) and not is_standalone():
            self._set_sparse(matrix.reshape(networks, *shape))
        else:
            raise ValueError(
                f"'{self.name}' is not connected all to all within {networks} network(s), so a"
                f" matrix does not fit it; write {self.name}.w = matrix[{self.name}.j,"
                f" {self.name}.i], or connect it with {self.name}.connect_matrix(matrix)"
            )

    def _set_sparse(self, matrices):
        left, places = np.nan_to_num(matrices, nan=0.0), self._places(len(matrices))
        left[places] = 0
        if left.any():
            first = np.argwhere(left)[0]
            raise ValueError(
                f"the matrix for '{self.name}' has {np.count_nonzero(left)} weights for pairs"
                f" without a synapse (the first for post = {first[1]}, pre = {first[2]}); write 0"
                f" there, or make the synapses with {self.name}.connect_matrix(matrix)"
            )
        self.w = matrices[places]

    def _places(self, networks):
        """Return network, post and pre of each synapse."""
        n_post, n_pre = self.block_of(self.target, networks), self.block_of(self.source, networks)
        pre, post = np.asarray(self.i), np.asarray(self.j)
        return post // n_post, post % n_post, pre % n_pre

    def matrix(self, networks: int = 1, absent: float = 0.0) -> NDArray:
        """Return the weights as ``[post, pre]``, or ``[network, post, pre]`` for several networks,
        with `absent` for pairs without a synapse.

        Weights of several synapses of one pair are summed.
        """
        check_absent(absent)
        matrices = self.arranged(np.asarray(self.w), networks, absent)
        return matrices if networks > 1 else matrices[0]

    def arranged(self, values: ArrayLike, networks: int = 1, absent: float = 0.0) -> NDArray:
        """Return values of the synapses, ``(n_synapses, ...)``, as ``[network, post, pre, ...]``;
        see `matrix`.
        """
        n_post, n_pre = self.block_of(self.target, networks), self.block_of(self.source, networks)
        arranged = np.full((networks, n_post, n_pre, *np.shape(values)[1:]), float(absent))
        places = self._places(networks)
        arranged[places] = 0
        np.add.at(arranged, places, values)
        return arranged


def is_delaying(pathway):
    """Return whether spikes through a pathway have delays; in C++ standalone, unknown delays count
    as non-zero.
    """
    delay = pathway.variables["delay"]
    return is_given(delay) if is_standalone() else bool(np.any(delay.get_value()))


def entries(matrix, absent):
    """Return rows, columns and values of the entries of a matrix ``[post, pre]``, or of several
    side by side, ``[network, post, pre]``, in the order of all-to-all synapses.
    """
    if hasattr(matrix, "tocoo"):
        stored = matrix.tocsc().tocoo()  # sums entries of one place
        order = np.lexsort((stored.row, stored.col))
        return stored.row[order], stored.col[order], stored.data[order].astype(float)
    columns = np.asarray(matrix, dtype=float).swapaxes(-1, -2)
    check_absent(absent)
    is_there = ~np.isnan(columns) if np.isnan(absent) else columns != absent
    *network, pre, post = np.nonzero(is_there)
    n_pre, n_post = columns.shape[-2:]
    network = network[0] if network else 0
    return post + network * n_post, pre + network * n_pre, columns[is_there]
