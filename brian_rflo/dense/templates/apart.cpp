{# Calls f(...) as a function of its own, so that the compiler knows nothing of a range but that there is one: loops over any number of places, in
   programs with any number of threads, are the same code. f is copied, since nothing points to the copy, and the compiler keeps it in registers. #}
namespace {
template <typename F>
#if defined(__clang__)
__attribute__((flatten, noinline))
#elif defined(__GNUC__)
__attribute__((flatten, noipa))
#endif
void _apart(const int network, const int from, const int width, const size_t stride, const size_t base, const F& f)
{
    const F own = f;
    own(network, from, width, stride, base);
}
}
