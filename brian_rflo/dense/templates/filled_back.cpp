{# Copies the changes in a full matrix (filled.py) back into Brian2's arrays, when other objects may read them. #}
const bool _is_over = {{padded.now}}[0] || {{padded.step}}[0] + 1 == {{padded.end}}[0]{% if padded.trial %} || ({{padded.step}}[0] + 1) % {{padded.trial}} == 0{% endif %};
if (_is_over && {{padded.is_there}}[0])
{
    {% for own, copy, is_changed in padded.arrays if is_changed %}
    const auto* const _lines{{own}} = {{copy}} + ({{padded.line}} - (size_t){{copy}} % {{padded.line}}) % {{padded.line}}/sizeof({{copy}}[0]);
    {% endfor %}
    for (int64_t _k = 0; _k < {{padded.count}}; _k++)
    {
        const size_t _place = (size_t)({{padded.pre}}[_k] - {{geometry.first_pre}})*{{padded.stride}} + {{padded.post}}[_k] - {{geometry.first_post}};
        {% for own, _, is_changed in padded.arrays if is_changed %}
        {{own}}[_k] = _lines{{own}}[_place];
        {% endfor %}
    }
    {{padded.is_there}}[0] = 0;
}
