// softmax(q . k / sqrt(width)) . v, for one row, in all its heads.
#pragma once
#include "rows.h"

// In place of n scores e^(score - largest) / sum. There is room for padded(n).
static void softmax(float* scores, int n) {
    Floats most = some(scores, n), sums = {};
    for (int i = LANES; i < n; i += LANES) most = larger(most, some(scores + i, n - i));
    const float largest = largest_of(most);
    for (int i = 0; i < n; i += LANES) {
        const Floats weights = exponential(some(scores + i, n - i) - largest);
        store(weights, scores + i);
        sums += weights;
    }
    const float factor = 1.f / sum_of(sums);
    for (int i = 0; i < n; i += LANES) store(load(scores + i) * factor, scores + i);
}

// y = sum_t weights[t] * v_t in C vectors of columns, v_t at at(t): odd and even t have sums of their own, so that
// none waits for its last addition.
template <int C, class At>
static inline void mix_columns(const float* weights, int length, At at, float* y) {
    Floats even[C] = {}, odd[C] = {};
    int t = 0;
    for (; t + 2 <= length; t += 2) {
        const float *v = at(t), *next = at(t + 1);
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c) {
            even[c] += weights[t] * load(v + LANES * c);
            odd[c] += weights[t + 1] * load(next + LANES * c);
        }
    }
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
        if (t < length) even[c] += weights[t] * load(at(t) + LANES * c);
        store(even[c] + odd[c], y + LANES * c);
    }
}

template <class At>
static inline void mix(const float* weights, int length, At at, int width, float* y) {
    int i = 0;
    const auto here = [&](int t) { return at(t) + i; };
    for (; i + 4 * LANES <= width; i += 4 * LANES) mix_columns<4>(weights, length, here, y + i);
    for (; i + 2 * LANES <= width; i += 2 * LANES) mix_columns<2>(weights, length, here, y + i);
    for (; i + LANES <= width; i += LANES) mix_columns<1>(weights, length, here, y + i);
    for (; i < width; ++i) {
        y[i] = 0;
        for (int t = 0; t < length; ++t) y[i] += weights[t] * at(t)[i];
    }
}

// Scores of one line of positions: keys [column][position], `wide` of them. What is read behind them is not used.
static inline void score_line(const float* q, const float* keys, int wide, int width, float divisor, float* scores) {
    constexpr int VECTORS = LINE / LANES;
    Floats sums[4][VECTORS] = {};  // four of each, so that none waits for its last addition
    int i = 0;
    for (; i + 4 <= width; i += 4)
#pragma GCC unroll 4
        for (int chain = 0; chain < 4; ++chain)
#pragma GCC unroll 4
            for (int c = 0; c < VECTORS; ++c)
                sums[chain][c] += q[i + chain] * load(keys + (i + chain) * wide + LANES * c);
    for (; i < width; ++i)
        for (int c = 0; c < VECTORS; ++c) sums[0][c] += q[i] * load(keys + i * wide + LANES * c);
    for (int c = 0; c < VECTORS; ++c)
        store((sums[0][c] + sums[1][c] + (sums[2][c] + sums[3][c])) / divisor, scores + LANES * c);
}

// To the positions of a source: keys [head][line][column][position], of which LINE are side by side so that a vector of
// scores needs no sum across its lanes (fewer in the last line); values [head][position][column]. `weights` has
// padded(length) for each head.
// One kind of work after the other, so that the processor does several heads' at a time.
static void attend_source(const Heads& heads, const float* q, const float* keys, const float* values, int length,
                          float* weights, float* y) {
    const int width = heads.width, all_of_them = padded(length);
    for (int head = 0; head < heads.count; ++head)
        for (int first = 0; first < length; first += LINE)
            score_line(q + head * width, keys + (int64_t)(head / heads.shared * length + first) * width,
                       length - first < LINE ? length - first : LINE, width, heads.divisor,
                       weights + head * all_of_them + first);
    for (int head = 0; head < heads.count; ++head) softmax(weights + head * all_of_them, length);
    for (int head = 0; head < heads.count; ++head) {
        const float* v = values + (int64_t)(head / heads.shared) * length * width;
        mix(weights + head * all_of_them, length, [=](int s) { return v + s * width; }, width, y + head * width);
    }
}

// Scores of T positions, whose keys are at keys[0] + offset and so on.
template <int T>
static inline void score(const float* q, const float* const* keys, int offset, int width, float divisor, float* scores) {
    Floats products[T] = {};
    float rest[T] = {};
    int i = 0;
    for (; i + LANES <= width; i += LANES)
#pragma GCC unroll 4
        for (int t = 0; t < T; ++t) products[t] += load(q + i) * load(keys[t] + offset + i);
    for (; i < width; ++i)
        for (int t = 0; t < T; ++t) rest[t] += q[i] * keys[t][offset + i];
    for (int t = 0; t < T; ++t) scores[t] = (sum_of(products[t]) + rest[t]) / divisor;
}

// To a row's own past, whose positions lie anywhere: keys[t] and values[t] are those of position t in the first head,
// `stride` before those in the next one.
static void attend_past(const Heads& heads, const float* q, const float* const* keys, const float* const* values,
                        int stride, int length, float* weights, float* y) {
    const int width = heads.width, all_of_them = padded(length);
    for (int head = 0; head < heads.count; ++head) {
        const float* q_of = q + head * width;
        const int offset = head / heads.shared * stride;
        float* scores = weights + head * all_of_them;
        int t = 0;
        for (; t + 4 <= length; t += 4) score<4>(q_of, keys + t, offset, width, heads.divisor, scores + t);
        for (; t < length; ++t) score<1>(q_of, keys + t, offset, width, heads.divisor, scores + t);
    }
    for (int head = 0; head < heads.count; ++head) softmax(weights + head * all_of_them, length);
    for (int head = 0; head < heads.count; ++head) {
        const int offset = head / heads.shared * stride;
        mix(weights + head * all_of_them, length, [=](int t) { return values[t] + offset; }, width, y + head * width);
    }
}
