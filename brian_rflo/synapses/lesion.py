"""Lesions: synapses that are removed for good, by a mask that everything which changes weights
ends with.

The mask, the synaptic variable `intact`, is made by the first lesion. Then each step of the
projection that changes weights, or other variables that it transmits, gets a last line

    w = where(intact > 0, w, 0)

and changes that are summed over a trial are set to 0 before anything measures or shares them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .. import schedule
from ..brian.borrowed import get_identifiers
from ..brian.conditional import ConditionalRunner, is_standalone, last_step
from ..brian.declared import declared
from ..brian.in_program import memory, say, static
from ..brian.statements import written
from ..steps import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The mask, and the step that takes lesioned synapses out of changes summed over a trial.
INTACT = "intact"
CHANGES = Step(
    f"change = where({INTACT} > 0, change, 0)",
    schedule.TRIAL_LEARN.behind(900),
    when="trial_end",
)

#: C++ that goes through all synapses.
EACH = "for (size_t _k = 0; _k < _gone.size(); _k++)"


class Lesionable:
    """Mixin for projections: `lesion`."""

    #: Steps, and rules, of projections that learn; there are none where weights are fixed.
    placed, waiting, rule = {}, (), None

    def lesion(
        self,
        synapses: ArrayLike | None = None,
        pre: ArrayLike | None = None,
        post: ArrayLike | None = None,
    ) -> None:
        """Remove synapses for good: their weights are 0 from now on, and remain so whatever is
        learned or loaded. They contribute to no sum and to no norm of a gradient.

        Weights that are assigned to them later are set to 0 at the next run. The mask is the
        synaptic variable `intact`, 0 for lesioned synapses, which `save` and `load` keep.

        Parameters
        ----------
        synapses : array, optional
            Boolean matrix ``[post, pre]`` or ``[network, post, pre]``, True for those to remove
            (pairs without a synapse are ignored); or the numbers of synapses.
        pre, post : array of int, optional
            Neurons of the source and of the target: all synapses from the former are removed, or
            onto the latter; with both, those from the former onto the latter.

        Raises
        ------
        TypeError, ValueError
            If nothing or too much is given, or numbers are out of range; if the projection is not
            connected, or belongs to no Trials and needs one.

        Examples
        --------
        >>> from brian2 import ms
        >>> neurons = RateNeurons(3, tau=10*ms)
        >>> synapses = FixedSynapses(neurons, neurons, onto="I_rec")
        >>> synapses.connect_matrix([[0, 1, 1], [2, 0, 3], [4, 5, 0]])
        >>> synapses.lesion(pre=[0])
        >>> synapses.matrix()
        array([[0., 1., 1.],
               [0., 0., 3.],
               [0., 5., 0.]])
        """
        chosen = self._chosen(synapses, pre, post)
        self._make_lesionable()
        if is_standalone():
            self._lesion_in_program(chosen)
        else:
            self._lesion_now(chosen)

    @property
    def is_lesioned(self) -> bool:
        """True if synapses have been removed."""
        return self._is_own(INTACT)

    def _is_own(self, name):
        """Return whether a variable is of the synapses, not of the neurons at their ends."""
        return name in self.variables and self.variables.indices[name] == "_idx"

    def _chosen(self, synapses, pre, post):
        """Return what is to be removed: a dictionary of arrays, checked."""
        if not self._connected:
            raise ValueError(
                f"'{self.name}' has no synapses yet; write {self.name}.connect() first"
            )
        if (synapses is None) == (pre is None and post is None):
            raise ValueError(
                f"{self.name}.lesion needs either synapses, or pre or post; write for example"
                f" {self.name}.lesion(pre=[0, 3])"
            )
        if synapses is None:
            return {
                "pre": mask(self.name, "pre", pre, self.source),
                "post": mask(self.name, "post", post, self.target),
            }
        values = np.asarray(synapses)
        if values.dtype == bool and values.ndim in (2, 3):
            return {"matrix": self._checked_matrix(values)}
        size = self._size()
        return {"numbers": whole_numbers(self.name, "synapses", values, size)}

    def _checked_matrix(self, values):
        networks = len(values) if values.ndim == 3 else 1
        shape = self.block_of(self.target, networks), self.block_of(self.source, networks)
        if values.shape[-2:] != shape:
            raise ValueError(
                f"{self.name}.lesion: the matrix must have shape {shape}, [post, pre], for each"
                f" network; got {values.shape}"
            )
        return values.reshape(networks, *shape)

    def _make_lesionable(self):
        """Add the mask, with 1 for all synapses, and its lines to all steps that need it."""
        if self.is_lesioned:
            return
        if self.waiting:
            raise ValueError(
                f"'{self.name}' belongs to no Trials yet, where some of its steps are placed; write"
                f" Trials(task, ..., {self.name}) before the lesion"
            )
        size = 0 if is_standalone() else len(self)
        self.variables.add_dynamic_array(INTACT, size=size)
        if is_standalone():
            array, sizes = memory(self.variables[INTACT])[0], memory(self.variables["w"])[1]
            say(f"{array.removesuffix('.data()')}.resize({sizes}, 1);")
        else:
            self.variables[INTACT].set_value(1)
        names = self._transmitted()
        for step, runner in self.placed.items():
            if step.site == "own":
                runner.abstract_code += masked(names & written(step.code))
        for pathway in (getattr(self, side, None) for side in ("pre", "post")):
            code = getattr(pathway, "code", None)
            if isinstance(code, str):
                pathway.code += masked(names & written(code))
        if "change" in self.variables:
            condition, name = last_step(self.trial_length), f"{self.name}_lesions*"
            runner = ConditionalRunner(self, CHANGES.code, condition, CHANGES.phase, name)
            self.settle(placed=self.placed | {CHANGES: runner})

    def _transmitted(self):
        """Return the synaptic variables that are sent: the weights, and others of the rule."""
        sent = get_identifiers("w" if self.rule is None else self.rule.transmits) | {"w"}
        return {name for name in sent if self._is_own(name)}

    def _cleared(self):
        """Return the variables that are 0 where there is no synapse: what is sent, what was kept of
        it, changes, and the memory of the optimizer.
        """
        learn = declared(self, "learn")
        memories = () if learn is None else learn.optimizer.remembered
        names = (*sorted(self._transmitted()), "w_kept", "change", *memories)
        return [self.variables[name] for name in names if self._is_own(name)]

    def _lesion_now(self, chosen):
        """Remove synapses on the runtime targets."""
        gone = gone_among(chosen, *self._ends(), len(self))
        first = self._shared_with()
        if first is not None:
            shared = np.zeros(len(self), dtype=bool)
            shared[first[gone]] = True
            gone = shared[first]
        intact = self.variables[INTACT].get_value().copy()
        intact[gone] = 0
        self.variables[INTACT].set_value(intact)
        self._clear()

    def _clear(self):
        gone = self.variables[INTACT].get_value() == 0
        for variable in self._cleared():
            values = variable.get_value().copy()
            values[gone] = 0
            variable.set_value(values)

    def _ends(self):
        """Return the neurons at both ends of all synapses, within their groups."""
        return np.asarray(self.i), np.asarray(self.j)

    def _shared_with(self):
        """Return the synapse of each synapse in the first of the copies that share weights."""
        name = "first_idx"
        return self.variables[name].get_value() if name in self.variables else None

    def _lesion_in_program(self, chosen):
        """Remove synapses between two runs of a C++ standalone program."""
        (intact, size, _), ends = memory(self.variables[INTACT]), []
        for name, group in (("_synaptic_pre", self.source), ("_synaptic_post", self.target)):
            ends.append(f"({memory(self.variables[name])[0]}[_k] - {group.start})")
        lines = [f"std::vector<char> _gone({size}, 0);", *gone_in_program(chosen, *ends)]
        if "first_idx" in self.variables:
            first = memory(self.variables["first_idx"])[0]
            lines += [
                f"{EACH} if (_gone[_k]) _gone[{first}[_k]] = 1;",
                f"{EACH} _gone[_k] = _gone[{first}[_k]];",
            ]
        say("{", *lines, f"{EACH} if (_gone[_k]) ({intact})[_k] = 0;", "}")
        self._clear_in_program()

    def _clear_in_program(self):
        intact, size, _ = memory(self.variables[INTACT])
        cleared = " ".join(f"({memory(of)[0]})[_k] = 0;" for of in self._cleared())
        say(f"for (size_t _k = 0; _k < {size}; _k++) if (!({intact})[_k]) {{ {cleared} }}")

    def keep_lesions(self) -> None:
        """Set the weights of lesioned synapses to 0, which may have been assigned since."""
        if not self.is_lesioned:
            return
        if is_standalone():
            self._clear_in_program()
        else:
            self._clear()

    def take_lesions(self, intact: NDArray | None) -> None:
        """Take the mask of a saved projection; None if it had no lesions."""
        if intact is None and not self.is_lesioned:
            return
        self._make_lesionable()
        self.variables[INTACT].set_value(np.ones(1) if intact is None else intact)
        self.keep_lesions()


def masked(names):
    """Return lines that set variables of lesioned synapses to 0, also if they are infinite."""
    return "".join(f"\n{name} = where({INTACT} > 0, {name}, 0)" for name in sorted(names))


def mask(projection, name, numbers, group):
    """Return which neurons of a group are meant, as 0 and 1; all of them by default."""
    if numbers is None:
        return np.ones(len(group), dtype=np.int32)
    found = np.zeros(len(group), dtype=np.int32)
    found[whole_numbers(projection, name, np.asarray(numbers), len(group))] = 1
    return found


def whole_numbers(projection, name, values, size):
    """Return indices, checked; those of a boolean array of one dimension are where it is True."""
    if values.dtype == bool and values.ndim == 1 and size in (None, len(values)):
        values = np.flatnonzero(values)
    is_index = values.ndim == 1 and (values.dtype.kind in "iu" or values.size == 0)
    if not is_index or (values < 0).any() or (size is not None and (values >= size).any()):
        which = "of at least 0" if size is None else f"from 0 to {size - 1}"
        raise ValueError(
            f"{projection}.lesion: {name} must be whole numbers {which}, or a boolean"
            f" array; got {np.array2string(values, threshold=6)}"
        )
    return values.astype(np.int32)


def gone_among(chosen, pre, post, size):
    """Return which synapses, with the given neurons at their ends, are chosen."""
    if "numbers" in chosen:
        gone = np.zeros(size, dtype=bool)
        gone[chosen["numbers"]] = True
        return gone
    if "matrix" in chosen:
        matrix = chosen["matrix"]
        _, n_post, n_pre = matrix.shape
        return matrix[post // n_post, post % n_post, pre % n_pre]
    return (chosen["pre"][pre] > 0) & (chosen["post"][post] > 0)


def gone_in_program(chosen, pre, post):
    """Yield C++ that marks the chosen synapses; `pre` and `post` are the neurons of synapse _k."""
    names = {name: static(f"_lesion_{name}", values) for name, values in chosen.items()}
    if "numbers" in chosen:
        size = len(chosen["numbers"])
        yield f"for (int _n = 0; _n < {size}; _n++) _gone[{names['numbers']}[_n]] = 1;"
        return
    if "matrix" in chosen:
        n_pre = chosen["matrix"].shape[-1]
        which = f"{names['matrix']}[(size_t){post}*{n_pre} + {pre} % {n_pre}]"
    else:
        which = f"{names['pre']}[{pre}] && {names['post']}[{post}]"
    yield f"{EACH} _gone[_k] = {which};"
