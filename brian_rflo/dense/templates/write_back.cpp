{# Copies the changes in the copy of padded.cpp back into Brian2's arrays, when other objects may read them. #}
{% from 'ranges.cpp' import for_ranges with context %}
const bool _is_over = {{padded.now}}[0] || {{padded.step}}[0] + 1 == {{padded.end}}[0]{% if padded.trial %} || ({{padded.step}}[0] + 1) % {{padded.trial}} == 0{% endif %};
if (_is_over && {{padded.is_there}}[0])
{
    {% for own, copy, is_changed in padded.arrays if is_changed %}
    const auto* const _lines{{own}} = {{copy}} + ({{padded.line}} - (size_t){{copy}} % {{padded.line}}) % {{padded.line}}/sizeof({{copy}}[0]);
    {% call for_ranges(padded.ranges) %}
        const auto* const _range = _lines{{own}} + (size_t)_block*{{padded.stride*geometry.n_pre}};
        for (int _row = 0; _row < {{geometry.n_pre}}; _row++)
            for (int _inner = 0; _inner < std::min(_width, {{geometry.n_post}} - _from); _inner++)
                {{own}}[((size_t)_network*{{geometry.n_pre}} + _row)*{{geometry.n_post}} + _from + _inner] = _range[(size_t)_row*{{padded.stride}} + _inner];
    {% endcall %}
    {% endfor %}
    {{padded.is_there}}[0] = 0;
}
