// The output layer: log-probabilities of the whole vocabulary are hardly ever written down.
//
// The vocabulary is cut into chunks, whatever the number of threads. A thread takes a chunk, multiplies, and while the
// logits are in its cache finds the chunk's part of log Z and updates its own list of candidates. Parts are put
// together in the chunks' order, so that the bits of a result depend on nothing else.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "model.h"

namespace {

constexpr int CHUNK = 16;      // panels
constexpr int TOGETHER = 128;  // rows

struct Logits {
    Logits(glassformer_model& model, const float* hidden, int n) : model_(model), rows_(n), hidden_(hidden) {
        const int chunks = this->chunks();
        largest_.reset((int64_t)chunks * n);
        sums_.reset((int64_t)chunks * n);
        log_z.reset(n);
    }
    int chunks() const { return (panels(model_.weights.generator) + CHUNK - 1) / CHUNK; }

    // each(logits, how many, first id, row, thread) for every row and chunk; then log Z of each row.
    template <class Each>
    void visit(Each each) {
        const Matrix& w = model_.weights.generator;
        const int blocks = (rows_ + TOGETHER - 1) / TOGETHER;
        const Rows x = model_.operands(w, hidden_, model_.stride(), rows_);
        model_.pool.run(chunks() * blocks, (double)rows_ * w.inputs * w.outputs / 8, [&](int item, int thread) {
            const int chunk = item / blocks, first = item % blocks * TOGETHER, panel = chunk * CHUNK;
            const int ids = std::min(w.outputs - panel * PANEL, CHUNK * PANEL), count = std::min(rows_ - first, TOGETHER);
            float* y = model_.work.logits[thread].at_least(TOGETHER * CHUNK * PANEL);
            model_.kernels->product(w, panel, std::min(CHUNK, panels(w) - panel), some(x, first, count), y,
                                    CHUNK * PANEL);
            for (int r = 0; r < count; ++r) {
                const float* logits = y + r * CHUNK * PANEL;
                const int64_t place = (int64_t)(first + r) * chunks() + chunk;
                model_.kernels->sum_exponentials(logits, ids, &largest_[place], &sums_[place]);
                each(logits, ids, panel * PANEL, first + r, thread);
            }
        });
        for (int row = 0; row < rows_; ++row) log_z[row] = add_up(row);
    }

    // log Z = M + log sum_c e^(largest_c - M) * sum_c, M the largest of all.
    float add_up(int row) const {
        const float *largest = &largest_[(int64_t)row * chunks()], *sums = &sums_[(int64_t)row * chunks()];
        const float most = *std::max_element(largest, largest + chunks());
        double sum = 0;
        for (int chunk = 0; chunk < chunks(); ++chunk) sum += std::exp((double)largest[chunk] - most) * sums[chunk];
        return (float)(most + std::log(sum));
    }

    void check() const {
        for (int row = 0; row < rows_; ++row)
            if (!std::isfinite(log_z[row])) throw Refused("NaN");
    }

    Array<float> log_z;

private:
    glassformer_model& model_;
    int rows_;
    const float* hidden_;
    Array<float> largest_, sums_;  // [row][chunk]
};

}  // namespace

Selection::Selection(const Matrix& w, const std::vector<int32_t>& outputs) : matrix(w) {
    matrix.outputs = (int)outputs.size();
    const int64_t rows = panels(matrix) * PANEL, panel = (int64_t)words(w) * PANEL * WORD;  // bytes
    numbers.reset(rows / PANEL * panel), scales.reset(rows), bias.reset(rows), sums.reset(rows);
    for (int to = 0; to < matrix.outputs; ++to) {
        const int from = outputs[to];
        bias[to] = w.bias[from];
        if (w.integers) scales[to] = w.scales[from], sums[to] = w.sums[from];
        uint8_t* there = &numbers[to / PANEL * panel + to % PANEL * WORD];
        const uint8_t* here = w.numbers + from / PANEL * panel + from % PANEL * WORD;
        for (int word = 0; word < words(w); ++word) std::memcpy(there + word * PANEL * WORD, here + word * PANEL * WORD, WORD);
    }
    matrix.numbers = numbers.data(), matrix.scales = scales.data(), matrix.bias = bias.data(), matrix.sums = sums.data();
}

