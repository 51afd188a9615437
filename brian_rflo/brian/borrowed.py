"""Names that we borrow from Brian2 beyond what its documentation promises, each once.

Where a new release of Brian2 moves or changes one, this is the place to look. All of them were seen
in the releases of `SEEN`. Names are imported here; the attributes of the table `ATTRIBUTES` occur
in this folder alone.
"""

from brian2.codegen.cpp_prefs import get_compiler_and_args
from brian2.codegen.generators.cpp_generator import CPPCodeGenerator, c_data_type
from brian2.codegen.runtime.cython_rt.extension_manager import cython_extension_manager
from brian2.codegen.translation import get_identifiers_recursively
from brian2.core.variables import (
    ArrayVariable,
    AuxiliaryVariable,
    Constant,
    DynamicArrayVariable,
    VariableView,
)
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.equations.unitcheck import parse_expression_dimensions
from brian2.groups.neurongroup import Resetter, Thresholder
from brian2.parsing.rendering import CPPNodeRenderer
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.stateupdaters.base import UnsupportedEquationsException
from brian2.synapses.synapses import SummedVariableUpdater, SynapticPathway
from brian2.units.fundamentalunits import DIMENSIONLESS
from brian2.utils.logger import catch_logs
from brian2.utils.stringtools import get_identifiers, word_substitute

#: Releases of Brian2 in which these were seen.
SEEN = ("2.9", "2.10", "2.11")
__all__ = [
    "ArrayVariable",
    "AuxiliaryVariable",
    "CPPCodeGenerator",
    "CPPNodeRenderer",
    "CPPStandaloneCodeObject",
    "CPPStandaloneDevice",
    "Constant",
    "DIMENSIONLESS",
    "DynamicArrayVariable",
    "Resetter",
    "SummedVariableUpdater",
    "SynapticPathway",
    "Thresholder",
    "UnsupportedEquationsException",
    "VariableView",
    "c_data_type",
    "catch_logs",
    "cython_extension_manager",
    "get_compiler_and_args",
    "get_identifiers",
    "get_identifiers_recursively",
    "parse_expression_dimensions",
    "str_to_sympy",
    "sympy_to_str",
    "word_substitute",
]

#: Attributes, by the class that has them, and what they tell.
ATTRIBUTES = {
    "Clock._i_end": "the step at which the run is over",
    "BrianObject._active": "whether it works",
    "BrianObject._set_active": "the setter of `active`",
    "BrianObject._code_objects": "the code that it runs in each step",
    "BrianObject._dependencies": "the numbers of the objects that it needs",
    "BrianObject._network": "the network that it has run in",
    "Group._full_state": "what `store` keeps",
    "Group._restore_from_full_state": "what `restore` gives back",
    "SpikeQueue._full_state": "spikes on their way",
    "Variables._variables": "the variables of a group by name",
    "CPPStandaloneDevice.main_queue": "what the program does before it runs",
    "CPPStandaloneDevice.code_lines": "C++ that the user has inserted",
    "CPPStandaloneDevice.code_objects": "code objects by name",
    "CPPStandaloneDevice.array_cache": "values known before the program has run",
    "CPPStandaloneDevice.extra_link_args": "flags of the linker",
    "CPPStandaloneDevice.results_dir": "the folder of what the program has computed",
    "CPPStandaloneDevice.writer": "the files of the program",
    "RuntimeDevice.rand_buffer": "uniform numbers drawn ahead by Cython code",
    "RuntimeDevice.randn_buffer": "normal numbers drawn ahead by Cython code",
    "RuntimeDevice.rand_buffer_index": "how many of them are used",
    "RuntimeDevice.randn_buffer_index": "how many of them are used",
}
