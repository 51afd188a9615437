{# All rows, from what the first y and spikes have made of the record (equations in blocked.py). Spikes of a row are found in a list, so that the row is
   at hand when they are added. #}
{% set all = range(y.names|length) %}
{# One vector, or one number, of some rows. #}
{% macro update(type, rows) %}
{% for name in sums %}
{% for l in blocked.fed %}
const {{type}} _left_{{name}}_{{l}} = *(const {{type}}*)(_e_{{name}}_{{l}} + _behind + _inner);
{% endfor %}
{% for m in all %}
const {{type}} _first_{{name}}_{{m}} = *(const {{type}}*)(_eta_{{name}}_{{m}} + _behind + _inner);
{% endfor %}
const {{type}} _added_{{name}} = *(const {{type}}*)(_drift_{{name}} + _behind + _inner);
{% endfor %}
#pragma GCC unroll 4
for (int _a = 0; _a < {{rows}}; _a++)
{
    const size_t _place = _first + (size_t)_a*{{geometry.n_post}} + _inner;
    {% for l in blocked.fed %}
    const {{type}} _x{{l}} = *(const {{type}}*)({{blocked.traces[l]}} + _place);
    {% endfor %}
    {% for name in sums %}
    {% set array = blocked.w if name == "w" else blocked.traces[name] %}
    {% if name == "w" %}
    if (_learns)
    {% endif %}
    *({{type}}*)({{array}} + _place) = _added_{{name}}{% if name == "w" %} + *(const {{type}}*)({{array}} + _place){% endif %}{% for l in blocked.fed %} + _left_{{name}}_{{l}}*_x{{l}}{% endfor %}{% for m in all %} + _first_{{name}}_{{m}}*_y{{m}}[_a]{% endfor %};
    {% endfor %}
}
{% endmacro %}
{% macro update_rows(rows) %}
for (; _row + {{rows}} <= {{geometry.n_pre}}; _row += {{rows}})
{
    const size_t _first = ((size_t)_network*{{geometry.n_pre}} + _row)*{{geometry.n_post}};
    {% for m in all %}
    const _real* const _y{{m}} = {{blocked.state}} + ({{m}}*{{geometry.networks}} + (size_t)_network)*{{geometry.n_pre}} + _row;
    {% endfor %}
    int _inner = 0;
    for (; _inner + _width <= {{geometry.n_post}}; _inner += _width)
    {
        {{update("_vector", rows)|autoindent}}
    }
    for (; _inner < {{geometry.n_post}}; _inner++)
    {
        {{update("_real", rows)|autoindent}}
    }
    for (int _a = 0; _a < {{rows}}; _a++)
        for (int _spike = {{blocked.newest}}[_network*{{geometry.n_pre}} + _row + _a]; _spike >= 0; _spike = {{blocked.older}}[_spike])
        {
            {% for name in sums %}
            {% set array = blocked.w if name == "w" else blocked.traces[name] %}
            _real* const _of_{{name}} = {{array}} + _first + (size_t)_a*{{geometry.n_post}};
            const _real* const _by_{{name}} = _c_{{name}} + {{blocked.step_of}}[_spike]*_all + _behind;
            {% if name == "w" %}
            if (_learns)
            {% endif %}
            #pragma GCC ivdep
            for (int _inner = 0; _inner < {{geometry.n_post}}; _inner++)
                _of_{{name}}[_inner] += _by_{{name}}[_inner];
            {% endfor %}
        }
}
{% endmacro %}
std::fill({{blocked.newest}}, {{blocked.newest}} + {{geometry.networks*geometry.n_pre}}, -1);
for (int _r = 0; _r < _n - 1; _r++)
    for (int _spike = {{blocked.counts}}[_r]; _spike < {{blocked.counts}}[_r + 1]; _spike++)
    {
        {{blocked.older}}[_spike] = {{blocked.newest}}[{{blocked.row_of}}[_spike]];
        {{blocked.newest}}[{{blocked.row_of}}[_spike]] = _spike;
        {{blocked.step_of}}[_spike] = _r;
    }
for (int _network = 0; _network < {{geometry.networks}}; _network++)
{
    const size_t _behind = (size_t)_network*{{blocked.tiles*tile}};
    const bool _learns = {{blocked.learned}}[_network];
    int _row = 0;
    {{update_rows(4)}}
    {{update_rows(1)}}
}
