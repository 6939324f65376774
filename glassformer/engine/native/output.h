// What search wants to know of a row's logits, read once: log Z = log sum_v e^logit[v], and the likeliest tokens.
#pragma once
#include "rows.h"

// Part of log Z: the largest of n logits, and the sum of e^(logit - largest).
static void sum_exponentials(const float* logits, int n, float* largest, float* sum) {
    Floats most = some(logits, n), sums = {};
    for (int i = LANES; i < n; i += LANES) most = larger(most, some(logits + i, n - i));
    *largest = largest_of(most);
    for (int i = 0; i < n; i += LANES) sums += exponential(some(logits + i, n - i) - *largest);
    *sum = sum_of(sums);
}

// Adds n tokens to the `count` best so far, the best first, equal ones in the order in which they come. A token's id is in
// `ids`, or first_id + its place. Hardly any is above the last of the best, so most are passed over many at a time.
static void keep_best(const float* logits, int n, const int32_t* ids, int first_id, const uint8_t* forbidden, int count,
                      Candidate* best) {
    constexpr int TOGETHER = 64;
    for (int first = 0; first < n; first += TOGETHER) {
        const int end = first + TOGETHER < n ? first + TOGETHER : n;
        Floats most = some(logits + first, n - first);
        for (int i = first + LANES; i < end; i += LANES) most = larger(most, some(logits + i, n - i));
        if (largest_of(most) <= best[count - 1].logit) continue;
        for (int i = first; i < end; ++i) {
            const int32_t id = ids ? ids[i] : first_id + i;
            if (!(logits[i] > best[count - 1].logit) || forbidden[id]) continue;
            int place = count - 1;
            for (; place > 0 && best[place - 1].logit < logits[i]; --place) best[place] = best[place - 1];
            best[place] = {logits[i], id};
        }
    }
}
