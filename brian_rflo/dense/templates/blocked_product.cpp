{# The product of the record, in tiles that stay in registers. Rows of synapses are not whole cache lines; the rest of a row, and the last rows, go
   through a buffer. #}
{% set read = (sums + blocked.fed)|unique|list %}
const int _together = _bytes == 64 ? {{[1, [8, 12//(sums|length)]|min]|max}} : {{[1, 5//(sums|length)]|max}};
for (int _network = 0; _network < {{geometry.networks}}; _network++)
    for (int _begin = 0; _begin < {{geometry.n_pre}}; _begin += {{blocked.near}})
        for (int _tile = 0; _tile < {{blocked.tiles}}; _tile++)
            for (int _row = _begin; _row < std::min(_begin + {{blocked.near}}, {{geometry.n_pre}}); _row += _together)
            {
                const int _lanes = std::min({{tile}}, {{geometry.n_post}} - _tile*{{tile}}), _rows = std::min(_together, {{geometry.n_pre}} - _row);
                const bool _fits = _lanes == {{tile}} && _rows == _together;
                const size_t _first = ((size_t)_network*{{geometry.n_pre}} + _row)*{{geometry.n_post}} + _tile*{{tile}}, _stride = _fits ? {{geometry.n_post}} : {{tile}};
                {% for name in read %}
                _real* _of_{{name}} = {{blocked.w if name == "w" else blocked.traces[name]}} + _first;
                _real _buffer_{{name}}[_together*{{tile}}];
                {% endfor %}
                if (!_fits)
                {
                    {% for name in read %}
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
                            *(_vector*)(_of_{{name}} + _place) = {% if name == "w" %}*(const _vector*)(_of_w + _place) + {% endif %}_sum_{{name}}[_a][_half]{% for l in blocked.fed %} + *(const _vector*)(_e_{{name}}_{{l}} + _of_tile)*_x{{l}}{% endfor %};
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
