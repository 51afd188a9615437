"""Code generation for dense projections: two nested loops over blocks of memory instead of one loop
over index arrays.

Brian2 stores the synapses of an all-to-all projection presynaptic neuron by presynaptic neuron. So
the index arrays need not be read: the index of a synapse follows from the indices of its neurons,
variables of the outer loop's neuron are read once for all synapses of the inner loop, and memory is
accessed in order, which the compiler can vectorise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from brian2 import CythonCodeObject, Function, prefs

from ..brian.borrowed import (
    ArrayVariable,
    Constant,
    CPPCodeGenerator,
    CPPNodeRenderer,
    CPPStandaloneCodeObject,
    c_data_type,
    word_substitute,
)
from ..brian.processors import layout
from .vectors import in_vectors

PRE, POST = "_presynaptic_idx", "_postsynaptic_idx"


@dataclass(frozen=True)
class Geometry:
    """Memory layout of the synapses of `networks` all-to-all blocks: neurons per block, and the
    first neuron on either side.
    """

    networks: int
    n_pre: int
    n_post: int
    first_pre: int
    first_post: int

    @property
    def inner(self) -> str:
        """Index of the inner loop: the postsynaptic neuron, as in memory, unless there are very
        few.
        """
        return PRE if self.n_post < 4 and self.n_pre > self.n_post else POST

    @property
    def rows(self) -> tuple[int, ...]:
        """Numbers of rows to process side by side, the largest first."""
        return tuple(
            count for count in (16, 8, 4, 2, 1) if count <= layout().side_by_side(self.n_post)
        )

    @property
    def outer(self) -> str:
        """Index of the outer loop."""
        return POST if self.inner == PRE else PRE


def declared_once(lines):
    """Return the lines without constants that an earlier block has declared."""
    return [
        line
        for number, line in enumerate(lines)
        if not (line.startswith("const ") and line in lines[:number])
    ]


def declarations(lines):
    """Return type and name of each variable that the lines declare."""
    return [
        match.groups() for line in lines if (match := re.match(r"(?:const )?(\w+) (\w+) = ", line))
    ]


def in_registers(blocks):
    """Return the arrays whose elements the blocks write, and the blocks with local variables in
    place of these elements.
    """
    arrays = sorted(
        {
            name
            for _, block in blocks
            for name in re.findall(r"^(\w+)\[_idx\] = ", block, flags=re.MULTILINE)
        }
    )
    inside = [
        (
            name,
            re.sub(
                r"(\w+)\[_idx\]",
                lambda found: f"_of{found[1]}" if found[1] in arrays else found[0],
                block,
            ),
        )
        for name, block in blocks
    ]
    return arrays, inside


class SinglePrecisionRenderer(CPPNodeRenderer):
    """Write numbers as ``0.5f``: a single double in an expression makes the compiler compute the
    whole loop in double precision.
    """

    def render_Constant(self, node):  # noqa: N802 (a method of Brian2)
        return (
            f"{node.value!r}f" if isinstance(node.value, float) else super().render_Constant(node)
        )


class DenseGenerator(CPPCodeGenerator):
    """C++ generator for the loop bodies: no index is loaded, and variables of the outer loop's
    neuron are read in the outer loop.
    """

    def __init__(self, codeobj_class, **kwds):
        super().__init__(
            codeobj_class=DenseStandaloneCodeObject, **kwds
        )  # on either target functions are called in C++
        self.neuron_reads = {PRE: {}, POST: {}}
        self.writes_neurons = False
        self.is_single = prefs["core.default_float_dtype"] == np.float32

    def translate_expression(self, expr):
        if not self.is_single:
            return super().translate_expression(expr)
        expr = word_substitute(expr, self.func_name_replacements)
        return SinglePrecisionRenderer(auto_vectorise=self.auto_vectorise).render_expr(expr).strip()

    def translate_to_read_arrays(self, read, write, indices):
        self.writes_neurons |= any(self.variable_indices[name] in (PRE, POST) for name in write)
        neurons = {name for name in read - write if self.variable_indices[name] in (PRE, POST)}
        for name in neurons:
            index, variable = self.variable_indices[name], self.variables[name]
            self.neuron_reads[index][name] = (
                f"const {c_data_type(variable.dtype)} {name} ="
                f" {self.get_array_name(variable)}[{index}];"
            )
        return super().translate_to_read_arrays(read - neurons, write, set())

    def translate_statement_sequence(self, scalar_statements, vector_statements):
        scalar, vector, keywords = super().translate_statement_sequence(
            scalar_statements, vector_statements
        )
        singles = {name: f"_single_{name}" for name in self._doubles()} if self.is_single else {}
        keywords["singles"] = sorted(singles.items())
        keywords["reads"] = {
            index: [reads[name] for name in sorted(reads)]
            for index, reads in self.neuron_reads.items()
        }
        keywords["blocks"] = [
            (block, word_substitute("\n".join(vector[block]), singles))
            for block in vector_statements
            if vector[block]
        ]
        draws = any(
            isinstance(variable, Function) and not variable.stateless
            for variable in self.variables.values()
        )
        geometry = self.owner.geometry
        keywords["side_by_side"] = (
            (1,) if draws or geometry is None else geometry.rows
        )  # random numbers in the order of the synapses
        keywords["is_serial"] = draws or self.writes_neurons
        keywords["preparation"] = declared_once(
            [line for block in scalar_statements for line in scalar[block]]
        )
        keywords["shared"] = declarations(keywords["preparation"])
        keywords["neuron_reads"] = self.neuron_reads
        keywords["lanes"] = declarations(keywords["reads"][POST])
        keywords["held"] = declarations(keywords["reads"][geometry.outer]) if geometry else []
        keywords["stored"], keywords["blocks_in_registers"] = in_registers(keywords["blocks"])
        if geometry is None:
            keywords |= self._vectors(vector_statements, keywords, draws)
        return scalar, vector, keywords

    def _vectors(self, statements, keywords, draws):
        """Return the template arguments of a projection that is not connected all to all."""
        kinds = {name: kind for kind, name in keywords["shared"]}
        found = None if draws else in_vectors(self, kinds, statements, keywords["blocks"])
        blocks, numbers = found or ([], {})
        text = "\n".join(block for _, block in blocks)
        return {
            "vectors": blocks,
            "numbers": numbers,
            "seen": sorted(set(re.findall(r"\b_of(_ptr\w+)", text))),
            "senders": declarations(keywords["reads"][PRE]),
        }

    def _doubles(self):
        """Return constants of the user's namespace, which Brian2 declares as double in any
        precision.
        """
        return [
            name
            for name, variable in self.variables.items()
            if isinstance(variable, Constant) and variable.dtype == np.float64
        ]

    def determine_keywords(self):
        keywords = super().determine_keywords()
        arrays = {
            self.device.get_array_name(v): c_data_type(v.dtype)
            for v in self.variables.values()
            if isinstance(v, ArrayVariable)
        }
        keywords["arrays"] = sorted(arrays.items())
        keywords["constants"] = sorted(
            (name, c_data_type(v.dtype))
            for name, v in self.variables.items()
            if isinstance(v, Constant)
        )
        return keywords


class DenseStandaloneCodeObject(CPPStandaloneCodeObject):
    """A dense loop in C++ standalone."""

    templater = CPPStandaloneCodeObject.templater.derive(__package__)
    generator_class = DenseGenerator


class DenseCythonCodeObject(CythonCodeObject):
    """A dense loop at runtime: the same C++, compiled and called through Cython."""

    templater = CythonCodeObject.templater.derive(__package__)
    generator_class = DenseGenerator
    class_name = "dense_cython"


#: The targets that have dense loops.
CODE_OBJECTS = {
    CPPStandaloneCodeObject: DenseStandaloneCodeObject,
    CythonCodeObject: DenseCythonCodeObject,
}
