// What the limits of both networks share: how weights lie in memory, the sum over a trial, the clock.
//
// Weights lie in blocks of a few vectors of postsynaptic neurons, presynaptic neuron by presynaptic neuron, each with its traces
// behind it: one stream through memory, no sum across the lanes of a vector, and nothing per neuron is read twice.

#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <type_traits>
#ifdef __linux__
#include <sys/mman.h>
#endif

#ifndef SIZE
#define SIZE 30
#define REAL double
#define STEPS 200
#endif
#ifndef NETWORKS
#define NETWORKS 1
#endif
#ifndef BLOCK
#define BLOCK 4
#endif

namespace {

constexpr int N = SIZE, period = STEPS;  // neurons; steps of the target, and of a trial
using Real = REAL;
constexpr int lanes = 64 / sizeof(Real), vectors = (N + lanes - 1) / lanes, padded = vectors * lanes;
constexpr int width = vectors < BLOCK ? vectors : BLOCK, blocks = vectors / width, rest = vectors % width;
typedef Real Vector __attribute__((vector_size(64)));

// Memory on a cache line of its own; large pages where the system gives them.
template <typename T> T *memory(size_t count) {
    const size_t page = size_t(1) << 21, bytes = count * sizeof(T), alignment = bytes < page ? 64 : page;
    void *place = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (!place) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (bytes >= page) madvise(place, bytes, MADV_HUGEPAGE);
#endif
    std::memset(place, 0, bytes);
    return static_cast<T *>(place);
}

// Place of the weight of `pre` on `post`, where each weight vector is followed, a block further, by `copies - 1` others.
inline size_t place(int pre, int post, int copies) {
    const int vector = post / lanes, block = vector / width, first = block * width;
    const int here = block < blocks ? width : rest;
    return (size_t(first) * N + size_t(pre) * here) * copies * lanes + size_t(vector - first) * lanes + post % lanes;
}

inline const Vector &at(const Real *values, int vector) { return reinterpret_cast<const Vector *>(values)[vector]; }
inline Vector &at(Real *values, int vector) { return reinterpret_cast<Vector *>(values)[vector]; }

// Calls `block(count, first, weights)` for each block of `count` vectors from `first` on, with its weights.
template <int copies, typename Block> inline void for_blocks(Real *weights, Block block) {
    for (int b = 0; b < blocks; b++) block(std::integral_constant<int, width>{}, b * width, weights + size_t(b) * width * N * copies * lanes);
    if constexpr (rest > 0) block(std::integral_constant<int, rest>{}, blocks * width, weights + size_t(blocks) * width * N * copies * lanes);
}

// weights += sum over steps of factor(step) before(step)^T, for `rows` presynaptic neurons at a time.
template <int count, int rows> inline void add_rows(Real *weights, const Real *factor, const Real *before, int pre) {
    Vector sum[rows][count] = {};
    for (int step = 0; step < period; step++, factor += padded, before += padded)
        for (int row = 0; row < rows; row++)
            for (int k = 0; k < count; k++) sum[row][k] += at(factor, k) * before[pre + row];
    for (int row = 0; row < rows; row++)
        for (int k = 0; k < count; k++) at(weights, row * count + k) += sum[row][k];
}

template <int count> inline void add_block(Real *weights, const Real *factor, const Real *before) {
    constexpr int rows = 24 / count < 6 ? 24 / count : 6;
    int pre = 0;
    for (; pre + rows <= N; pre += rows) add_rows<count, rows>(weights + size_t(pre) * count * lanes, factor, before, pre);
    for (; pre < N; pre++) add_rows<count, 1>(weights + size_t(pre) * count * lanes, factor, before, pre);
}

// gain(s) becomes scale gain(s) times the sum over t >= s of keep^(t - s) feedback(t).
inline void backwards(Real *factor, const Real *back, const Real *errors, Real keep, Real scale) {
    Real kept = 0;
    for (int step = period - 1; step >= 0; step--) {
        kept = keep * kept + errors[step];
        for (int i = 0; i < padded; i++) factor[step * padded + i] *= scale * kept * back[i];
    }
}

// Adds a trial's history to all weights.
inline void add_history(Real *weights, const Real *factor, const Real *before) {
    for_blocks<1>(weights, [&](auto count, int first, Real *block) { add_block<count>(block, factor + first * lanes, before); });
}

// Weights [post, pre] to where they lie, and the sum of |W - W0|.
inline void lay_out(Real *weights, const double *recurrent, int copies) {
    for (int post = 0; post < N; post++)
        for (int pre = 0; pre < N; pre++) weights[place(pre, post, copies)] = Real(recurrent[size_t(post) * N + pre]);
}

inline double change(const Real *weights, const double *recurrent, int copies) {
    double sum = 0;
    for (int post = 0; post < N; post++)
        for (int pre = 0; pre < N; pre++) sum += std::fabs(double(weights[place(pre, post, copies)]) - double(Real(recurrent[size_t(post) * N + pre])));
    return sum;
}

// result[1 .. 3]: what `steps` returns, its CPU seconds, its wall seconds.
template <typename Steps> inline void clocked(double *result, Steps steps) {
    const auto wall = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    result[1] = steps();
    result[2] = double(std::clock() - cpu) / CLOCKS_PER_SEC;
    result[3] = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
}

}  // namespace
