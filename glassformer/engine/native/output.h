// What search wants to know of a row's logits besides log Z: the likeliest tokens.
#pragma once
#include "rows.h"

// Adds n tokens to the `count` best so far, the best first, equal ones in the order in which they come. A token's id is in
// `ids`, or first_id + its place. Hardly any is above the last of the best, so most are passed over many at a time.
static void keep_best(const float* logits, int n, const int32_t* ids, int first_id, const uint8_t* forbidden, int count,
                      Candidate* best) {
    constexpr int TOGETHER = 32;
    for (int first = 0; first < n; first += TOGETHER) {
        const int end = first + TOGETHER < n ? first + TOGETHER : n;
        if (largest_of(logits + first, end - first) <= best[count - 1].logit) continue;
        for (int i = first; i < end; ++i) {
            const int32_t id = ids ? ids[i] : first_id + i;
            if (!(logits[i] > best[count - 1].logit) || forbidden[id]) continue;
            int place = count - 1;
            for (; place > 0 && best[place - 1].logit < logits[i]; --place) best[place] = best[place - 1];
            best[place] = {logits[i], id};
        }
    }
}
