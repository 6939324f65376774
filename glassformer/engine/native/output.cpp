// The output layer: log-probabilities of the whole vocabulary are hardly ever written down.
//
// The vocabulary is cut into chunks, whatever the number of threads. A thread takes a chunk, multiplies, and while the
// logits are in its cache finds the chunk's part of log Z and updates its own list of candidates. Parts are put
// together in the chunks' order, so that the bits of a result depend on nothing else.
#include "model.h"

namespace {

constexpr int CHUNK = 16;      // panels
constexpr int TOGETHER = 128;  // rows

// Calls each(logits, how many, the largest, null, first id, row, thread) for every row and chunk, and returns each row's
//     log Z = M + log sum_c e^(M_c - M) * S_c,  S_c = sum_v e^(logit[v] - M_c) over chunk c,
// of which M_c is the largest logit, and M the largest of all.
template <class Each>
std::vector<float> visit(glassformer_batch& batch, Each each) {
    glassformer_model& model = batch.model;
    const Matrix& w = model.weights.generator;
    const int chunks = (panels(w) + CHUNK - 1) / CHUNK, blocks = (batch.rows + TOGETHER - 1) / TOGETHER;
    const Rows x = model.operands(w, batch.hidden.data(), model.stride(), batch.rows);
    std::vector<float> largest((size_t)batch.rows * chunks), sums(largest.size()), log_z(batch.rows);  // [row][chunk], [row]
    model.pool.run(chunks * blocks, (double)batch.rows * w.inputs * w.outputs / 8, [&](int item, int thread) {
        const int chunk = item / blocks, panel = chunk * CHUNK, ids = std::min(w.outputs - panel * PANEL, CHUNK * PANEL);
        const int first = item % blocks * TOGETHER, count = std::min(batch.rows - first, TOGETHER);
        float* logits = model.logits[thread].at_least(TOGETHER * CHUNK * PANEL);
        model.kernels->product(w, panel, std::min(CHUNK, panels(w) - panel), some(x, first, count), logits, CHUNK * PANEL);
        for (int row = first; row < first + count; ++row, logits += CHUNK * PANEL) {
            const size_t part = (size_t)row * chunks + chunk;
            sums[part] = model.kernels->sum_exponentials(logits, ids, &largest[part], nullptr);
            each(logits, ids, largest[part], nullptr, panel * PANEL, row, thread);
        }
    });
    for (size_t row = 0, part = 0; row < log_z.size(); ++row) {
        const float most = *std::max_element(&largest[part], &largest[part] + chunks);
        double sum = 0;
        for (int chunk = 0; chunk < chunks; ++chunk, ++part) sum += std::exp((double)largest[part] - most) * sums[part];
        log_z[row] = (float)(most + std::log(sum));
    }
    return log_z;
}

// The same with shortlists, each(logits, how many, the largest, ids, 0, row, thread): one product for the tokens of all
// sources, of which each row takes its own, so that its numbers do not depend on the batch.
template <class Each>
std::vector<float> visit_shortlists(glassformer_batch& batch, Each each) {
    glassformer_model& model = batch.model;
    const int64_t wide = room(batch.listed);
    Array<float> all;
    model.linear(batch.listed, batch.hidden.data(), model.stride(), batch.rows, all);
    std::vector<float> log_z(batch.rows);
    model.pool.run(batch.rows, 20. * batch.rows * wide, [&](int row, int thread) {
        const Shortlist& list = batch.shortlists[batch.source_of[row]];
        const int n = (int)list.ids.size();
        Array<float> logits(n);
        for (int i = 0; i < n; ++i) logits[i] = all[row * wide + list.places[i]];
        float largest;
        const float sum = model.kernels->sum_exponentials(logits.data(), n, &largest, nullptr);
        log_z[row] = largest + std::log(sum);
        each(logits.data(), n, largest, list.ids.data(), 0, row, thread);
    });
    return log_z;
}

}  // namespace

void glassformer_batch::shorten(const Matrix& outputs, const int32_t* ids, const int32_t* places, const int32_t* counts) {
    std::vector<Shortlist> made;
    for (size_t source = 0; source < lengths.size(); ids += counts[source], places += counts[source++])
        made.push_back({{ids, ids + counts[source]}, {places, places + counts[source]}});
    shortlists = std::move(made), listed = outputs;
}

void glassformer_batch::best(int count, const uint8_t* forbidden, int32_t* ids, float* log_probs) {
    const int64_t threads = model.pool.threads();
    std::vector<Candidate> found(rows * threads * count, {-INFINITY, 0});  // [row][thread][rank]
    const auto keep = [&](const float* logits, int n, float largest, const int32_t* list, int first, int row, int thread) {
        Candidate* best = &found[(row * threads + thread) * count];
        if (largest > best[count - 1].logit) model.kernels->keep_best(logits, n, list, first, forbidden, count, best);
    };
    const std::vector<float> log_z = shortlists.empty() ? visit(*this, keep) : visit_shortlists(*this, keep);
    for (int row = 0; row < rows; ++row) {
        require(std::isfinite(log_z[row]), "NaN");
        const auto first = found.begin() + row * threads * count;
        std::partial_sort(first, first + count, first + threads * count, [](const auto& one, const auto& other) {
            return one.logit != other.logit ? one.logit > other.logit : one.id < other.id;
        });
        for (int rank = 0; rank < count; ++rank) {
            *ids++ = first[rank].id;
            *log_probs++ = first[rank].logit - log_z[row];
        }
    }
}

void glassformer_batch::log_probs(const int32_t* tokens, float* log_probs) {
    const int64_t wide = tokens ? 1 : model.config.vocabulary;
    const auto keep = [&](const float* logits, int n, float, const int32_t*, int first, int row, int) {
        if (!tokens) std::memcpy(log_probs + row * wide + first, logits, n * sizeof(float));
        else if (tokens[row] >= first && tokens[row] < first + n) log_probs[row] = logits[tokens[row] - first];
    };
    const std::vector<float> log_z = visit(*this, keep);
    for (int row = 0; row < rows; ++row) {
        require(tokens || std::isfinite(log_z[row]), "NaN");
        for (int64_t i = 0; i < wide; ++i) log_probs[row * wide + i] -= log_z[row];
    }
}
