{# Brings all synapses up to date (equations in blocked.py): the factors of the record, backwards, then all rows. #}
{% set sums = ["w"] + blocked.stored %}
{% set y = blocked.filter %}
{# Of one sum: c, or what it makes of spikes and of the first y, and what is left of e. #}
{% macro backwards(name, last) %}
{% for k in range(order) %}
_vector _e{{k}} = _vector{}{% if last == k %} + _real(1){% endif %};
{% endfor %}
{% if y %}
_vector _drift{{"{}"}};
{% for m in range(y.names|length) %}
_vector _eta{{m}}{{"{}"}};
{% endfor %}
{% endif %}
for (int _r = _n - 1; _r >= 0; _r--)
{
    const size_t _place = _block*{{steps}} + _r*{{tile}} + _part*_width;
    {% if last == None %}
    {% for k in range(order) if h[k] %}
    _e{{k}} += {{h[k]}};
    {% endfor %}
    {% endif %}
    const _vector _c = _vector{}{% for k in range(order) if x.f[k] %} + {{x.f[k]}}*_e{{k}}{% endfor %};
    {% for l in range(order) %}
    const _vector _to{{l}} = _vector{}{% for k in range(order) if x.A[k][l] %} + {{x.A[k][l]}}*_e{{k}}{% endfor %};
    {% endfor %}
    {% for l in range(order) %}
    _e{{l}} = _to{{l}};
    {% endfor %}
    {% if y %}
    {% set all = range(y.names|length) %}
    *(_vector*)(_c_{{name}} + _r*_all + _block + _part*_width) = _vector{}{% for m in all if y.at_spike[m] %} + _real({{y.at_spike[m]}})*_eta{{m}}{% endfor %};
    {% for m in all %}
    const _vector _next{{m}} = _vector{}{% if y.read[m] %} + _real({{y.read[m]}})*_c{% endif %}{% for k in all if y.step[k][m] %} + _real({{y.step[k][m]}})*_eta{{k}}{% endfor %};
    {% endfor %}
    {% for m in all %}
    _eta{{m}} = _next{{m}};
    {% endfor %}
    {% if y.offset %}
    _drift += _real({{y.offset}})*_c;
    {% endif %}
    if (_r)
        _drift += _vector{}{% for m in all if y.drift[m] %} + _real({{y.drift[m]}})*_eta{{m}}{% endfor %};
    {% else %}
    *(_vector*)(_c_{{name}} + _place) = _c;
    {% endif %}
}
{% for l in blocked.fed %}
*(_vector*)(_e_{{name}}_{{l}} + _block + _part*_width) = _e{{l}};
{% endfor %}
{% if y %}
*(_vector*)(_drift_{{name}} + _block + _part*_width) = _drift;
{% for m in range(y.names|length) %}
*(_vector*)(_eta_{{name}}_{{m}} + _block + _part*_width) = _eta{{m}};
{% endfor %}
{% endif %}
{% endmacro %}
const int _n = {{blocked.rows}}[0];
const bool _is_last = {{blocked.now}}[0] || {{blocked.step}}[0] + 1 == {{blocked.end}}[0];
const bool _is_over = _is_last{% if blocked.trial %} || ({{blocked.step}}[0] + 1) % {{blocked.trial}} == 0{% endif %};
if (_n == {{steps}} || (_n && _is_over))
{
    const size_t _all = {{geometry.networks*blocked.tiles*tile}};
    {% for name, array in blocked.results.items() %}
    _real* const _{{name}} = {{array}} + (64 - (size_t){{array}} % 64) % 64/sizeof(_real);
    {% endfor %}
    for (size_t _block = 0; _block < _all; _block += {{tile}})
        for (int _part = 0; _part < _parts; _part++)
        {
            {
                {{backwards("w", None)|autoindent}}
            }
            {% for k in blocked.stored %}
            {{"if (_is_last)" if blocked.forgets}}
            {
                {{backwards(k, k)|autoindent}}
            }
            {% endfor %}
        }
    {% if blocked.masked %}
    {% set n_own = [geometry.n_pre, geometry.n_post]|min %}
    for (int _own = 0; _own < {{geometry.networks*n_own}}; _own++)
        {{blocked.own}}[_own] = {{blocked.w}}[((size_t)(_own/{{n_own}})*{{geometry.n_pre}} + _own % {{n_own}})*{{geometry.n_post}} + _own % {{n_own}}];
    {% endif %}
    {% if y %}
    {% include 'blocked_events.cpp' %}
    {% else %}
    {% if blocked.forgets %}
    if (!_is_last)
    {
        {% with sums = ["w"] %}
        {% include 'blocked_product.cpp' %}
        {% endwith %}
    }
    else
    {% endif %}
    {
        {% include 'blocked_product.cpp' %}
    }
    {% endif %}
    {% if blocked.masked %}
    for (int _own = 0; _own < {{geometry.networks*n_own}}; _own++)
    {
        const int _network = _own/{{n_own}}, _post = _own % {{n_own}};
        bool _learned = false;
        for (int _r = 0; _r < _n; _r++)
            _learned |= _kept_on[(((size_t)_network*{{blocked.tiles}} + _post/{{tile}})*{{steps}} + _r)*{{tile}} + _post % {{tile}}] > 0;
        {{blocked.w}}[((size_t)_network*{{geometry.n_pre}} + _post)*{{geometry.n_post}} + _post] = _learned ? 0 : {{blocked.own}}[_own];
    }
    {% endif %}
    {% if blocked.momentary %}
    for (int _network = 0; _network < {{geometry.networks}}; _network++)
        for (int _row = 0; _row < {{geometry.n_pre}}; _row++)
            for (int _inner = 0; _inner < {{geometry.n_post}}; _inner++)
            {
                const size_t _place = (((size_t)_network*{{blocked.tiles}} + _inner/{{tile}})*{{steps}} + _n - 1)*{{tile}} + _inner % {{tile}};
                const _real _now = _kept_g[((size_t)_network*{{blocked.n_pre}} + _row)*{{steps}} + _n - 1];
                {% for k in blocked.momentary %}
                {{blocked.traces[k]}}[((size_t)_network*{{geometry.n_pre}} + _row)*{{geometry.n_post}} + _inner] = {{(x.f[k] or "0")|replace("*(const _vector*)(", "*(")}}*_now;
                {% endfor %}
            }
    {% endif %}
    {{blocked.rows}}[0] = 0;
    std::fill({{blocked.learned}}, {{blocked.learned}} + {{geometry.networks}}, 0);
}