void glassformer_batch::shorten(const int32_t* ids, const int32_t* each) {
    std::vector<int32_t> place_of(model.config.vocabulary, -1), all;
    shortlists.assign(lengths.size(), {});
    for (size_t source = 0; source < lengths.size(); ids += each[source++])
        for (int i = 0; i < each[source]; ++i) {
            if (place_of[ids[i]] < 0) place_of[ids[i]] = (int)all.size(), all.push_back(ids[i]);
            shortlists[source].ids.push_back(ids[i]);
            shortlists[source].places.push_back(place_of[ids[i]]);
        }
    short_generator = std::make_unique<Selection>(model.weights.generator, all);
}

// Of a shortlist: one product for the tokens of all sources, of which each row takes its own, so that its numbers do not
// depend on the batch.
void glassformer_batch::best_of_few(int count, const uint8_t* forbidden, int32_t* ids, float* log_probs) {
    const Matrix& w = short_generator->matrix;
    const int64_t wide = room(w);
    Array<float> all(rows * wide);
    std::atomic<bool> finite{true};
    model.linear(w, hidden.data(), model.stride(), rows, all.data(), wide);
    model.pool.run(rows, 20. * rows * wide, [&](int row, int) {
        const Shortlist& list = shortlists[source_of[row]];
        const int n = (int)list.ids.size();
        Array<float> logits(padded(n));
        std::vector<uint8_t> out(n);
        for (int i = 0; i < n; ++i) logits[i] = all[row * wide + list.places[i]], out[i] = forbidden[list.ids[i]];
        float largest, sum;
        model.kernels->sum_exponentials(logits.data(), n, &largest, &sum);
        const float log_z = largest + std::log(sum);
        if (!std::isfinite(log_z)) finite = false;
        int32_t* own_ids = ids + (int64_t)row * count;
        float* own = log_probs + (int64_t)row * count;
        Candidates found{count, 0, own_ids, own};
        model.kernels->keep_best(logits.data(), n, 0, out.data(), found);
        for (int i = 0; i < count; ++i) {
            own_ids[i] = i < found.size ? list.ids[own_ids[i]] : 0;
            own[i] = i < found.size ? own[i] - log_z : -INFINITY;
        }
    });
    if (!finite) throw Refused("NaN");
}

void glassformer_batch::best(int count, const uint8_t* forbidden, int32_t* ids, float* log_probs) {
    if (!shortlists.empty()) return best_of_few(count, forbidden, ids, log_probs);
    const int threads = model.pool.threads();
    const int64_t each = (int64_t)rows * count;
    Array<int32_t> own_ids(threads * each);
    Array<float> own_logits(threads * each);
    std::vector<Candidates> lists(threads * rows);
    for (int i = 0; i < threads * rows; ++i)
        lists[i] = {count, 0, own_ids.data() + (int64_t)i * count, own_logits.data() + (int64_t)i * count};
    Logits logits(model, hidden.data(), rows);
    logits.visit([&](const float* some, int n, int first, int row, int thread) {
        model.kernels->keep_best(some, n, first, forbidden, lists[thread * rows + row]);
    });
    for (int row = 0; row < rows; ++row) {
        std::vector<std::pair<float, int32_t>> found;  // minus the logit, so that equal ones are sorted by id
        for (int thread = 0; thread < threads; ++thread) {
            const Candidates& list = lists[thread * rows + row];
            for (int i = 0; i < list.size; ++i) found.emplace_back(-list.logits[i], list.ids[i]);
        }
        std::sort(found.begin(), found.end());
        for (int i = 0; i < count; ++i) {
            const bool there = i < (int)found.size();
            ids[(int64_t)row * count + i] = there ? found[i].second : 0;
            log_probs[(int64_t)row * count + i] = there ? -found[i].first - logits.log_z[row] : -INFINITY;
        }
    }
    logits.check();
}

void glassformer_batch::log_probs_of(const int32_t* tokens, float* log_probs) {
    Logits logits(model, hidden.data(), rows);
    logits.visit([&](const float* some, int n, int first, int row, int) {
        if (tokens[row] >= first && tokens[row] < first + n) log_probs[row] = some[tokens[row] - first];
    });
    for (int row = 0; row < rows; ++row) log_probs[row] -= logits.log_z[row];
}

void glassformer_batch::log_probs(float* log_probs) {
    const int64_t vocabulary = model.config.vocabulary;
    Logits logits(model, hidden.data(), rows);
    logits.visit([&](const float* some, int n, int first, int row, int) {
        std::memcpy(log_probs + row * vocabulary + first, some, n * sizeof(float));
    });
    for (int row = 0; row < rows; ++row)
        for (int64_t id = 0; id < vocabulary; ++id) log_probs[row * vocabulary + id] -= logits.log_z[row];
    logits.check();
}
