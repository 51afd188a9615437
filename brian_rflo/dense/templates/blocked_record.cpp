{# The factors of this step, and which networks have learned in this block. #}
{% set statements = dict(blocks) %}
const int _row = {{blocked.rows}}[0]++;
for (int _network = 0; _network < {{geometry.networks}}; _network++)
{
    for (int _n = 0; _n < {{geometry.n_pre}}; _n++)
    {
        const int _presynaptic_idx = {{geometry.first_pre}} + _network*{{geometry.n_pre}} + _n;
        {{reads["_presynaptic_idx"]|autoindent}}
        {{statements.get("g", "")|autoindent}}
        _kept_g[((size_t)_network*{{blocked.n_pre}} + _n)*{{steps}} + _row] = _value_g;
    }
    int _learned = 0;
    for (int _tile = 0; _tile < {{blocked.tiles}}; _tile++)
    {
        const int _lanes = std::min({{tile}}, {{geometry.n_post}} - _tile*{{tile}});
        const size_t _place = (((size_t)_network*{{blocked.tiles}} + _tile)*{{steps}} + _row)*{{tile}};
        #pragma GCC ivdep
        for (int _lane = 0; _lane < _lanes; _lane++)
        {
            const int _postsynaptic_idx = {{geometry.first_post}} + _network*{{geometry.n_post}} + _tile*{{tile}} + _lane;
            {{reads["_postsynaptic_idx"]|autoindent}}
            {% for name in blocked.arrays if name != "g" %}
            {
                {{statements.get(name, "")|autoindent}}
                _kept_{{name}}[_place + _lane] = _value_{{name}};
                {% if name[0] == "h" %}
                _learned |= _value_{{name}} != 0;
                {% endif %}
            }
            {% endfor %}
        }
    }
    {{blocked.learned}}[_network] |= _learned;
}
