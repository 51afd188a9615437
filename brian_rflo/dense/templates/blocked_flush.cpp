{# Brings all synapses up to date (equations in blocked.py): the factors of the record, backwards, then the product, in tiles that stay in registers.
   Rows of synapses are not whole cache lines; the rest of a row, and the last rows, go through a buffer. #}
{% set sums = ["w"] + blocked.stored %}
{# c and what is left of e, of one sum. #}
{% macro backwards(name, last) %}
{% for k in range(order) %}
_vector _e{{k}} = _vector{}{% if last == k %} + _real(1){% endif %};
{% endfor %}
for (int _r = _n - 1; _r >= 0; _r--)
{
    const size_t _place = _block*{{steps}} + _r*{{tile}} + _part*_width;
    {% if last == None %}
    {% for k in range(order) if h[k] %}
    _e{{k}} += {{h[k]}};
    {% endfor %}
    {% endif %}
    *(_vector*)(_c_{{name}} + _place) = _vector{}{% for k in range(order) if x.f[k] %} + {{x.f[k]}}*_e{{k}}{% endfor %};
    {% for l in range(order) %}
    const _vector _to{{l}} = _vector{}{% for k in range(order) if x.A[k][l] %} + {{x.A[k][l]}}*_e{{k}}{% endfor %};
    {% endfor %}
    {% for l in range(order) %}
    _e{{l}} = _to{{l}};
    {% endfor %}
}
{% for l in blocked.fed %}
*(_vector*)({{blocked.e[name][l]}} + _block + _part*_width) = _e{{l}};
{% endfor %}
{% endmacro %}
const int _n = {{blocked.rows}}[0];
const bool _is_over = {{blocked.now}}[0] || {{blocked.step}}[0] + 1 == {{blocked.end}}[0]{% if blocked.trial %} || ({{blocked.step}}[0] + 1) % {{blocked.trial}} == 0{% endif %};
if (_n == {{steps}} || (_n && _is_over))
{
    const int _together = _bytes == 64 ? {{[8, 12//(sums|length)]|min}} : {{[1, 5//(sums|length)]|max}};
    {% for name, array in blocked.c.items() %}
    _real* const _c_{{name}} = {{array}} + (64 - (size_t){{array}} % 64) % 64/sizeof(_real);
    {% endfor %}
    for (size_t _block = 0; _block < {{geometry.networks*blocked.tiles*tile}}; _block += {{tile}})
        for (int _part = 0; _part < _parts; _part++)
        {
            {
                {{backwards("w", None)|autoindent}}
            }
            {% for k in blocked.stored %}
            {
                {{backwards(k, k)|autoindent}}
            }
            {% endfor %}
        }
    for (int _network = 0; _network < {{geometry.networks}}; _network++)
        for (int _begin = 0; _begin < {{geometry.n_pre}}; _begin += {{blocked.near}})
            for (int _tile = 0; _tile < {{blocked.tiles}}; _tile++)
                for (int _row = _begin; _row < std::min(_begin + {{blocked.near}}, {{geometry.n_pre}}); _row += _together)
                {
                    const int _lanes = std::min({{tile}}, {{geometry.n_post}} - _tile*{{tile}}), _rows = std::min(_together, {{geometry.n_pre}} - _row);
                    const bool _fits = _lanes == {{tile}} && _rows == _together;
                    const size_t _first = ((size_t)_network*{{geometry.n_pre}} + _row)*{{geometry.n_post}} + _tile*{{tile}}, _stride = _fits ? {{geometry.n_post}} : {{tile}};
                    {% for name in sums %}
                    _real* _of_{{name}} = {{blocked.w if name == "w" else blocked.traces[name]}} + _first;
                    _real _buffer_{{name}}[_together*{{tile}}];
                    {% endfor %}
                    if (!_fits)
                    {
                        {% for name in sums %}
                        std::memset(_buffer_{{name}}, 0, sizeof(_buffer_{{name}}));
                        for (int _a = 0; _a < _rows; _a++)
                            std::memcpy(_buffer_{{name}} + _a*{{tile}}, _of_{{name}} + (size_t)_a*{{geometry.n_post}}, _lanes*sizeof(_real));
                        _of_{{name}} = _buffer_{{name}};
                        {% endfor %}
                    }
                    for (int _part = 0; _part < _parts; _part += 2)
                    {
                        {% for name in sums %}
                        _vector _sum_{{name}}[_together][2] = {};
                        const _real* const _from_{{name}} = _c_{{name}} + ((size_t)_network*{{blocked.tiles}} + _tile)*{{steps*tile}} + _part*_width;
                        {% endfor %}
                        const _real* const _g = _kept_g + ((size_t)_network*{{blocked.n_pre}} + _row)*{{steps}};
                        for (int _r = 0; _r < _n; _r++)
                        {
                            {% for name in sums %}
                            const _vector _left_{{name}} = *(const _vector*)(_from_{{name}} + _r*{{tile}}), _right_{{name}} = *(const _vector*)(_from_{{name}} + _r*{{tile}} + _width);
                            {% endfor %}
                            #pragma GCC unroll 8
                            for (int _a = 0; _a < _together; _a++)
                            {
                                const _real _now = _g[_a*{{steps}} + _r];
                                {% for name in sums %}
                                _sum_{{name}}[_a][0] += _now*_left_{{name}};
                                _sum_{{name}}[_a][1] += _now*_right_{{name}};
                                {% endfor %}
                            }
                        }
                        const size_t _left = ((size_t)_network*{{blocked.tiles}} + _tile)*{{tile}} + _part*_width;
                        const bool _learns = {{blocked.learned}}[_network];
                        #pragma GCC unroll 8
                        for (int _a = 0; _a < _together; _a++)
                            #pragma GCC unroll 2
                            for (int _half = 0; _half < 2; _half++)
                            {
                                const size_t _place = _a*_stride + (_part + _half)*_width, _of_tile = _left + _half*_width;
                                {% for l in blocked.fed %}
                                const _vector _x{{l}} = *(const _vector*)(_of_{{l}} + _place);
                                {% endfor %}
                                {% for name in sums %}
                                {% if name == "w" %}
                                if (_learns)
                                {% endif %}
                                *(_vector*)(_of_{{name}} + _place) = {% if name == "w" %}*(const _vector*)(_of_w + _place) + {% endif %}_sum_{{name}}[_a][_half]{% for l in blocked.fed %} + *(const _vector*)({{blocked.e[name][l]}} + _of_tile)*_x{{l}}{% endfor %};
                                {% endfor %}
                            }
                    }
                    if (!_fits)
                        for (int _a = 0; _a < _rows; _a++)
                        {
                            {% for name in sums %}
                            std::memcpy({{blocked.w if name == "w" else blocked.traces[name]}} + _first + (size_t)_a*{{geometry.n_post}}, _buffer_{{name}} + _a*{{tile}}, _lanes*sizeof(_real));
                            {% endfor %}
                        }
                }
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
