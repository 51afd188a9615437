"""The strings of a derived rule.

With eps the traces, A and b those of `linear`, z the spike, psi the pseudo-derivative and u the
distance from the threshold, in the order of a step:

    integrate    eps1 = A eps0 + b sent
                 before the neurons are integrated, for traces of presynaptic cells
    spike        dz = psi (du/ds . eps1)
    arrive       eps2 = eps1 + (what a spike of weight 1 adds)
                 where a presynaptic spike arrives
    reset        eps3_k = eps2_k + z ((dR_k/ds - 1) . eps2) + (R_k - s_k) dz
                 all rows at once; the terms that the reset mode has
    eligibility  dactivity/ds . eps3, or dz where the activity is the spike

Coefficients that are the same for all neurons are written into the strings. All others are stored
once per neuron: `before` the step (from its state and input), at the `slope` (integrated, before
the threshold), at the `reset` (before it happens), and at the `end` of the step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy

from ..brian.borrowed import DIMENSIONLESS, get_identifiers
from .calculus import symbol, to_code
from .linear import needed_lines
from .lines import cleared, equations, single
from .placement import Placement, placement_of
from .text import NeuronText

PHASES = ("before", "slope", "reset", "end")


@dataclass(frozen=True, eq=False)
class Derivation:
    """Result of `derive`: strings for synapses, presynaptic cells and neurons.

    Parameters
    ----------
    text : NeuronText
    onto : str
        The variable that the weights act on.
    placement : Placement
    traces, advance, eligibility, spike_change, reset : str
        Equations, statements and expressions of synapses, as in `LearningRule`; `eligibility` is
        the derivative of the activity, `spike_change` of the spike.
    pre_traces, pre_advance, pre_reset : str
        The same for presynaptic cells.
    stored : dict
        Coefficients that neurons store: for each phase, expressions by name.
    dimensions : dict
        Their dimensions.
    is_late : bool
        Whether traces see presynaptic cells only after the neurons are integrated, and so need
        `arrival`.
    """

    text: NeuronText
    onto: str
    placement: Placement
    traces: str
    advance: str
    eligibility: str
    spike_change: str
    reset: str
    pre_traces: str
    pre_advance: str
    pre_reset: str
    stored: dict
    dimensions: dict
    is_late: bool

    @property
    def constants(self) -> dict[str, object]:
        """Scalars that the strings of synapses and cells name."""
        named = get_identifiers("\n".join((self.advance, self.eligibility, self.pre_advance)))
        return {name: value for name, value in self.text.constants.items() if name in named}

    @property
    def shared(self) -> list[str]:
        """Shared variables of the neurons that presynaptic cells read."""
        return sorted(get_identifiers(self.pre_advance) & self.text.shared)

    def code(self, phase: str) -> str:
        """Return statements that compute the coefficients of a phase."""
        return neuron_code(self.placement, phase, self.stored[phase])


def neuron_code(placement, phase, wanted):
    """Return statements of the neurons that compute the expressions `wanted` in a phase."""
    return "\n".join(needed_lines(placement.linear.lines if phase == "before" else {}, wanted))


def derive(
    text: NeuronText, onto: str, with_spikes: bool = False, is_filtered: bool = False
) -> Derivation:
    """Derive the learning rule of weights onto a variable.

    Parameters
    ----------
    text : NeuronText
    onto : str
        A variable of the neurons that receives sums or spikes.
    with_spikes : bool
        Whether the derivative of the spike is needed in any case, as the eligibility of synapses.
    is_filtered : bool
        Whether traces also read the eligibility, and so must wait for the slope of the transmitted
        quantity.

    Returns
    -------
    Derivation

    Raises
    ------
    ValueError
        If something cannot be differentiated, with advice.
    """
    return Writing(text, onto, with_spikes, is_filtered).done()


@dataclass
class Writing:
    """Derivation of the strings, in progress."""

    text: NeuronText
    onto: str
    with_spikes: bool
    is_filtered: bool
    stored: dict = field(default_factory=lambda: {phase: {} for phase in PHASES})
    dimensions: dict = field(default_factory=dict)

    def __post_init__(self):
        self.placement = placement_of(self.text, self.onto)
        self.cells, self.synapses = self.placement.on_cells, self.placement.on_synapses
        self.is_event = self.onto in self.text.events
        waits = self.is_filtered and not all(
            map(self.text.is_scalar, self.placement.activity.values())
        )
        self.is_late = self.is_event or self.text.spikes or waits
        self.arrival = symbol("arrival_pre" if self.is_late else "activity_pre")

    def done(self):
        """Return all strings."""
        self._check_events()
        advance, update, spike = self._advance()
        eligible = {str(self._dz): DIMENSIONLESS} if self._stores_spikes else {}
        declared = {f"trace_{name}": self.text.units[name] for name in self.synapses} | eligible
        return Derivation(
            self.text,
            self.onto,
            self.placement,
            equations(declared),
            advance,
            update,
            spike,
            cleared(declared),
            *self._cells(update + advance),
            self.stored,
            self.dimensions,
            self.is_late,
        )

    def _check_events(self):
        if self.is_event and not self.text.is_scalar(self._added):
            raise ValueError(
                f"{self.text.name}: a spike adds '{to_code(self._added)}' times its weight to"
                f" '{self.onto}', which must be the same for all neurons and all time; put what"
                f" differs into the equations, where '{self.onto}' is read"
            )
        for name in self.text.ignore + self.text.detach:
            if name not in self.text.units:
                raise ValueError(
                    f"{self.text.name}: '{name}' in ignore or detach is not a state"
                    f" variable; those are {', '.join(self.text.units)}"
                )
            if name not in self.text.resets:
                raise ValueError(
                    f"{self.text.name}: no spike resets '{name}', so ignore and detach do"
                    " not apply to it; leave it out"
                )

    @property
    def _added(self):
        return self.text.expression(self.text.events[self.onto])

    @property
    def _stores_spikes(self):
        return self.text.activity == "spike" or (
            self.with_spikes and self.text.spikes and bool(self.text.surrogate)
        )

    @property
    def _dz(self):
        return symbol(
            "eligibility"
            if self.text.activity == "spike"
            else "spike_change"
            if self._stores_spikes
            else "dz"
        )

    def coefficient(self, phase, name, value, dimensions):
        """Return a factor for the synapses' strings: the expression itself, or a variable that the
        neurons store.
        """
        if self.text.is_scalar(value):
            return value.xreplace(
                {symbol(shared): symbol(f"{shared}_post") for shared in self.text.shared}
            )
        self.stored[phase][name], self.dimensions[name] = value, dimensions
        return symbol(f"{name}_post")

    def _dimensions(self, name, by):
        return self.text.units.get(name, DIMENSIONLESS) / self.text.units.get(by, DIMENSIONLESS)

    def _integrated(self, name):
        """Return eps1 of a trace that is stored per synapse."""
        total = sympy.Integer(0)
        for by, value in self.placement.linear.A[name].items():
            before = (
                symbol(f"trace_{by}")
                if by in self.synapses
                else (
                    symbol(f"old_{by}_pre")
                    if by in self.cells
                    else self.arrival
                    if by == self.onto and by in self.text.sums
                    else 0
                )
            )
            if before != 0:
                total += (
                    self.coefficient("before", f"J_{name}_{by}", value, self._dimensions(name, by))
                    * before
                )
        return total

    def _new(self, name):
        """Return eps1, by name."""
        return (
            symbol(f"new_{name}")
            if name in self.synapses
            else symbol(f"trace_{name}_pre")
            if name in self.cells
            else sympy.Integer(0)
        )

    def _arrived(self, name):
        """Return eps2."""
        if name != self.onto or not self.is_event:
            return self._new(name)
        free = (
            sympy.Function("int_")(symbol("not_refractory_post")) if name in self.text.held else 1
        )
        return self._new(name) + free * self._added * self.arrival

    def _spike_change(self):
        """Return Dz."""
        if not self.text.surrogate:
            return sympy.Integer(0)
        known = {
            by: value
            for by, value in self.placement.distance.items()
            if by in (*self.cells, *self.synapses)
        }
        inner = sum(
            self.coefficient(
                "slope", f"J_distance_{by}", value, self.text.distance_unit / self.text.units[by]
            )
            * self._new(by)
            for by, value in known.items()
        )
        return symbol("gain_post") * inner

    def _after(self, name, dz):
        """Return eps3."""
        total = self._arrived(name)
        row = self.placement.rows.get(name, {})
        change = sum(
            (
                self.coefficient("reset", f"R_{name}_{by}", value, self._dimensions(name, by))
                * self._arrived(by)
                for by, value in row.items()
            ),
            sympy.Integer(0),
        )
        total = (
            sympy.collect(sympy.expand(total + symbol("spiked_post") * change), self._arrived(name))
            if change != 0
            else total
        )
        if name in self.placement.jumps:
            total += (
                self.coefficient(
                    "reset", f"jump_{name}", self.placement.jumps[name], self.text.units[name]
                )
                * dz
            )
        return total

    def _advance(self):
        """Return the statements of synapses, the eligibility, and the derivative of the spike."""
        dz = self._dz
        needs_spike = self._stores_spikes or any(
            name in self.placement.jumps for name in self.synapses
        )
        lines = {f"new_{name}": self._integrated(name) for name in self.synapses}
        lines |= {str(dz): self._spike_change()} if needs_spike else {}
        lines |= {f"trace_{name}": self._after(name, dz) for name in self.synapses}
        lines = single(lines) if len(self.synapses) == 1 and not self._stores_spikes else lines
        return (
            "\n".join(f"{name} = {to_code(value)}" for name, value in lines.items()),
            to_code(self._eligibility()),
            str(dz) if self._stores_spikes else "",
        )

    def _eligibility(self):
        """Return the derivative of the activity, in terms of values at the end of a step."""
        if self.text.activity == "spike":
            return symbol("eligibility")
        ends = {name: symbol(f"trace_{name}") for name in self.synapses} | {
            name: self._arrived(name) for name in self.cells
        }
        return sum(
            self.coefficient("end", f"J_activity_{by}", value, DIMENSIONLESS / self.text.units[by])
            * ends[by]
            for by, value in self.placement.activity.items()
            if by in ends
        )

    def _cells(self, readers):
        """Return equations, statements and reset of presynaptic cells."""
        old = [
            name
            for name in self.cells
            if f"old_{name}_pre" in get_identifiers(readers) or self._is_read(name)
        ]
        lines = []
        for name in old:
            adds = name == self.onto and self.is_event
            arrived = self._added * symbol("arrival") if adds else 0
            lines.append(f"old_{name} = {to_code(symbol(f'trace_{name}') + arrived)}")
        lines += (
            [] if self.is_event else ["arrival = activity"] if self.cells or self.is_late else []
        )
        lines += [f"trace_{name} = {to_code(self._on_cell(name))}" for name in self.cells]
        lines += ["arrival = 0"] if self.is_event else []
        declared = (
            {f"trace_{name}": self.text.units[name] for name in self.cells}
            | {f"old_{name}": self.text.units[name] for name in old}
            | ({"arrival": DIMENSIONLESS} if lines else {})
        )
        return equations(declared), "\n".join(lines), cleared(declared)

    def _is_read(self, name):
        return any(name in self.placement.linear.A[other] for other in self.cells)

    def _on_cell(self, name):
        entries = self.placement.linear.A[name].items()
        return sum(
            (
                value * (symbol(f"old_{by}") if by in self.cells else symbol("arrival"))
                for by, value in entries
                if by in self.cells or (by == self.onto and not self.is_event)
            ),
            sympy.Integer(0),
        )
