{# The variables of which g is made, where a block begins. #}
{% if blocked.filter %}
if ({{blocked.rows}}[0] == 0)
{
    {% for name, array in blocked.states.items() %}
    for (int _i = 0; _i < {{geometry.networks*geometry.n_pre}}; _i++)
        {{blocked.state}}[{{loop.index0*geometry.networks*geometry.n_pre}} + _i] = {{array}}[{{geometry.first_pre}} + _i];
    {% endfor %}
}
{% endif %}
