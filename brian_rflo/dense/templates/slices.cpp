{# The loops of loops.cpp over a copy of the synapses in slices (slices.py): eight or sixteen rows side by side, one in each lane. #}
{% set pairs = senders|map(attribute=1)|batch(2)|list %}
{% macro open_lanes(type) %}
{% for block, array in sums.items() %}
{{type}} _sum_{{block}}{{"" if vectors else "[_lanes]"}};
{% endfor %}
{% for kind, name in lanes %}
{{type if vectors else kind}} _lane_{{name}}{{"" if vectors else "[_lanes]"}};
{% endfor %}
for (int _lane = 0; _lane < _lanes; _lane++)
{
    const int _postsynaptic_idx = _posts[_slice*_lanes + _lane];
    {{reads["_postsynaptic_idx"]|autoindent}}
    {% for _, name in lanes %}
    _lane_{{name}}[_lane] = {{name}};
    {% endfor %}
    {% for block, array in sums.items() %}
    _sum_{{block}}[_lane] = {{array}}[_postsynaptic_idx];
    {% endfor %}
}
{% endmacro %}
{# One synapse in each lane, vector by vector from `from` to `end`. In the last vectors of a slice some lanes are behind the end of their row. #}
{% macro in_vectors(from, end, is_full) %}
for (int64_t _vector = {{from}}; _vector < {{end}}; _vector++)
{
    {% if padded.ahead %}
    {% for own, _, is_changed in padded.arrays %}
    __builtin_prefetch((const char*)({{own}} + _vector*_lanes) + {{padded.ahead}}, {{is_changed|int}});
    {% endfor %}
    {% endif %}
    const int32_t* const _at = _senders + _vector*_lanes;
    {% for pair in pairs %}
    {% if pair|length == 2 %}
    _Lanes {{pair[0]}}, {{pair[1]}};
    _gather_pairs(_pairs_{{loop.index0}}, _at, {{pair[0]}}, {{pair[1]}});
    {% else %}
    const _Lanes {{pair[0]}} = _gathered(_pairs_{{loop.index0}}, _at);
    {% endif %}
    {% endfor %}
    {% for _, name in lanes %}
    const _Lanes {{name}} = _lane_{{name}};
    {% endfor %}
    {% for own, _, is_changed in padded.arrays if own in seen %}
    {{"" if is_changed else "const "}}_Lanes _of{{own}} = ((const _Lanes*){{own}})[_vector];
    {% endfor %}
    {% for block, statements in vectors %}
    {
        {{statements|autoindent}}
        {% if block in sums %}
        _sum_{{block}} += {% if is_full %}_synaptic_var{% else %}({{padded.whole}})(_vector - _first) < _last ? _synaptic_var : _Lanes(){% endif %};
        {% endif %}
    }
    {% endfor %}
    {% for own in stored %}
    ((_Lanes*){{own}})[_vector] = _of{{own}};
    {% endfor %}
}
{% endmacro %}
{# The same without vector types. #}
{% macro in_lanes(from, end, is_full) %}
for (int64_t _vector = {{from}}; _vector < {{end}}; _vector++)
{
    {% if not is_full %}
    int _left = _lanes;
    while (_lengths[_slice*_lanes + _left - 1] <= _vector - _first)
        _left--;
    {% endif %}
    #pragma GCC ivdep
    for (int _lane = 0; _lane < {{"_lanes" if is_full else "_left"}}; _lane++)
    {
        const size_t _idx = _vector*_lanes + _lane, _vectorisation_idx = _idx;
        const int _presynaptic_idx = _senders[_idx] + {{padded.first_pre}}, _postsynaptic_idx = _posts[_slice*_lanes + _lane];
        {{reads["_presynaptic_idx"]|autoindent}}
        {% for kind, name in lanes %}
        const {{kind}} {{name}} = _lane_{{name}}[_lane];
        {% endfor %}
        {% for block, statements in blocks %}
        {
            {{statements|autoindent}}
            {% if block in sums %}
            _sum_{{block}}[_lane] += _synaptic_var;
            {% endif %}
        }
        {% endfor %}
    }
}
{% endmacro %}
{% set inside = in_vectors if vectors else in_lanes %}
{
using namespace _dense;
int64_t* const _memory = {{padded.memory}};
if (!_memory[1])
    _slice({{padded.pre}}, {{padded.post}}, {{padded.count}}, _memory);
const int _n_slices = _memory[0];
const int64_t* const _starts = (const int64_t*)_memory[1];
const int32_t* const _posts = (const int32_t*)_memory[2];
const {{padded.whole}}* const _lengths = (const {{padded.whole}}*)_memory[3];
const int32_t* const _senders = (const int32_t*)_memory[4];
const int64_t* const _places = (const int64_t*)_memory[5];
{% for own, type, _ in padded.arrays %}
auto* const _brian{{own}} = {{own}};
{% endfor %}
{% for own, type, _ in padded.arrays %}
{{type}}* const _copy{{own}} = ({{type}}*)_memory[{{padded.layout|length + loop.index0}}];
{% endfor %}
if (!{{padded.is_there}}[0])
{
    for (int64_t _k = 0; _k < {{padded.count}}; _k++)
    {
        {% for own, _, _ in padded.arrays %}
        _copy{{own}}[_places[_k]] = _brian{{own}}[_k];
        {% endfor %}
    }
    {{padded.is_there}}[0] = 1;
}
{% if vectors %}
{% for pair in pairs %}
static _Real* const _pairs_{{loop.index0}} = _aligned<_Real>({{pair|length*padded.n_pre}});
{% endfor %}
for (int _n = 0; _n < {{padded.n_pre}}; _n++)
{
    const int _presynaptic_idx = _n + {{padded.first_pre}};
    {{reads["_presynaptic_idx"]|autoindent}}
    {% for pair in pairs %}
    {% set number = loop.index0 %}
    {% for name in pair %}
    _pairs_{{number}}[{{pair|length}}*_n + {{loop.index0}}] = {{name}};
    {% endfor %}
    {% endfor %}
}
{% for old, new in numbers.items() %}
const _Real {{new}} = {{old}};
{% endfor %}
{% endif %}
for (int _slice = 0; _slice < _n_slices; _slice++)
{
    const int64_t _first = _starts[_slice], _end = _starts[_slice + 1], _full = _first + _lengths[_slice*_lanes + _lanes - 1];
    if (_first == _end)
        continue;
    {% for own, type, _ in padded.arrays %}
    {{type}}* const {{own}} = _copy{{own}};
    {% endfor %}
    {{open_lanes("_Lanes" if vectors else padded.real)}}
    {{inside("_first", "_full", true)}}
    {% if vectors and sums %}
    const _Mask _last = ((const _Mask*)_lengths)[_slice];
    {% endif %}
    {{inside("_full", "_end", false)}}
    {% for block, array in sums.items() %}
    for (int _lane = 0; _lane < _lanes; _lane++)
        if (_lengths[_slice*_lanes + _lane])
            {{array}}[_posts[_slice*_lanes + _lane]] = _sum_{{block}}[_lane];
    {% endfor %}
}
{% if stored and padded.looked %}
for (int _n = 0; _n < {{padded.n_looked}}; _n++)
{
    const int _k = {{padded.looked}}[_n];
    {% for own, _, is_changed in padded.arrays if is_changed %}
    _brian{{own}}[_k] = _copy{{own}}[_places[_k]];
    {% endfor %}
}
{% endif %}
}
