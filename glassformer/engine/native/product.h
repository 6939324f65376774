// y = x W^T + b, for rows of floats or of eight-bit integers.
#pragma once
#include "kernels.h"
#include "vectors.h"

constexpr int PARTS = PANEL / (LANES * COLUMNS);  // of a panel, one after the other
constexpr int AHEAD = 4096;  // bytes of weights that a single tile fetches before it multiplies them

// The definitions, as plain as can be; the others below must give the same (test_fast.py holds them together):
//
//     floats     y[n][o] = sum_i x[n][i] * W[o][i] + b[o]
//     integers   y[n][o] = (sum_i q[n][i] * Q[o][i]) * (scale[n] * Scale[o]) + b[o]
//
// and a word of an output stands in `numbers` at [its panel][word][its place in the panel].

// Sums of R rows and COLUMNS * LANES outputs, of integers or floats, a word of each row at a time. A function of its own,
// so that all sums stay in registers; R is known when it is compiled, and every row is computed in the same way whatever
// R is, with so many CHAINS of sums. On the way it fetches weights from `next` on into the cache, `step` bytes a word.
template <class Number, int CHAINS, int R, class Sums>
static inline void add_up(const uint8_t* w, int words, const uint8_t* x, int64_t stride, const uint8_t* next, int step,
                          Sums (&sums)[R][COLUMNS]) {
    constexpr int CACHE = R <= 8 ? 3 : 2;  // for few rows, which wait for weights, the first level, else the second
    Sums more[CHAINS][R][COLUMNS] = {};
    const uint8_t* rows[(R + 3) / 4];  // every fourth one: addresses of all would take more registers than there are
    for (int r = 0; r < R; r += 4) rows[r / 4] = x + r * stride;
    for (int word = 0; word < words; word += CHAINS)
#pragma GCC unroll 4
        for (int chain = 0; chain < CHAINS; ++chain, w += WORD * PANEL, next += step) {
            if (CHAINS > 1 && word + chain == words) break;
            Sums ws[COLUMNS];
            for (int c = 0; c < COLUMNS; ++c) ws[c] = read<Sums>(w + WORD * LANES * c);
            for (int c = 0; c < COLUMNS; ++c) __builtin_prefetch(next + step / COLUMNS * c, 0, CACHE);
            for (int r = 0; r < R; ++r) {
                const Number xs = read<Number>(rows[r / 4] + r % 4 * stride);
                for (int c = 0; c < COLUMNS; ++c) more[chain][r][c] = dot(more[chain][r][c], xs, ws[c]);
            }
            for (const uint8_t*& each : rows) each += WORD;
        }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
        for (int c = 0; c < COLUMNS; ++c) {
            sums[r][c] = more[0][r][c];
            for (int chain = 1; chain < CHAINS; ++chain) sums[r][c] += more[chain][r][c];
        }
}

// What makes numbers of the sums of integers, of the outputs from `o` on. (q + OFFSET) was multiplied instead of q, which
// is OFFSET times the sum of W's row too much.
struct Scaling {
    Scaling(const Matrix& w, int o) : less(OFFSET * read<Ints>(w.sums + o)), scale(load(w.scales + o)), bias(load(w.bias + o)) {}
    Floats operator()(Ints sums, float scale_of_row) const {
        return __builtin_convertvector(sums - less, Floats) * (scale_of_row * scale) + bias;
    }
    const Ints less;
    const Floats scale, bias;
};

// Outputs [first, first + COLUMNS * LANES) of R rows from row `row` on, the part of a panel that begins there.
template <int R>
static void tile(const Matrix& w, int first, const Rows& x, int row, float* y, int64_t y_stride) {
    const int64_t panel = (int64_t)words(w) * PANEL * WORD;  // bytes
    const uint8_t* from = w.numbers + first / PANEL * panel + first % PANEL * WORD;
    const uint8_t* xs = x.numbers + row * x.stride;
    // Each tile fetches its share of the next panel; a single one has no time for that.
    const uint8_t* next = from + (R == x.count ? AHEAD : panel * (x.count + row) / x.count);
    const int step = PANEL * WORD * R / x.count;
    if (w.integers) {
        // Of few sums of integers, whose order does not matter, several chains: none waits for its last addition.
        Ints sums[R][COLUMNS];
        add_up<int32_t, R <= 2 ? 4 / R : 1>(from, words(w), xs, x.stride, next, step, sums);
#pragma GCC unroll 8
        for (int c = 0; c < COLUMNS; ++c) {
            const Scaling scaling(w, first + LANES * c);
            for (int r = 0; r < R; ++r)
                store(scaling(sums[r][c], x.scales[row + r]), y + (row + r) * y_stride + LANES * c);
        }
    } else {
        Floats sums[R][COLUMNS];
        add_up<float, 1>(from, words(w), xs, x.stride, next, step, sums);
#pragma GCC unroll 12
        for (int r = 0; r < R; ++r)
            for (int c = 0; c < COLUMNS; ++c)
                store(sums[r][c] + load(w.bias + first + LANES * c), y + (row + r) * y_stride + LANES * c);
    }
}

// `count` rows, at most R, as one tile.
template <int R>
static void rows_of(int count, const Matrix& w, int first, const Rows& x, int row, float* y, int64_t y_stride) {
    if (count == R) tile<R>(w, first, x, row, y, y_stride);
    else if constexpr (R > 1) rows_of<R - 1>(count, w, first, x, row, y, y_stride);
}

// Outputs of `panels` panels from `first_panel` on; y[0] is the first row's first of them, and a row of y has room for
// whole panels. As few tiles as can be, of like size: each reads the panel's weights once.
static void product(const Matrix& w, int first_panel, int panels, const Rows& x, float* y, int64_t y_stride) {
    const int tiles = (x.count + ROWS - 1) / ROWS;
    for (int part = 0; part < panels * PARTS; ++part)
        for (int tile = 0; tile < tiles; ++tile) {
            const int row = x.count * tile / tiles, end = x.count * (tile + 1) / tiles;
            const int place = part * LANES * COLUMNS;
            rows_of<ROWS>(end - row, w, first_panel * PANEL + place, x, row, y + place, y_stride);
        }
}
