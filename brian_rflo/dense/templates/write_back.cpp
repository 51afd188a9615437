{# Copies the changes in the copy of padded.cpp back into Brian2's arrays, when other objects may read them. #}
{% set n_rows, n_post, stride = geometry.networks*geometry.n_pre, geometry.n_post, padded.stride %}
const bool _is_over = {{padded.now}}[0] || {{padded.step}}[0] + 1 == {{padded.end}}[0]{% if padded.trial %} || ({{padded.step}}[0] + 1) % {{padded.trial}} == 0{% endif %};
if (_is_over && {{padded.is_there}}[0])
{
    {% for own, copy, is_changed in padded.arrays if is_changed %}
    const auto* const _lines{{own}} = {{copy}} + ({{padded.line}} - (size_t){{copy}} % {{padded.line}}) % {{padded.line}}/sizeof({{copy}}[0]);
    for (int _row = 0; _row < {{n_rows}}; _row++)
        for (int _inner = 0; _inner < {{n_post}}; _inner++)
            {{own}}[(size_t)_row*{{n_post}} + _inner] = _lines{{own}}[(size_t)_row*{{stride}} + _inner];
    {% endfor %}
    {{padded.is_there}}[0] = 0;
}
