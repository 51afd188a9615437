{# Two nested loops over all synapses. `blocks` are statements of a synapse, a scope each; where `sums` has an array for a block,
   the block's `_synaptic_var` is added up there, neuron by neuron. Some rows are taken side by side, because what belongs to
   the neuron of the inner loop is then read once for all of them. Where nothing is summed, what belongs to the rows is read before
   the inner loop: else GCC may go from synapse to synapse (a fifth of the speed); with sums it then branches, which is slower. #}
{% set along_post = geometry.inner == "_postsynaptic_idx" %}
{% set n_outer, n_inner = (geometry.n_pre, geometry.n_post) if along_post else (geometry.n_post, geometry.n_pre) %}
{% set first_outer, first_inner = (geometry.first_pre, geometry.first_post) if along_post else (geometry.first_post, geometry.first_pre) %}
{% from 'ranges.cpp' import for_ranges, apart with context %}
{% set split = is_split and not is_serial %}
{% macro open_sums() %}
{% for block, array in sums.items() %}
auto _sum_{{block}} = {{array}}[_postsynaptic_idx];
{% endfor %}
{% endmacro %}
{% macro close_sums() %}
{% for block, array in sums.items() %}
{{array}}[_postsynaptic_idx] = _sum_{{block}};
{% endfor %}
{% endmacro %}
{# `n_inner` neurons of the inner loop, `from` some on. #}
{% macro nested_loops(first, end, rows, n_inner, from) %}
for (int _outer = {{first}}; _outer < {{end}}; _outer += {{rows}})
{
    {% if not along_post %}
    const int _postsynaptic_idx = {{first_outer}} + _network*{{n_outer}} + _outer;
    {{open_sums()}}
    {% endif %}
    {% for row in range(rows if not sums else 0) %}
    {% for type, name in held %}
    {{type}} _row_{{row}}_{{name}};
    {% endfor %}
    {
        const int {{geometry.outer}} = {{first_outer}} + _network*{{n_outer}} + _outer + {{row}};
        {{reads[geometry.outer]|autoindent}}
        {% for _, name in held %}
        _row_{{row}}_{{name}} = {{name}};
        {% endfor %}
    }
    {% endfor %}
    #pragma GCC ivdep
    for (int _inner = 0; _inner < {{n_inner}}; _inner++)
    {
        const int {{geometry.inner}} = {{first_inner}} + _network*{{geometry.n_post if along_post else n_inner}} + {{from}}_inner;
        {{reads[geometry.inner]|autoindent}}
        {{open_sums() if along_post else ""}}
        {% for row in range(rows) %}
        {
            const int {{geometry.outer}} = {{first_outer}} + _network*{{n_outer}} + _outer + {{row}};
            {% if split %}
            const size_t _idx = _base + ((size_t)_outer + {{row}})*_stride + _inner;
            {% else %}
            const size_t _idx = ((size_t)_network*{{geometry.n_pre}} + {{"_outer + %d" % row if along_post else "_inner"}})*{{geometry.n_post}} + {{"_inner" if along_post else "_outer"}};
            {% endif %}
            const size_t _vectorisation_idx = _idx;
            {% if sums %}
            {{reads[geometry.outer]|autoindent}}
            {% else %}
            {% for type, name in held %}
            const {{type}} {{name}} = _row_{{row}}_{{name}};
            {% endfor %}
            {% endif %}
            {% for block, statements in blocks %}
            {
                {{statements|autoindent}}
                {% if block in sums %}
                _sum_{{block}} += _synaptic_var;
                {% endif %}
            }
            {% endfor %}
        }
        {% endfor %}
        {{close_sums() if along_post else ""}}
    }
    {{"" if along_post else close_sums()}}
}
{% endmacro %}
{# All rows. #}
{% macro all_rows(n_inner, from="") %}
{% set done = namespace(rows=0) %}
{% for together in side_by_side if along_post or together == 1 %}
{% set end = n_outer - (n_outer - done.rows) % together %}
{% if end > done.rows %}
{{nested_loops(done.rows, end, together, n_inner, from)}}
{% endif %}
{% set done.rows = end %}
{% endfor %}
{% endmacro %}
{% if split %}
{% call for_ranges(ranges) %}
{% call apart(geometry.n_post, "(size_t)_network*%d + _from" % (geometry.n_pre*geometry.n_post)) %}
{{all_rows("_width", "_from + ")}}
{% endcall %}
{% endcall %}
{% else %}
for (int _network = 0; _network < {{geometry.networks}}; _network++)
{
{{all_rows(n_inner)}}
}
{% endif %}
