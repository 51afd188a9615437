{# A full matrix from Brian2's list of synapses (filled.py): places without a synapse get what the place before them has. #}
for (size_t _word = 0; _word < {{(geometry.n_pre + padded.rows - 1)//padded.rows*padded.stride}}; _word++)
    {{padded.there}}[_word] = 0;
for (int64_t _k = 0; _k < {{padded.count}}; _k++)
{
    const size_t _row = {{padded.pre}}[_k] - {{geometry.first_pre}}, _inner = {{padded.post}}[_k] - {{geometry.first_post}};
    {{padded.there}}[_row/{{padded.rows}}*{{padded.stride}} + _inner] |= ({{padded.word}})1 << _row%{{padded.rows}};
    {% for own, _, _ in padded.arrays %}
    _lines{{own}}[_row*{{padded.stride}} + _inner] = {{own}}[_k];
    {% endfor %}
}
{% for own, _, _ in padded.arrays %}
{
    auto _before = {{own}}[0];
    for (size_t _row = 0; _row < {{geometry.n_pre}}; _row++)
        for (size_t _inner = 0; _inner < {{padded.stride}}; _inner++)
        {
            auto& _here = _lines{{own}}[_row*{{padded.stride}} + _inner];
            if ({{padded.there}}[_row/{{padded.rows}}*{{padded.stride}} + _inner] >> _row%{{padded.rows}} & 1)
                _before = _here;
            else
                _here = _before;
        }
}
{% endfor %}
