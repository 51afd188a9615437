{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% macro before_run() %}
# EMPTY_CODE_BLOCK
{% endmacro %}
{% macro after_run() %}
# EMPTY_CODE_BLOCK
{% endmacro %}
{% macro run() %}
{% from 'common_group.pyx' import cython_directives %}
{{ cython_directives() }}
cimport numpy as _numpy
_numpy.import_array()
from libc.stdint cimport int32_t, int64_t
cdef extern from *:
    """
    #include <algorithm>
    #include <cstring>
    #include <cmath>
    #include <cstdint>
    #include <stddef.h>
    #include <type_traits>
    #include "stdint_compat.h"
    namespace { namespace _dense {
    using namespace std;
    {{support_code_lines|join("\n")|replace("\\", "\\\\")|autoindent}}
    } }
    {% if padded and "real" in padded and blocks %}
    #include <cstring>
    #include <new>
    #include <vector>
    {% include 'vectors.cpp' %}
    {% endif %}
    {% if flush %}
    {% include 'product.cpp' %}
    {% endif %}
    {{hashdefine_lines|join("\n")|replace("\\", "\\\\")|autoindent}}
    static void _dense_kernel(int _unused{% for array, type in arrays %}, {{type}}* __restrict _ptr{{array}}{% endfor %}{% for name, type in constants %}, const {{type}} {{name}}{% endfor %})
    {
    using namespace _dense;
    const size_t _vectorisation_idx = -1;
    {% include 'body.cpp' %}
    }
    """
    void _dense_kernel(int{% for array, type in arrays %}, {{type}}*{% endfor %}{% for name, type in constants %}, {{type}}{% endfor %}) nogil
def main(dict _namespace):
    _dense_kernel(0{% for array, type in arrays %}, <{{type}}*>_numpy.PyArray_DATA(<_numpy.ndarray>_namespace['{{array}}']){% endfor %}{% for name, type in constants %}, <{{type}}>_namespace['{{name}}']{% endfor %})
{% endmacro %}
