// The yardstick for sparse projections: the network of limit.cpp (online, one thread), its recurrent synapses given as a list.
//
// Synapse from j to i:   trace = keep trace + c_i x_j    weight += phi_i trace    drive_i += weight h_j
// with c_i = rise gain_i, phi_i = rate feedback_i, h the activity of this step and x that of the step before.
// The list is in Brian2's order: by presynaptic neuron, then by postsynaptic neuron. Layouts:
//
// rows     by postsynaptic neuron: c_i, phi_i and the sum stay in registers, h_j and x_j are gathered; left to the compiler
// tiles    eight rows of about the same length side by side, one in each lane, so that no sum goes across lanes; x_j and h_j lie side by
//          side and come with one load of 16 bytes; in tiles of presynaptic neurons, whose pairs stay in the first cache
//
// Places that only fill up belong to neuron N, which is silent: their traces and weights stay 0.
//
// Tried, and slower or no faster: Brian2's order, scattered (2.7 times `tiles`) or eight at a time (1.8 to 2 times); rows of whole
// vectors (1.1 to 1.3 times), also with the processor's gather instruction (2 to 3 times); x_j and h_j in two arrays (1.2 to 1.3
// times); the statements in a loop over lanes without vector types (2 times); indices of 16 bits (0 to 11 %).

#include "limit.cpp"

#include <algorithm>
#include <numeric>
#include <vector>

#ifndef AHEAD
#define AHEAD (N < 5000 ? 0 : 4096)  // bytes that vectors ask for in advance; in the caches asking costs 4 to 15 %
#endif
#ifndef TILE
#define TILE 2048  // presynaptic neurons of a tile
#endif

namespace {

static_assert(lanes == 8, "double precision only");

struct List { int64_t count; const int32_t *pre, *post; };

// Weights and traces in an order of their own; `place` tells where a synapse of the list is in it.
struct Stored {
    Real *weights, *traces;
    int32_t *index;
    std::vector<int64_t> place;
    explicit Stored(const List &list) : place(list.count) {}
    Stored(const Stored &) = delete;
    ~Stored() { std::free(weights), std::free(traces), std::free(index); }

    void allocate(int64_t size) {
        weights = memory<Real>(size), traces = memory<Real>(size), index = memory<int32_t>(size);
        std::fill(index, index + size, N);
    }
    void put(const double *from) { for (size_t k = 0; k < place.size(); k++) weights[place[k]] = from[k]; }
};

// First synapse of each row, where `row` tells the row of each; and one more, the end.
std::vector<int64_t> starts(int64_t count, int rows, const int32_t *row) {
    std::vector<int64_t> start(rows + 1);
    for (int64_t k = 0; k < count; k++) start[row[k] + 1]++;
    std::partial_sum(start.begin(), start.end(), start.begin());
    return start;
}

struct Rows : Stored {
    const std::vector<int64_t> start;
    explicit Rows(const List &list) : Stored(list), start(starts(list.count, N, list.post)) {
        allocate(list.count);
        auto next = start;
        for (int64_t k = 0; k < list.count; k++) {
            place[k] = next[list.post[k]]++;
            index[place[k]] = list.pre[k];
        }
    }
    void pass(State &s, const Parameters &p) {
        Real *const weights = this->weights, *const traces = this->traces;
        for (int post = 0; post < N; post++) {
            const Real rise = p.rise * s.gain[post], change = p.rate * s.feedback[post];
            Real sum = 0;
#pragma GCC ivdep
            for (int64_t k = start[post]; k < start[post + 1]; k++) {
                const int pre = index[k];
                const Real trace = p.keep * traces[k] + rise * s.before[pre];
                const Real weight = weights[k] + change * trace;
                traces[k] = trace, weights[k] = weight;
                sum += weight * s.activity[pre];
            }
            s.drive[post] = sum;
        }
    }
};

typedef Real Two __attribute__((vector_size(16)));
typedef Real Four __attribute__((vector_size(32)));

inline Vector join(Two a, Two b, Two c, Two d) {
    const Four left = __builtin_shufflevector(a, b, 0, 1, 2, 3), right = __builtin_shufflevector(c, d, 0, 1, 2, 3);
    return __builtin_shufflevector(left, right, 0, 1, 2, 3, 4, 5, 6, 7);
}

// x_j and h_j of each neuron, side by side; for eight synapses a vector of the first and one of the second.
struct Pairs {
    Two pair[N + 1] = {};
    void look(const State &s) { for (int j = 0; j < N; j++) pair[j] = Two{s.before[j], s.activity[j]}; }
    void read(const int32_t *at, Vector &first, Vector &second) const {
        const Vector even = join(pair[at[0]], pair[at[2]], pair[at[4]], pair[at[6]]);
        const Vector odd = join(pair[at[1]], pair[at[3]], pair[at[5]], pair[at[7]]);
        first = __builtin_shufflevector(even, odd, 0, 8, 2, 10, 4, 12, 6, 14);
        second = __builtin_shufflevector(even, odd, 1, 9, 3, 11, 5, 13, 7, 15);
    }
};

struct Tiles : Stored {
    struct Slice { int64_t start, end; int32_t post[lanes]; };  // its vectors, and the neuron of each lane
    static constexpr int tile = TILE, tiles = (N + tile - 1) / tile;
    alignas(64) Pairs neurons;
    std::vector<Slice> slices;

