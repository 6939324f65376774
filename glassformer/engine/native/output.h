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

static void insert(Candidates& best, int32_t id, float logit) {
    int place = best.size < best.count ? best.size++ : best.count - 1;
    for (; place > 0 && best.logits[place - 1] < logit; --place) {
        best.logits[place] = best.logits[place - 1];
        best.ids[place] = best.ids[place - 1];
    }
    best.logits[place] = logit;
    best.ids[place] = id;
}

// Adds the tokens first_id, first_id + 1, ... to the best so far. They must come in this order, for of equal ones the
// first stays. Hardly any is above the last of the best, so most are passed over many at a time.
static void keep_best(const float* logits, int n, int first_id, const uint8_t* forbidden, Candidates& best) {
    for (int first = 0; first < n; first += LANES) {
        const bool full = best.size == best.count;
        if (full && !any(some(logits + first, n - first) > best.logits[best.count - 1])) continue;
        for (int i = first; i < n && i < first + LANES; ++i)
            if (!forbidden[first_id + i] && (best.size < best.count || logits[i] > best.logits[best.count - 1]))
                insert(best, first_id + i, logits[i]);
    }
}
