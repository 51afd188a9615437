{# Lazy updates: rows of synapses are updated when their presynaptic neuron spikes (lazy.py). Rows are processed in tiles of a few postsynaptic neurons,
   of which the record lies together: all steps of a tile fit into the nearest cache, and are used there for one row after the other. #}
{% set tiles, n_rows = (geometry.n_post + lazy.tile - 1)//lazy.tile, geometry.networks*geometry.n_pre %}
{# Values of neurons in a step of the record. #}
{% macro reads_of(index, place) %}
{% for name, line in neuron_reads[index].items() %}
{% if name in lazy.kept %}
const auto {{name}} = _past_{{name}}[{{place}}];
{% else %}
{{line}}
{% endif %}
{% endfor %}
{% endmacro %}
{# Where these values begin. #}
{% macro places_of(index, place) %}
{% for name in neuron_reads[index] if name in lazy.kept %}
const auto* const _past_{{name}} = _kept_{{name}} + {{place}};
{% endfor %}
{% endmacro %}
{# A tile of the row from `_from` on, `count` steps at a time as long as enough are left. Shared variables are read before the loop, since for the compiler stores in it might change them. #}
{% macro go_on(count) %}
for (; _from + {{count}} <= _rows; _from += {{count}})
{
    const double* const _past_shared = {{lazy.shared}} + _from*{{lazy.most}};
    {{places_of("_presynaptic_idx", "_from*%d + _row" % n_rows)|autoindent}}
    {{places_of("_postsynaptic_idx", "_block + _from*%d" % lazy.tile)|autoindent}}
    {% for later in range(count) %}
    {% for type, name in shared %}
    const {{type}} _now{{later}}_{{name}} = ({{type}})_past_shared[{{later*lazy.most + loop.index0}}];
    {% endfor %}
    {% endfor %}
    #pragma GCC ivdep
    for (int _lane = 0; _lane < _lanes; _lane++)
    {
        const int _presynaptic_idx = {{geometry.first_pre}} + _row, _postsynaptic_idx = {{geometry.first_post}} + _network*{{geometry.n_post}} + _tile*{{lazy.tile}} + _lane;
        const size_t _idx = _first + _lane, _vectorisation_idx = _idx;
        {% for array in stored %}
        auto _of{{array}} = {{array}}[_idx];
        {% endfor %}
        {% for later in range(count) %}
        {
            {% for type, name in shared %}
            const {{type}} {{name}} = _now{{later}}_{{name}};
            {% endfor %}
            {{reads_of("_presynaptic_idx", later*n_rows)|autoindent}}
            {{reads_of("_postsynaptic_idx", "%d + _lane" % (later*lazy.tile))|autoindent}}
            {% for block, statements in blocks_in_registers %}
            {
                {{statements|autoindent}}
            }
            {% endfor %}
        }
        {% endfor %}
        {% for array in stored %}
        {{array}}[_idx] = _of{{array}};
        {% endfor %}
    }
}
{% endmacro %}
{# `count` rows, of which `row` is the number. #}
{% macro catch_up(count, row) %}
for (int _tile = 0; _tile < {{tiles}}; _tile++)
    for (int _number = 0; _number < {{count}}; _number++)
    {
        const int _row = {{row}}, _network = _row/{{geometry.n_pre}}, _lanes = std::min({{lazy.tile}}, {{geometry.n_post}} - _tile*{{lazy.tile}});
        if (_row < 0 || _row >= {{n_rows}})
            continue;
        const size_t _block = ((size_t)_network*{{tiles}} + _tile)*{{lazy.length*lazy.tile}}, _first = (size_t)_row*{{geometry.n_post}} + _tile*{{lazy.tile}};
        {% if not lazy.spikes %}
        #if defined(__GNUC__)
        {% for array in stored %}
        for (int _ahead = 0; _ahead < _lanes*(int)sizeof({{array}}[0]); _ahead += 64)
            __builtin_prefetch((const char*)({{array}} + _first + {{geometry.n_post}}) + _ahead);
        {% endfor %}
        #endif
        {% endif %}
        int _from = {{lazy.done}}[_row];
        {{go_on(4)}}
        {{go_on(1)}}
    }
{% endmacro %}
{# The record is aligned to the width of vectors. #}
{% for name, kept in lazy.kept.items() %}
auto* const _kept_{{name}} = {{kept.record}} + (64 - (size_t){{kept.record}} % 64) % 64/sizeof({{kept.record}}[0]);
{% endfor %}
{% if not lazy.done %}
static_assert({{shared|length}} <= {{lazy.most}}, "more shared values than the record holds (SHARED in lazy.py)");
const int _step = {{lazy.rows}}[0]++;
{% for type, name in shared %}
{{lazy.shared}}[_step*{{lazy.most}} + {{loop.index0}}] = {{name}};
{% endfor %}
{% for name, kept in lazy.kept.items() if kept.index == "_presynaptic_idx" %}
for (int _row = 0; _row < {{n_rows}}; _row++)
    _kept_{{name}}[_step*{{n_rows}} + _row] = {{kept.array}}[{{geometry.first_pre}} + _row];
{% endfor %}
{% for name, kept in lazy.kept.items() if kept.index == "_postsynaptic_idx" %}
for (int _network = 0; _network < {{geometry.networks}}; _network++)
    for (int _inner = 0; _inner < {{geometry.n_post}}; _inner++)
        _kept_{{name}}[((_network*{{tiles}} + _inner/{{lazy.tile}})*{{lazy.length}} + _step)*{{lazy.tile}} + _inner % {{lazy.tile}}] = {{kept.array}}[{{geometry.first_post}} + _network*{{geometry.n_post}} + _inner];
{% endfor %}
{% elif lazy.spikes %}
const int _rows = {{lazy.rows}}[0], _count = {{lazy.n_spikes}};
{{catch_up("_count", "%s[_number] - %d" % (lazy.spikes, geometry.first_pre))}}
for (int _number = 0; _number < _count; _number++)
{
    const int _row = {{lazy.spikes}}[_number] - {{geometry.first_pre}};
    if (_row >= 0 && _row < {{n_rows}})
        {{lazy.done}}[_row] = _rows;
}
{% else %}
const int _rows = {{lazy.rows}}[0];
const bool _is_over = {{lazy.now}}[0] || {{lazy.step}}[0] + 1 == {{lazy.end}}[0]{% if lazy.trial %} || ({{lazy.step}}[0] + 1) % {{lazy.trial}} == 0{% endif %};
if (_rows == {{lazy.length}} || _is_over)
{
    {{catch_up(n_rows, "_number")}}
    std::fill({{lazy.done}}, {{lazy.done}} + {{n_rows}}, 0);
    {{lazy.rows}}[0] = 0;
}
{% endif %}
