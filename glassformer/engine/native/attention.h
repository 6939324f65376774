// softmax(q . k / sqrt(width)) . v, for one query of one head at a time.
#pragma once
#include "rows.h"

// e^(scores - largest) in place of the scores; returns their sum, by which the result is to be divided.
static float softmax(float* scores, int n) {
    float largest = scores[0];
    for (int i = 1; i < n; ++i) largest = scores[i] > largest ? scores[i] : largest;
    for (int i = 0; i < n; ++i) scores[i] = exponential(scores[i] - largest);
    return total(n, [&](int i) { return scores[i]; });
}

// y = sum_s weights[s] * v_s / sum, v_s at at(s): several vectors of columns at a time, whose sums do not wait for each
// other.
template <class At>
static inline void mix(const float* weights, int length, At at, int width, float sum, float* y) {
    constexpr int SOME = 4;
    int i = 0;
    for (; i + SOME * LANES <= width; i += SOME * LANES) {
        Floats mixed[SOME] = {};
        for (int s = 0; s < length; ++s)
#pragma GCC unroll 4
            for (int c = 0; c < SOME; ++c) mixed[c] += weights[s] * load(at(s) + i + LANES * c);
        for (int c = 0; c < SOME; ++c) store(mixed[c] / sum, y + i + LANES * c);
    }
    for (; i + LANES <= width; i += LANES) {
        Floats mixed = {};
        for (int s = 0; s < length; ++s) mixed += weights[s] * load(at(s) + i);
        store(mixed / sum, y + i);
    }
    for (; i < width; ++i) {
        float mixed = 0;
        for (int s = 0; s < length; ++s) mixed += weights[s] * at(s)[i];
        y[i] = mixed / sum;
    }
}

// To the positions of a source, whose keys lie with the positions side by side: keys[column][position], `stride`
// positions a column, a multiple of LINE. So a vector of scores needs no sum across its lanes. Returns the sum of the
// weights, by which they are yet to be divided.
static float attend_source(const float* q, const float* keys, const float* values, int64_t value_stride, int length,
                           int width, float divisor, float* weights, float* y) {
    const int stride = (length + LINE - 1) / LINE * LINE;
    for (int s = 0; s < stride; s += LANES) {
        Floats even = {}, odd = {};
        int i = 0;
        for (; i + 2 <= width; i += 2) {
            even += q[i] * load(keys + (int64_t)i * stride + s);
            odd += q[i + 1] * load(keys + (int64_t)(i + 1) * stride + s);
        }
        if (i < width) even += q[i] * load(keys + (int64_t)i * stride + s);
        store((even + odd) / divisor, weights + s);
    }
    const float sum = softmax(weights, length);
    mix(weights, length, [=](int s) { return values + s * value_stride; }, width, sum, y);
    return sum;
}

// To a row's own past, whose positions lie anywhere: keys[t] and values[t] point to those of position t, all heads
// next to each other; this head's begin at `column`.
static void attend_past(const float* q, const float* const* keys, const float* const* values, int column, int length,
                        int width, float divisor, float* weights, float* y) {
    for (int t = 0; t < length; ++t) {
        const float* k = keys[t] + column;
        Floats product = {};
        int i = 0;
        for (; i + LANES <= width; i += LANES) product += load(q + i) * load(k + i);
        float score = sum_of(product);
        for (; i < width; ++i) score += q[i] * k[i];
        weights[t] = score / divisor;
    }
    const float sum = softmax(weights, length);
    mix(weights, length, [=](int t) { return values[t] + column; }, width, sum, y);
}
