{# Loops over a copy of the synapses (padding.py). Where its rows are whole lines and Brian2's are not, they are those of loops.cpp over lanes of
   the same width, which have what belongs to the postsynaptic neurons: `_postsynaptic_idx` of places behind the end of a row is that of its last synapse. With
   several threads a network has several ranges of places, each with all rows, one after the other in memory, so that neighbours belong to one
   thread. In a full matrix (filled.py) a bit of `_there` tells whether a place has a synapse. #}
{% from 'ranges.cpp' import for_ranges, apart with context %}
{% if not padded.there %}
{% from 'loops.cpp' import all_rows with context %}
{% endif %}
{% set n_post, stride = geometry.n_post, padded.stride %}
{# One range of `width` places. #}
{% macro in_lanes(width) %}
    {% for type, name in lanes %}
    alignas({{padded.line}}) {{type}} _lane_{{name}}[{{padded.places}}];
    {% endfor %}
    {% for block, array in sums.items() %}
    alignas({{padded.line}}) std::remove_reference<decltype({{array}}[0])>::type _lane_{{block}}[{{padded.places}}];
    {% endfor %}
    for (int _inner = 0; _inner < {{width}}; _inner++)
    {
        const int _postsynaptic_idx = {{geometry.first_post}} + _network*{{n_post}} + std::min(_from + _inner, {{n_post - 1}});
        {{reads["_postsynaptic_idx"]|autoindent}}
        {% for type, name in lanes %}
        _lane_{{name}}[_inner] = {{name}};
        {% endfor %}
        {% for block, array in sums.items() %}
        _lane_{{block}}[_inner] = {{array}}[_postsynaptic_idx];
        {% endfor %}
    }
    {% set done = namespace(rows=0) %}
    {% for together in geometry.rows %}
    {% set end = geometry.n_pre - (geometry.n_pre - done.rows) % together %}
    {% if end > done.rows %}
    for (int _outer = {{done.rows}}; _outer < {{end}}; _outer += {{together}})
    {
        #pragma GCC ivdep
        for (int _inner = 0; _inner < {{width}}; _inner++)
        {
            const int _postsynaptic_idx = {{geometry.first_post}} + _network*{{n_post}} + std::min(_from + _inner, {{n_post - 1}});
            {% for type, name in lanes %}
            const {{type}} {{name}} = _lane_{{name}}[_inner];
            {% endfor %}
            {% for block in sums %}
            auto _sum_{{block}} = _lane_{{block}}[_inner];
            {% endfor %}
            {% if padded.there and sums %}
            const {{padded.word}} _there = {{padded.there}}[(size_t)(_outer/{{padded.rows}})*{{width}} + _inner] >> _outer%{{padded.rows}};
            {% endif %}
            {% for row in range(together) %}
            {
                const int _presynaptic_idx = {{geometry.first_pre}} + _network*{{geometry.n_pre}} + _outer + {{row}};
                const size_t _idx = _base + ((size_t)_outer + {{row}})*_stride + _inner, _vectorisation_idx = _idx;
                {{reads["_presynaptic_idx"]|autoindent}}
                {% for block, statements in blocks %}
                {
                    {{statements|autoindent}}
                    {% if block in sums %}
                    _sum_{{block}} += {{"_there & %d ? _synaptic_var : 0" % 2**row if padded.there else "_synaptic_var"}};
                    {% endif %}
                }
                {% endfor %}
            }
            {% endfor %}
            {% for block in sums %}
            _lane_{{block}}[_inner] = _sum_{{block}};
            {% endfor %}
        }
    }
    {% endif %}
    {% set done.rows = end %}
    {% endfor %}
    {% for block, array in sums.items() %}
    for (int _inner = 0; _inner < std::min({{width}}, {{n_post}} - _from); _inner++)
        {{array}}[{{geometry.first_post}} + _network*{{n_post}} + _from + _inner] = _lane_{{block}}[_inner];
    {% endfor %}
{% endmacro %}
{% for own, copy, _ in padded.arrays %}
auto* _lines{{own}} = {{copy}} + ({{padded.line}} - (size_t){{copy}} % {{padded.line}}) % {{padded.line}}/sizeof({{copy}}[0]);
#if defined(__GNUC__)
_lines{{own}} = (decltype(_lines{{own}}))__builtin_assume_aligned(_lines{{own}}, {{padded.line}});
#endif
{% endfor %}
{% macro lines() %}
{% for own, _, _ in padded.arrays %}
decltype({{own}}) {{own}} = _lines{{own}};
{% endfor %}
{% endmacro %}
{% if padded.there %}
if (!{{padded.is_there}}[0])
{
    {% include 'filled.cpp' %}
}
{
    const int _network = 0, _from = 0;
    const size_t _base = 0, _stride = {{stride}};
    {{lines()}}
    {{in_lanes(stride)}}
}
{% if stored and padded.looked %}
for (int _n = 0; _n < {{padded.n_looked}}; _n++)
{
    const int _k = {{padded.looked}}[_n];
    const size_t _place = (size_t)({{padded.pre}}[_k] - {{geometry.first_pre}})*{{stride}} + {{padded.post}}[_k] - {{geometry.first_post}};
    {% for own, _, is_changed in padded.arrays if is_changed %}
    {{own}}[_k] = _lines{{own}}[_place];
    {% endfor %}
}
{% endif %}
{% else %}
{% call for_ranges(padded.ranges) %}
    const size_t _base = (size_t)_block*{{stride*geometry.n_pre}};
    if (!{{padded.is_there}}[0])
        for (int _row = 0; _row < {{geometry.n_pre}}; _row++)
            for (int _inner = 0; _inner < _width; _inner++)
            {
                const size_t _place = _base + (size_t)_row*{{stride}} + _inner, _idx = ((size_t)_network*{{geometry.n_pre}} + _row)*{{n_post}} + std::min(_from + _inner, {{n_post - 1}});
                {% for own, _, _ in padded.arrays %}
                _lines{{own}}[_place] = {{own}}[_idx];
                {% endfor %}
            }
    {
    {{lines()}}
    {% if not is_split %}
    const size_t _stride = {{stride}};
    {{in_lanes(stride)}}
    {% else %}
    {% call apart(stride, "_base") %}
    {% if padded.in_lanes %}
    {{in_lanes("_width")}}
    {% else %}
    {{all_rows("_width", "_from + ")}}
    {% endif %}
    {% endcall %}
    {% endif %}
    }
{% endcall %}
{% endif %}
{{padded.is_there}}[0] = 1;
