{# Copies the changes in the copy of padded.cpp back into Brian2's arrays, when other objects may read them. #}
{% set n_rows, n_post, stride = geometry.networks*geometry.n_pre, geometry.n_post, padded.stride %}
{% set ranges = padded.ranges %}
const bool _is_over = {{padded.now}}[0] || {{padded.step}}[0] + 1 == {{padded.end}}[0]{% if padded.trial %} || ({{padded.step}}[0] + 1) % {{padded.trial}} == 0{% endif %};
if (_is_over && {{padded.is_there}}[0])
{
    {% for own, copy, is_changed in padded.arrays if is_changed %}
    const auto* const _lines{{own}} = {{copy}} + ({{padded.line}} - (size_t){{copy}} % {{padded.line}}) % {{padded.line}}/sizeof({{copy}}[0]);
    {% if threads == 1 %}
    for (int _row = 0; _row < {{n_rows}}; _row++)
        for (int _inner = 0; _inner < {{n_post}}; _inner++)
            {{own}}[(size_t)_row*{{n_post}} + _inner] = _lines{{own}}[(size_t)_row*{{stride}} + _inner];
    {% else %}
    _in_blocks({{geometry.networks*ranges.count}}, 1, [=](const int _first, const int _end)
    {
        for (int _block = _first; _block < _end; _block++)
        {
            const int _network = _block/{{ranges.count}}, _from = _block%{{ranges.count}}*{{ranges.width}}, _width = _from < {{ranges.last}} ? {{ranges.width}} : {{ranges.places - ranges.last}};
            const auto* const _range = _lines{{own}} + ((size_t)_network*{{ranges.places}} + _from)*{{geometry.n_pre}};
            for (int _row = 0; _row < {{geometry.n_pre}}; _row++)
                for (int _inner = 0; _inner < std::min(_width, {{n_post}} - _from); _inner++)
                    {{own}}[((size_t)_network*{{geometry.n_pre}} + _row)*{{n_post}} + _from + _inner] = _range[(size_t)_row*_width + _inner];
        }
    });
    {% endif %}
    {% endfor %}
    {{padded.is_there}}[0] = 0;
}
