{# One synapse in each lane of a vector: choices, numbers that are the same in all lanes, and two variables of neurons that come in pairs. #}
#if defined(__AVX512F__)
#define _WIDTH 64
#elif defined(__AVX__)
#define _WIDTH 32
#else
#define _WIDTH 16
#endif
namespace { namespace _dense {
typedef {{padded.real}} _Real;
const int _lanes = _WIDTH/sizeof(_Real);
typedef _Real _Lanes __attribute__((vector_size(_WIDTH)));
typedef _Real _Loose __attribute__((vector_size(_WIDTH), aligned(sizeof(_Real))));
typedef {{padded.whole}} _Mask __attribute__((vector_size(_WIDTH)));
static inline _Lanes _spread(const _Lanes value) { return value; }
static inline _Lanes _spread(const _Real value) { return value - _Lanes(); }
template <typename A, typename B> static inline _Lanes _choose(const bool condition, const A a, const B b) { return condition ? _spread(a) : _spread(b); }
template <typename A, typename B> static inline _Lanes _choose(const _Mask condition, const A a, const B b) { return condition ? _spread(a) : _spread(b); }
template <typename A, typename B> static inline _Lanes _choose(const _Lanes condition, const A a, const B b) { return condition != 0 ? _spread(a) : _spread(b); }
template <typename A, typename B, typename C> static inline _Lanes _clipped(const A value, const B least, const C most)
{
    const _Lanes _raised = _spread(value) < _spread(least) ? _spread(least) : _spread(value);
    return _raised > _spread(most) ? _spread(most) : _raised;
}
template <typename A> static inline _Lanes _magnitude(const A value) { return _spread(value) < 0 ? -_spread(value) : _spread(value); }
template <typename A> static inline _Lanes _root(const A value)
{
    _Lanes _roots = _spread(value);
    for (int _lane = 0; _lane < _lanes; _lane++)
        _roots[_lane] = std::sqrt(_roots[_lane]);
    return _roots;
}
template <typename A> static inline _Lanes _power(const A value, const int exponent)
{
    _Lanes _product = _spread(value);
    for (int _factor = 1; _factor < exponent; _factor++)
        _product *= _spread(value);
    return _product;
}
static inline _Lanes _loaded(const _Real* const _from) { return *(const _Loose*)_from; }
template <typename T> static inline _Lanes _loaded(const T* const _from)
{
    _Lanes _numbers;
    for (int _lane = 0; _lane < _lanes; _lane++)
        _numbers[_lane] = _from[_lane];
    return _numbers;
}
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define _HAS_SHUFFLE
#endif
#endif
{% macro of(name, first, end, step=1) %}{% for lane in range(first, end, step) %}{{", " if lane != first}}{{name}}[_at[{{lane}}]]{% endfor %}{% endmacro %}
{% macro every_other(first, end) %}{% for place in range(first, end, 2) %}{{", " if place != first}}{{place}}{% endfor %}{% endmacro %}
{% for width in (64, 32, 16) %}
{% set lanes = width//padded.size %}
{{"#if" if loop.first else "#elif"}} _WIDTH == {{width}}
static inline _Lanes _gathered(const _Real* const _from, const int32_t* const _at)
{
    return _Lanes{ {{of("_from", 0, lanes)}} };
}
#if defined(_HAS_SHUFFLE)
{% if padded.size == 8 %}
typedef double _Pair __attribute__((vector_size(16)));
{% if width == 64 %}
typedef double _Half __attribute__((vector_size(32)));
static inline _Lanes _joined(const _Pair a, const _Pair b, const _Pair c, const _Pair d)
{
    const _Half left = __builtin_shufflevector(a, b, 0, 1, 2, 3), right = __builtin_shufflevector(c, d, 0, 1, 2, 3);
    return __builtin_shufflevector(left, right, 0, 1, 2, 3, 4, 5, 6, 7);
}
{% elif width == 32 %}
static inline _Lanes _joined(const _Pair a, const _Pair b) { return __builtin_shufflevector(a, b, 0, 1, 2, 3); }
{% else %}
static inline _Lanes _joined(const _Pair a) { return a; }
{% endif %}
static inline void _gather_pairs(const _Real* const _from, const int32_t* const _at, _Lanes& first, _Lanes& second)
{
    const _Pair* const _pair = (const _Pair*)_from;
    const _Lanes even = _joined({{of("_pair", 0, lanes, 2)}}), odd = _joined({{of("_pair", 1, lanes, 2)}});
    first = __builtin_shufflevector(even, odd{% for lane in range(0, lanes, 2) %}, {{lane}}, {{lane + lanes}}{% endfor %});
    second = __builtin_shufflevector(even, odd{% for lane in range(1, lanes, 2) %}, {{lane}}, {{lane + lanes}}{% endfor %});
}
{% else %}
typedef double _Pair __attribute__((may_alias));
typedef double _Pairs __attribute__((vector_size({{width}})));
static inline void _gather_pairs(const _Real* const _from, const int32_t* const _at, _Lanes& first, _Lanes& second)
{
    const _Pair* const _pair = (const _Pair*)_from;
    const _Pairs low = { {{of("_pair", 0, lanes//2)}} }, high = { {{of("_pair", lanes//2, lanes)}} };
    first = __builtin_shufflevector((_Lanes)low, (_Lanes)high, {{every_other(0, 2*lanes)}});
    second = __builtin_shufflevector((_Lanes)low, (_Lanes)high, {{every_other(1, 2*lanes)}});
}
{% endif %}
#endif
{% endfor %}
#endif
#if !defined(_HAS_SHUFFLE)
static inline void _gather_pairs(const _Real* const _from, const int32_t* const _at, _Lanes& first, _Lanes& second)
{
    for (int _lane = 0; _lane < _lanes; _lane++)
    {
        first[_lane] = _from[2*_at[_lane]];
        second[_lane] = _from[2*_at[_lane] + 1];
    }
}
#endif
template <typename T> static inline T* _aligned(const size_t count)
{
    char* const _memory = (char*)::operator new(count*sizeof(T) + 64);
    char* const _first = _memory + (64 - (size_t)_memory % 64) % 64;
    std::memset(_first, 0, count*sizeof(T));
    return (T*)_first;
}
static inline std::vector<int32_t> _runs_of(const int32_t* const _pre, const int64_t _count)
{
    std::vector<int32_t> _starts;
    for (int64_t _k = 0; _k < _count; _k++)
        if (_k == 0 || _pre[_k] != _pre[_k - 1])
            _starts.push_back(_k);
    return _starts;
}
{% if padded.tile %}
{# The order of the copy, of which slices.py tells the parts. Places that only fill up have the presynaptic neuron 0. #}
static inline void _slice(const int32_t* const _pre, const int32_t* const _post, const int64_t _count, int64_t* const _memory)
{
    const int _n_post = {{padded.n_post}}, _rows = (_n_post + _lanes - 1)/_lanes*_lanes, _tiles = ({{padded.n_pre}} + {{padded.tile - 1}})/{{padded.tile}}, _n_slices = _tiles*_rows/_lanes;
    std::vector<int64_t> _length((size_t)_tiles*_rows), _next((size_t)_tiles*_rows);
    for (int64_t _k = 0; _k < _count; _k++)
        _length[(size_t)((_pre[_k] - {{padded.first_pre}})/{{padded.tile}})*_rows + _post[_k] - {{padded.first_post}}]++;
    int64_t* const _starts = _aligned<int64_t>(_n_slices + 1);
    int32_t* const _posts = _aligned<int32_t>(_n_slices*_lanes);
    {{padded.whole}}* const _lengths = _aligned<{{padded.whole}}>(_n_slices*_lanes);
    std::vector<int> _order(_n_post);
    for (int _tile = 0, _number = 0; _tile < _tiles; _tile++)
    {
        const int64_t* const _of = _length.data() + (size_t)_tile*_rows;
        for (int _n = 0; _n < _n_post; _n++)
            _order[_n] = _n;
        std::sort(_order.begin(), _order.end(), [_of](const int a, const int b) { return _of[a] != _of[b] ? _of[a] > _of[b] : a < b; });
        for (int _row = 0; _row < _rows; _row += _lanes, _number++)
        {
            _starts[_number + 1] = _starts[_number] + _of[_order[_row]];
            for (int _lane = 0; _lane < _lanes; _lane++)
            {
                const int _n = _order[std::min(_row + _lane, _n_post - 1)];
                _posts[_number*_lanes + _lane] = _n + {{padded.first_post}};
                _lengths[_number*_lanes + _lane] = _row + _lane < _n_post ? _of[_n] : 0;
                if (_row + _lane < _n_post)
                    _next[(size_t)_tile*_rows + _n] = _starts[_number]*_lanes + _lane;
            }
        }
    }
    const size_t _size = _starts[_n_slices]*_lanes;
    int32_t* const _senders = _aligned<int32_t>(_size);
    int64_t* const _places = _aligned<int64_t>(_count);
    for (int64_t _k = 0; _k < _count; _k++)
    {
        const int _sender = _pre[_k] - {{padded.first_pre}};
        int64_t& _place = _next[(size_t)(_sender/{{padded.tile}})*_rows + _post[_k] - {{padded.first_post}}];
        _senders[_place] = _sender;
        _places[_k] = _place;
        _place += _lanes;
    }
    _memory[0] = _n_slices;
    _memory[1] = (int64_t)_starts;
    _memory[2] = (int64_t)_posts;
    _memory[3] = (int64_t)_lengths;
    _memory[4] = (int64_t)_senders;
    _memory[5] = (int64_t)_places;
    {% for own, type, _ in padded.arrays %}
    _memory[{{padded.layout|length + loop.index0}}] = (int64_t)_aligned<{{type}}>(_size);
    {% endfor %}
}
{% endif %}
} }