    explicit Tiles(const List &list) : Stored(list) {
        std::vector<int32_t> row(list.count), order(padded);
        for (int64_t k = 0; k < list.count; k++) row[k] = list.pre[k] / tile * padded + list.post[k];
        const auto start = starts(list.count, tiles * padded, row.data());
        std::vector<int64_t> next(tiles * padded);
        int64_t end = 0;
        for (int first = 0; first < tiles * padded; first += padded) {
            const auto length = [&](int post) { return start[first + post + 1] - start[first + post]; };
            std::iota(order.begin(), order.end(), 0);
            std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return length(a) > length(b); });
            for (int n = 0; n < padded; n += lanes) {
                Slice slice = {end, end + length(order[n]), {}};
                end = slice.end;
                for (int lane = 0; lane < lanes; lane++) {
                    slice.post[lane] = order[n + lane];
                    next[first + order[n + lane]] = slice.start * lanes + lane;
                }
                slices.push_back(slice);
            }
        }
        allocate(end * lanes);
        for (int64_t k = 0; k < list.count; k++) {
            place[k] = next[row[k]];
            next[row[k]] += lanes;
            index[place[k]] = list.pre[k];
        }
    }
    void pass(State &s, const Parameters &p) {
        neurons.look(s);
        if (tiles > 1) std::memset(s.drive, 0, sizeof s.drive);
        for (const Slice &slice : slices) {
            Vector rise, change, sum = {};
            for (int lane = 0; lane < lanes; lane++) {
                rise[lane] = p.rise * s.gain[slice.post[lane]];
                change[lane] = p.rate * s.feedback[slice.post[lane]];
                if (tiles > 1) sum[lane] = s.drive[slice.post[lane]];
            }
            for (int64_t k = slice.start; k < slice.end; k++) sum += learn(k, rise, change, p.keep);
            for (int lane = 0; lane < lanes; lane++) s.drive[slice.post[lane]] = sum[lane];
        }
    }
    // Eight synapses, the vector k of all; what they send.
    Vector learn(int64_t k, Vector rise, Vector change, Real keep) {
        if (AHEAD) {
            __builtin_prefetch(reinterpret_cast<char *>(weights + k * lanes) + AHEAD, 1);
            __builtin_prefetch(reinterpret_cast<char *>(traces + k * lanes) + AHEAD, 1);
        }
        Vector before, now;
        neurons.read(index + k * lanes, before, now);
        const Vector trace = keep * at(traces, k) + rise * before;
        const Vector weight = at(weights, k) + change * trace;
        at(traces, k) = trace;
        at(weights, k) = weight;
        return weight * now;
    }
};

template <typename Layout> Real steps_of(Layout &layout, State &s, const Parameters &p, const double *target, int64_t steps) {
    Real output = 0, error;
    for (int64_t step = 0, row = 0; step < steps; step++, row = row + 1 == period ? 0 : row + 1) {
        output = respond(s, p, target[row], error);
        for (int i = 0; i < padded; i++) {
            s.feedback[i] = s.back[i] * error;
            s.output[i] += p.rate * error * s.activity[i];
        }
        layout.pass(s, p);
    }
    return output;
}

// Runs `steps` from the given weights, in the list's order. result: sum |W - W0|, last output, CPU seconds, wall seconds.
template <typename Layout> void run_list(int64_t steps, const List &list, const double *weights, const double *readout, const double *back,
                                         const double *target, const double *parameters, double *result) {
    const Parameters p = {1 - parameters[0], parameters[0], parameters[1], parameters[2]};
    State *s = memory<State>(1);
    for (int i = 0; i < N; i++) s->output[i] = readout[i], s->back[i] = back[i], s->activity[i] = p.initial;
    for (int64_t k = 0; k < list.count; k++) s->drive[list.post[k]] += weights[k] * p.initial;
    auto *layout = new (memory<Layout>(1)) Layout(list);
    layout->put(weights);
    clocked(result, [&] { return steps_of(*layout, *s, p, target, steps); });
    result[0] = 0;
    for (int64_t k = 0; k < list.count; k++) result[0] += std::fabs(layout->weights[layout->place[k]] - weights[k]);
    layout->~Layout();
    std::free(layout);
    std::free(s);
}

}  // namespace

extern "C" void run_rows(int64_t steps, int64_t count, const int32_t *pre, const int32_t *post, const double *w, const double *o, const double *b, const double *t, const double *p, double *result) { run_list<Rows>(steps, {count, pre, post}, w, o, b, t, p, result); }
extern "C" void run_tiles(int64_t steps, int64_t count, const int32_t *pre, const int32_t *post, const double *w, const double *o, const double *b, const double *t, const double *p, double *result) { run_list<Tiles>(steps, {count, pre, post}, w, o, b, t, p, result); }
