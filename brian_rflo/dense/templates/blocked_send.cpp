{# What spikes add to the target: the rows of the neurons that spike, as one row that goes through the record. #}
{% set statements = dict(blocks) %}
{% macro one(value) %}{{value|replace("*(const _vector*)(", "*(")}}{% endmacro %}
{# Take back what a neuron has sent to itself, if it has no such synapse: all changes, and the weight from where it has learned first. #}
{% macro take_own() %}
const int _lane = _rows[_spike] - _tile*{{tile}};
if (_lane < 0 || _lane >= _lanes)
    continue;
const size_t _own = _first + (size_t)_rows[_spike]*{{geometry.n_post}} + _lane;
const _real* const _g = _kept_g + ((size_t)_network*{{blocked.n_pre}} + _rows[_spike])*{{steps}};
_real _sent = 0;
bool _learned = false;
{% for k in blocked.going %}
_real _x{{k}} = {{blocked.traces[k]}}[_own];
{% endfor %}
for (int _r = 0; _r < _n; _r++)
{
    const size_t _place = _block + _r*{{tile}} + _lane;
    {% for k in blocked.seen %}
    const _real _y{{k}} = 0{% for l in blocked.going if x.A[k][l] %} + {{one(x.A[k][l])}}*_x{{l}}{% endfor %}{% if x.f[k] %} + {{one(x.f[k])}}*_g[_r]{% endif %};
    {% endfor %}
    _sent += 0{% for k in blocked.seen if h[k] %} + {{one(h[k])}}*_y{{k}}{% endfor %};
    {% for k in blocked.going %}
    _x{{k}} = _y{{k}};
    {% endfor %}
    _learned |= _kept_on[_place] > 0;
}
_buffer_w[_lane] -= ({{blocked.learned}}[_network] ? _sent : 0) + (_learned ? {{blocked.w}}[_own] : 0);
{% endmacro %}
const int _n = {{blocked.rows}}[0], _count = {{blocked.n_spikes}};
int32_t* const _rows = {{blocked.spiking}};
{% if blocked.filter %}
int _total = _n ? {{blocked.counts}}[_n] : 0;
{% endif %}
for (int _network = 0; _network < {{geometry.networks}}; _network++)
{
    int _spiking = 0;
    _real _sum_g[{{steps}}] = {};
    for (int _spike = 0; _spike < _count; _spike++)
    {
        const int _row = {{blocked.spikes}}[_spike] - {{geometry.first_pre}} - _network*{{geometry.n_pre}};
        if (_row < 0 || _row >= {{geometry.n_pre}})
            continue;
        {% if blocked.filter %}
        {{blocked.row_of}}[_total++] = _network*{{geometry.n_pre}} + _row;
        {% endif %}
        const _real* const _g = _kept_g + ((size_t)_network*{{blocked.n_pre}} + _row)*{{steps}};
        for (int _r = 0; _r < {{steps}}; _r++)
            _sum_g[_r] += _g[_r];
        _rows[_spiking++] = _row;
    }
    if (!_spiking)
        continue;
    for (int _tile = 0; _tile < {{blocked.tiles}}; _tile++)
    {
        const int _lanes = std::min({{tile}}, {{geometry.n_post}} - _tile*{{tile}});
        const size_t _first = (size_t)_network*{{geometry.n_pre*geometry.n_post}} + _tile*{{tile}}, _block = ((size_t)_network*{{blocked.tiles}} + _tile)*{{steps*tile}};
        _vector _w[_parts] = {};
        {% for k in blocked.going %}
        _vector _x{{k}}[_parts] = {};
        {% endfor %}
        {% for name in ["w"] + blocked.going %}
        _real _buffer_{{name}}[{{tile}}] = {};
        {% endfor %}
        for (int _spike = 0; _spike < _spiking; _spike++)
        {
            const size_t _place = _first + (size_t)_rows[_spike]*{{geometry.n_post}};
            {% for name in ["w"] + blocked.going %}
            {% set sum = "_w" if name == "w" else "_x%d" % name %}
            const _real* _from_{{name}} = {{blocked.w if name == "w" else blocked.traces[name]}} + _place;
            if (_lanes < {{tile}})
                _from_{{name}} = (const _real*)std::memcpy(_buffer_{{name}}, _from_{{name}}, _lanes*sizeof(_real));
            for (int _part = 0; _part < _parts; _part++)
                {{sum}}[_part] += *(const _vector*)(_from_{{name}} + _part*_width);
            {% endfor %}
        }
        {% include 'blocked_through.cpp' %}
    }
}
{% if blocked.filter %}
{{blocked.counts}}[_n + 1] = _total;
{% endif %}
