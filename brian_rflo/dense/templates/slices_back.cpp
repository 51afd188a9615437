{# Copies changes in the copy of slices.cpp back into Brian2's arrays when other objects may read them: all, or those of the synapses of neurons that have spiked. #}
{% macro copies() %}
{% for own, type, is_changed in padded.arrays %}
{% if is_changed %}
const {{type}}* const _copy{{own}} = (const {{type}}*)_memory[{{padded.layout|length + loop.index0}}];
{% endif %}
{% endfor %}
{% endmacro %}
{% macro give_back() %}
{% for own, _, is_changed in padded.arrays if is_changed %}
{{own}}[_k] = _copy{{own}}[_places[_k]];
{% endfor %}
{% endmacro %}
const int64_t* const _memory = {{padded.memory}};
const int64_t* const _places = (const int64_t*)_memory[5];
{{copies()}}
{% if "spikes" in padded %}
if ({{padded.is_there}}[0])
{
    {# The synapses by their presynaptic neurons. #}
    static std::vector<int32_t> _ends, _sent;
    if (_ends.empty())
    {
        _ends.resize({{padded.n_pre + 2}});
        _sent.resize({{padded.count}});
        for (int64_t _k = 0; _k < {{padded.count}}; _k++)
            _ends[{{padded.pre}}[_k] - {{padded.first_pre}} + 2]++;
        for (int _row = 0; _row <= {{padded.n_pre}}; _row++)
            _ends[_row + 1] += _ends[_row];
        for (int64_t _k = 0; _k < {{padded.count}}; _k++)
            _sent[_ends[{{padded.pre}}[_k] - {{padded.first_pre}} + 1]++] = _k;
    }
    for (int _number = 0; _number < {{padded.n_spikes}}; _number++)
    {
        const int _row = {{padded.spikes}}[_number] - {{padded.first_pre}};
        if (_row < 0 || _row >= {{padded.n_pre}})
            continue;
        for (int _n = _ends[_row]; _n < _ends[_row + 1]; _n++)
        {
            const int _k = _sent[_n];
            {{give_back()}}
        }
    }
}
{% else %}
const bool _is_over = {{padded.now}}[0] || {{padded.step}}[0] + 1 == {{padded.end}}[0]{% if padded.trial %} || ({{padded.step}}[0] + 1) % {{padded.trial}} == 0{% endif %};
if (_is_over && {{padded.is_there}}[0])
{
    for (int64_t _k = 0; _k < {{padded.count}}; _k++)
    {
        {{give_back()}}
    }
    {{padded.is_there}}[0] = 0;
}
{% endif %}
