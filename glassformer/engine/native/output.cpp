// The output layer: log-probabilities of the whole vocabulary are hardly ever written down.
//
// The vocabulary is cut into chunks, whatever the number of threads. A thread takes a chunk, multiplies, and while the
// logits are in its cache finds the chunk's part of log Z and updates its own list of candidates. Parts are put
// together in the chunks' order, so that the bits of a result depend on nothing else.
#include "model.h"

namespace {

constexpr int CHUNK = 16;      // panels
constexpr int TOGETHER = 128;  // rows

// Calls each(logits, how many, first id, row, thread) for every row and chunk, and returns each row's
//     log Z = M + log sum_c e^(M_c - M) * S_c,  S_c = sum_v e^(logit[v] - M_c) over chunk c,
// of which M_c is the largest logit, and M the largest of all.
template <class Each>
std::vector<float> visit(glassformer_batch& batch, Each each) {
    struct Part {
        float largest, sum;
    };
    glassformer_model& model = batch.model;
    const Matrix& w = model.weights.generator;
    const int chunks = (panels(w) + CHUNK - 1) / CHUNK, blocks = (batch.rows + TOGETHER - 1) / TOGETHER;
    const Rows x = model.operands(w, batch.hidden.data(), model.stride(), batch.rows);
    std::vector<Part> parts((size_t)batch.rows * chunks);
    model.pool.run(chunks * blocks, (double)batch.rows * w.inputs * w.outputs / 8, [&](int item, int thread) {
        const int chunk = item / blocks, panel = chunk * CHUNK, ids = std::min(w.outputs - panel * PANEL, CHUNK * PANEL);
        const int first = item % blocks * TOGETHER, count = std::min(batch.rows - first, TOGETHER);
        float* logits = model.logits[thread].at_least(TOGETHER * CHUNK * PANEL);
        model.kernels->product(w, panel, std::min(CHUNK, panels(w) - panel), some(x, first, count), logits, CHUNK * PANEL);
        for (int row = first; row < first + count; ++row, logits += CHUNK * PANEL) {
            Part& part = parts[(size_t)row * chunks + chunk];
            part.sum = model.kernels->sum_exponentials(logits, ids, &part.largest, nullptr);
            each(logits, ids, panel * PANEL, row, thread);
        }
    });
    std::vector<float> log_z;
    for (auto part = parts.begin(); part != parts.end(); part += chunks) {
        const auto smaller = [](const Part& one, const Part& other) { return one.largest < other.largest; };
        const float most = std::max_element(part, part + chunks, smaller)->largest;
        double sum = 0;
        for (int chunk = 0; chunk < chunks; ++chunk) sum += std::exp((double)part[chunk].largest - most) * part[chunk].sum;
        log_z.push_back((float)(most + std::log(sum)));
    }
    return log_z;
}

// The same with shortlists, each(logits, list, row): one product for the tokens of all sources, of which each row takes
// its own, so that its numbers do not depend on the batch.
template <class Each>
std::vector<float> visit_shortlists(glassformer_batch& batch, Each each) {
    glassformer_model& model = batch.model;
    const Matrix& w = batch.shortlists.matrix;
    const int64_t wide = room(w);
    Array<float> all(batch.rows * wide);
    model.linear(w, batch.hidden.data(), model.stride(), batch.rows, all.data());
    std::vector<float> log_z(batch.rows);
    model.pool.run(batch.rows, 20. * batch.rows * wide, [&](int row, int) {
        const Shortlists::List& list = batch.shortlists.lists[batch.source_of[row]];
        const int n = (int)list.ids.size();
        Array<float> logits(n);
        for (int i = 0; i < n; ++i) logits[i] = all[row * wide + list.places[i]];
        float largest;
        const float sum = model.kernels->sum_exponentials(logits.data(), n, &largest, nullptr);
        log_z[row] = largest + std::log(sum);
        each(logits.data(), list.ids, row);
    });
    return log_z;
}

void require_finite(float log_z) {
    if (!std::isfinite(log_z)) throw Refused("NaN");
}

}  // namespace

