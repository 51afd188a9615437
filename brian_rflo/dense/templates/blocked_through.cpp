{# Of one tile: weights and traces of a row, `_w` and `_x`, go through the record, whose presynaptic factors are `_sum_g`; then to the target. A network that has not
   learned in it goes nowhere, whatever its traces are. #}
for (int _r = 0; _r < ({{blocked.learned}}[_network] ? _n : 0); _r++)
    #pragma GCC unroll 4
    for (int _part = 0; _part < _parts; _part++)
    {
        const size_t _place = _block + _r*{{tile}} + _part*_width;
        {% for k in blocked.seen %}
        const _vector _y{{k}} = _vector{}{% for l in blocked.going if x.A[k][l] %} + {{x.A[k][l]}}*_x{{l}}[_part]{% endfor %}{% if x.f[k] %} + {{x.f[k]}}*_sum_g[_r]{% endif %};
        {% endfor %}
        _w[_part] += _vector{}{% for k in blocked.seen if h[k] %} + {{h[k]}}*_y{{k}}{% endfor %};
        {% for k in blocked.going %}
        _x{{k}}[_part] = _y{{k}};
        {% endfor %}
    }
for (int _part = 0; _part < _parts; _part++)
    *(_vector*)(_buffer_w + _part*_width) = _w[_part];
{% if blocked.masked %}
for (int _spike = 0; _spike < _spiking; _spike++)
{
    {{take_own()|autoindent}}
}
{% endif %}
for (int _lane = 0; _lane < _lanes; _lane++)
{
    const int _postsynaptic_idx = {{geometry.first_post}} + _network*{{geometry.n_post}} + _tile*{{tile}} + _lane;
    {{reads["_postsynaptic_idx"]|autoindent}}
    {{statements.get("send", "")|autoindent}}
    {{blocked.target}}[_postsynaptic_idx] += _value_send*_buffer_w[_lane];
}
