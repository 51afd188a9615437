{# What a sum with weights at rest has missed (traceless.py): all presynaptic neurons at once go through the record of the trial. Traces from before the
   first recorded step are 0 but where a run begins within a trial. #}
{% set statements = dict(blocks) %}
const int _n = {{blocked.rows}}[0];
for (int _network = 0; _n && _network < {{geometry.networks}}; _network++)
{
    const size_t _synapses = (size_t)_network*{{geometry.n_pre*geometry.n_post}};
    {% if blocked.going %}
    if (_n == 1)
    {
        bool _any = false;
        for (size_t _place = _synapses; _place < _synapses + {{geometry.n_pre*geometry.n_post}} && !_any; _place++)
            _any = {% for k in blocked.going %}{{" || " if not loop.first}}{{blocked.traces[k]}}[_place] != 0{% endfor %};
        {{blocked.has_traces}}[_network] = _any;
    }
    const bool _has_traces = {{blocked.has_traces}}[_network];
    {% endif %}
    _real _sum_g[{{steps}}] = {}, _sent[{{geometry.n_pre}}];
    for (int _row = 0; _row < {{geometry.n_pre}}; _row++)
    {
        const int _presynaptic_idx = {{geometry.first_pre}} + _network*{{geometry.n_pre}} + _row;
        {{reads["_presynaptic_idx"]|autoindent}}
        {{statements["sent"]|autoindent}}
        const _real* const _g = _kept_g + ((size_t)_network*{{blocked.n_pre}} + _row)*{{steps}};
        const _real _now = _sent[_row] = _value_sent;
        for (int _r = 0; _r < _n; _r++)
            _sum_g[_r] += _now*_g[_r];
    }
    for (int _tile = 0; _tile < {{blocked.tiles}}; _tile++)
    {
        const int _lanes = std::min({{tile}}, {{geometry.n_post}} - _tile*{{tile}});
        const size_t _block = ((size_t)_network*{{blocked.tiles}} + _tile)*{{steps*tile}};
        _vector _w[_parts] = {};
        alignas(64) _real _buffer_w[{{tile}}];
        {% for k in blocked.going %}
        _vector _x{{k}}[_parts] = {};
        {% endfor %}
        {% if blocked.going %}
        if (_has_traces)
        {
            {% for k in blocked.going %}
            _real _from{{k}}[{{tile}}] = {};
            {% endfor %}
            for (int _row = 0; _row < {{geometry.n_pre}}; _row++)
                for (int _lane = 0; _lane < _lanes; _lane++)
                {
                    const size_t _place = _synapses + (size_t)_row*{{geometry.n_post}} + _tile*{{tile}} + _lane;
                    {% for k in blocked.going %}
                    _from{{k}}[_lane] += _sent[_row]*{{blocked.traces[k]}}[_place];
                    {% endfor %}
                }
            {% for k in blocked.going %}
            for (int _part = 0; _part < _parts; _part++)
                _x{{k}}[_part] = *(const _vector*)(_from{{k}} + _part*_width);
            {% endfor %}
        }
        {% endif %}
        {% include 'blocked_through.cpp' %}
    }
}
