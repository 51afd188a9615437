{# The loops of loops.cpp over a copy of the synapses whose rows are whole lines (padding.py); what belongs to the postsynaptic neurons lies
   in lanes of the same width. `_postsynaptic_idx` of places behind the end of a row is that of its last synapse. With several threads a network has
   several ranges of places, each with all rows, one after the other in memory, so that neighbours belong to one thread;
   rows that are whole lines by themselves have the loops of loops.cpp, as on one thread. In a full matrix (filled.py) a bit of
   `_there` tells whether a place has a synapse. #}
{% from 'in_order.cpp' import in_order %}
{% if threads > 1 %}
{% from 'loops.cpp' import all_rows with context %}
{% endif %}
{% set n_rows, n_post, stride = geometry.networks*geometry.n_pre, geometry.n_post, padded.stride %}
{# One range of places; `network` and `base` lead to its rows, `from` to its neurons. #}
{% macro range_of(width, count, network, base, from) %}
    {% for type, name in lanes %}
    alignas({{padded.line}}) {{type}} _lane_{{name}}[{{width}}];
    {% endfor %}
    {% for block, array in sums.items() %}
    alignas({{padded.line}}) std::remove_reference<decltype({{array}}[0])>::type _lane_{{block}}[{{width}}];
    {% endfor %}
    for (int _inner = 0; _inner < {{width}}; _inner++)
    {
        const int _postsynaptic_idx = {{geometry.first_post}} + _network*{{n_post}} + std::min({{from}}_inner, {{n_post - 1}});
        {{reads["_postsynaptic_idx"]|autoindent}}
        {% for type, name in lanes %}
        _lane_{{name}}[_inner] = {{name}};
        {% endfor %}
        {% for block, array in sums.items() %}
        _lane_{{block}}[_inner] = {{array}}[_postsynaptic_idx];
        {% endfor %}
    }
    {% for own, copy, _ in padded.arrays %}
    auto* const {{own}} = _lines{{own}}{{base}};
    {% endfor %}
    {% set done = namespace(rows=0) %}
    {% for together in geometry.rows %}
    {% set end = geometry.n_pre - (geometry.n_pre - done.rows) % together %}
    {% if end > done.rows %}
    for (int _outer = {{done.rows}}; _outer < {{end}}; _outer += {{together}})
    {
        #pragma GCC ivdep
        {{"#pragma GCC unroll 1" if threads > 1}}
        for (int _inner = 0; _inner < {{width}}; _inner++)
        {
            const int _postsynaptic_idx = {{geometry.first_post}} + _network*{{n_post}} + std::min({{from}}_inner, {{n_post - 1}});
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
                const size_t _idx = ((size_t){{network}}*{{geometry.n_pre}} + _outer + {{row}})*{{width}} + _inner, _vectorisation_idx = _idx;
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
        {% for block in sums if blocks|length == 1 %}
        {{in_order("_lane_%s" % block)|autoindent}}
        {% endfor %}
    }
    {% endif %}
    {% set done.rows = end %}
    {% endfor %}
    {% for block, array in sums.items() %}
    for (int _inner = 0; _inner < {{count}}; _inner++)
        {{array}}[{{geometry.first_post}} + _network*{{n_post}} + {{from}}_inner] = _lane_{{block}}[_inner];
    {% endfor %}
{% endmacro %}
{% for own, copy, _ in padded.arrays %}
auto* _lines{{own}} = {{copy}} + ({{padded.line}} - (size_t){{copy}} % {{padded.line}}) % {{padded.line}}/sizeof({{copy}}[0]);
#if defined(__GNUC__)
_lines{{own}} = (decltype(_lines{{own}}))__builtin_assume_aligned(_lines{{own}}, {{padded.line}});
#endif
{% endfor %}
{% if threads == 1 %}
if (!{{padded.is_there}}[0])
{
    {% if padded.there %}
    {% include 'filled.cpp' %}
    {% else %}
    for (int _row = 0; _row < {{n_rows}}; _row++)
        for (int _inner = 0; _inner < {{stride}}; _inner++)
        {
            const size_t _place = (size_t)_row*{{stride}} + _inner, _idx = (size_t)_row*{{n_post}} + std::min(_inner, {{n_post - 1}});
            {% for own, copy, _ in padded.arrays %}
            _lines{{own}}[_place] = {{own}}[_idx];
            {% endfor %}
        }
    {% endif %}
    {{padded.is_there}}[0] = 1;
}
for (int _network = 0; _network < {{geometry.networks}}; _network++)
{
    {{range_of(stride, n_post, "_network", "", "")}}
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
{% set ranges = padded.ranges %}
_in_blocks({{geometry.networks*ranges.count}}, 1, [=](const int _first, const int _end)
{
for (int _block = _first; _block < _end; _block++)
{
    const int _network = _block/{{ranges.count}}, _from = _block%{{ranges.count}}*{{ranges.width}};
    {% for width, condition in ranges.kinds %}
    if ({{condition}})
    _apart(_network, _from, [=](const int _network, const int _from)
    {
        const size_t _base = ((size_t)_network*{{ranges.places}} + _from)*{{geometry.n_pre}};
        if (!{{padded.is_there}}[0])
            for (int _row = 0; _row < {{geometry.n_pre}}; _row++)
                for (int _inner = 0; _inner < {{width}}; _inner++)
                {
                    const size_t _place = _base + (size_t)_row*{{width}} + _inner, _idx = ((size_t)_network*{{geometry.n_pre}} + _row)*{{n_post}} + std::min(_from + _inner, {{n_post - 1}});
                    {% for own, copy, _ in padded.arrays %}
                    _lines{{own}}[_place] = {{own}}[_idx];
                    {% endfor %}
                }
    {% if ranges.is_whole %}
        {% for own, copy, _ in padded.arrays %}
        auto* const {{own}} = _lines{{own}} + _base;
        {% endfor %}
        {{all_rows(width, "_from + ", True)}}
    {% else %}
    {{range_of(width, "std::min(%d, %d - _from)" % (width, n_post), "0", " + _base", "_from + ")}}
    {% endif %}
    });
    {% endfor %}
}
});
{{padded.is_there}}[0] = 1;
{% endif %}
