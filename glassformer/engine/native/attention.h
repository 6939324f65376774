// softmax(q . k / sqrt(width)) . v, for one row, in all its heads.
#pragma once
#include "rows.h"

// In place of n scores e^(score - largest) / sum.
static void softmax(float* scores, int n) {
    float largest;
    const float factor = 1.f / sum_exponentials(scores, n, &largest, scores);
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

// Scores of one line of positions: keys [column][position].
static inline void score_line(const float* q, const float* keys, int width, float divisor, float* scores) {
    constexpr int VECTORS = LINE / LANES;
    Floats sums[4][VECTORS] = {};  // four of each, so that none waits for its last addition
    int i = 0;
    for (; i + 4 <= width; i += 4)
        for (int chain = 0; chain < 4; ++chain)
            for (int c = 0; c < VECTORS; ++c)
                sums[chain][c] += q[i + chain] * load(keys + (i + chain) * LINE + LANES * c);
    for (; i < width; ++i)
        for (int c = 0; c < VECTORS; ++c) sums[0][c] += q[i] * load(keys + i * LINE + LANES * c);
    for (int c = 0; c < VECTORS; ++c)
        store((sums[0][c] + sums[1][c] + (sums[2][c] + sums[3][c])) / divisor, scores + LANES * c);
}

// All heads of a row: score(head, q, where to) its scores, value(head, t) where a value is. `weights` has padded(length)
// for each head. One kind of work after the other, so that the processor does several heads' at a time.
template <class Score, class Value>
static inline void attend(const Heads& heads, const float* q, int length, float* weights, float* y, Score score,
                          Value value) {
    const int width = heads.width, wide = padded(length);
    for (int head = 0; head < heads.count; ++head) score(head / heads.shared, q + head * width, weights + head * wide);
    for (int head = 0; head < heads.count; ++head) softmax(weights + head * wide, length);
    for (int head = 0; head < heads.count; ++head)
        mix(weights + head * wide, length, [&](int t) { return value(head / heads.shared, t); }, width, y + head * width);
}

// To the positions of a source: keys [head][line][column][position], of which LINE are side by side so that a vector of
// scores needs no sum across its lanes (zeros behind the last one); values [head][position][column].
static void attend_source(const Heads& heads, const float* q, const float* keys, const float* values, int length,
                          float* weights, float* y) {
    const int width = heads.width;
    const auto score = [&](int head, const float* q, float* scores) {
        for (int first = 0; first < length; first += LINE)
            score_line(q, keys + ((int64_t)head * padded(length) + first) * width, width, heads.divisor, scores + first);
    };
    const auto value = [&](int head, int t) { return values + ((int64_t)head * length + t) * width; };
    attend(heads, q, length, weights, y, score, value);
}

// Scores of T positions, whose keys are at past[0] + offset and so on.
template <int T>
static inline void score_few(const float* q, const float* const* past, int64_t offset, int width, float divisor,
                             float* scores) {
    Floats products[T] = {};
    float rest[T] = {};
    int i = 0;
    for (; i + LANES <= width; i += LANES)
        for (int t = 0; t < T; ++t) products[t] += load(q + i) * load(past[t] + offset + i);
    for (; i < width; ++i)
        for (int t = 0; t < T; ++t) rest[t] += q[i] * past[t][offset + i];
    for (int t = 0; t < T; ++t) scores[t] = (sum_of(products[t]) + rest[t]) / divisor;
}

// To a row's own past, whose positions lie anywhere: the first head's key of position t is `keys` behind past[t], the next
// one's `stride` further, and after the keys of all heads come the values.
static void attend_past(const Heads& heads, const float* q, const float* const* past, int64_t keys, int64_t stride,
                        int length, float* weights, float* y) {
    const int64_t values = keys + heads.count / heads.shared * stride;
    const auto score = [&](int head, const float* q, float* scores) {
        int t = 0;
        const int64_t offset = keys + head * stride;
        for (; t + 4 <= length; t += 4) score_few<4>(q, past + t, offset, heads.width, heads.divisor, scores + t);
        for (; t < length; ++t) score_few<1>(q, past + t, offset, heads.width, heads.divisor, scores + t);
    };
    attend(heads, q, length, weights, y, score, [&](int head, int t) { return past[t] + values + head * stride; });
}