void glassformer_batch::shorten(const int32_t* ids, const int32_t* counts) {
    const Matrix& w = model.weights.generator;
    std::vector<int32_t> place_of(w.outputs, -1), all;
    Shortlists made;
    for (size_t source = 0; source < lengths.size(); ids += counts[source++]) {
        made.lists.push_back({{ids, ids + counts[source]}, {}});
        for (const int32_t id : made.lists.back().ids) {
            if (place_of[id] < 0) place_of[id] = (int)all.size(), all.push_back(id);
            made.lists.back().places.push_back(place_of[id]);
        }
    }
    made.matrix = w, made.matrix.outputs = (int)all.size();
    const int64_t rows = room(made.matrix), column = PANEL * WORD, panel = words(w) * column;  // bytes
    made.matrix.numbers = made.numbers.at_least(rows / PANEL * panel), made.matrix.bias = made.bias.at_least(rows);
    made.matrix.scales = made.scales.at_least(rows), made.matrix.sums = made.sums.at_least(rows);
    for (int to = 0; to < rows; ++to) {
        const int from = all[std::min(to, made.matrix.outputs - 1)];  // what fills the last panel is of no use
        made.bias[to] = w.bias[from];
        if (w.integers) made.scales[to] = w.scales[from], made.sums[to] = w.sums[from];
        for (int word = 0; word < words(w); ++word)
            std::memcpy(&made.numbers[to / PANEL * panel + word * column + to % PANEL * WORD],
                        w.numbers + from / PANEL * panel + word * column + from % PANEL * WORD, WORD);
    }
    shortlists = std::move(made);
}

void glassformer_batch::best(int count, const uint8_t* forbidden, int32_t* ids, float* log_probs) {
    const int64_t threads = shortlists.lists.empty() ? model.pool.threads() : 1;
    std::vector<Candidate> found(rows * threads * count, {-INFINITY, 0});  // [row][thread][rank]
    const auto keep_best = model.kernels->keep_best;
    const std::vector<float> log_z =
        shortlists.lists.empty()
            ? visit(*this, [&](const float* logits, int n, int first, int row, int thread) {
                  keep_best(logits, n, nullptr, first, forbidden, count, &found[(row * threads + thread) * count]);
              })
            : visit_shortlists(*this, [&](const float* logits, const std::vector<int32_t>& list, int row) {
                  keep_best(logits, (int)list.size(), list.data(), 0, forbidden, count, &found[(int64_t)row * count]);
              });
    for (int row = 0; row < rows; ++row) {
        const auto first = found.begin() + row * threads * count;
        if (threads > 1)
            std::partial_sort(first, first + count, first + threads * count, [](const auto& one, const auto& other) {
                return one.logit != other.logit ? one.logit > other.logit : one.id < other.id;
            });
        require_finite(log_z[row]);
        for (int rank = 0; rank < count; ++rank) {
            *ids++ = first[rank].id;
            *log_probs++ = first[rank].logit - log_z[row];
        }
    }
}

void glassformer_batch::log_probs(const int32_t* tokens, float* log_probs) {
    const int64_t wide = tokens ? 1 : model.config.vocabulary;
    const std::vector<float> log_z = visit(*this, [&](const float* logits, int n, int first, int row, int) {
        if (!tokens) std::memcpy(log_probs + row * wide + first, logits, n * sizeof(float));
        else if (tokens[row] >= first && tokens[row] < first + n) log_probs[row] = logits[tokens[row] - first];
    });
    for (int row = 0; row < rows; ++row) {
        if (!tokens) require_finite(log_z[row]);
        for (int64_t i = 0; i < wide; ++i) log_probs[row * wide + i] -= log_z[row];
    }
}
