// Greedy search: the one that needs nothing but the best token of each row.
#include <cmath>
#include <numeric>

#include "model.h"

// Row by row of the sources: its likeliest tokens, one after the other, until that is `end` or it has limits[row]; and
// their log-probabilities, (sources, longest) both. Before `min_length` tokens `end` is forbidden too. False: a number is
// NaN.
bool glassformer_batch::greedy(int start, int end, const int32_t* limits, int min_length, const uint8_t* forbidden,
                               int longest, int32_t* tokens, float* log_probs) {
    std::vector<uint8_t> at_first(forbidden, forbidden + model.config.vocabulary);
    at_first[end] = 1;
    const size_t sources = lengths.size();
    std::vector<int32_t> going(sources), last(sources, start), slots, own(sources), best_ids(sources);
    std::vector<float> best_log_probs(sources);
    std::iota(going.begin(), going.end(), 0);
    for (int length = 0; !going.empty(); ++length) {
        step((int)going.size(), last.data(), going.data(), slots.data(), length, own.data(), nullptr, 0);
        const uint8_t* out = length < min_length ? at_first.data() : forbidden;
        if (!best(1, out, best_ids.data(), best_log_probs.data())) return false;
        std::vector<int32_t> longer;
        size_t kept = 0;
        for (size_t row = 0; row < going.size(); ++row) {
            const int source = going[row], token = best_ids[row];
            tokens[(int64_t)source * longest + length] = token;
            log_probs[(int64_t)source * longest + length] = best_log_probs[row];
            if (token == end || length + 1 == limits[source] || best_log_probs[row] == -INFINITY) continue;
            longer.insert(longer.end(), slots.begin() + row * length, slots.begin() + (row + 1) * length);
            longer.push_back(own[row]);
            last[kept] = token, going[kept++] = source;
        }
        going.resize(kept);
        slots.swap(longer);
    }
    return true;
}
