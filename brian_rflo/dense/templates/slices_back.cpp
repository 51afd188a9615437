{# Copies the changes in the copy of slices.cpp back into Brian2's arrays, when other objects may read them. #}
const bool _is_over = {{padded.now}}[0] || {{padded.step}}[0] + 1 == {{padded.end}}[0]{% if padded.trial %} || ({{padded.step}}[0] + 1) % {{padded.trial}} == 0{% endif %};
if (_is_over && {{padded.is_there}}[0])
{
    const int64_t* const _memory = {{padded.memory}};
    const int64_t* const _places = (const int64_t*)_memory[5];
    {% for own, type, is_changed in padded.arrays %}
    const {{type}}* const _copy{{own}} = (const {{type}}*)_memory[{{padded.layout|length + loop.index0}}];
    {% endfor %}
    for (int64_t _k = 0; _k < {{padded.count}}; _k++)
    {
        {% for own, _, is_changed in padded.arrays if is_changed %}
        {{own}}[_k] = _copy{{own}}[_places[_k]];
        {% endfor %}
    }
    {{padded.is_there}}[0] = 0;
}
