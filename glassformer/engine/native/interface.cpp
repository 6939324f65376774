// What the C interface does: check, then call.
#include "interface.h"

#include <climits>
#include <functional>
#include <numeric>
#include <string>

#include "dispatch.h"
#include "model.h"

namespace {

constexpr int64_t MOST = 1 << 30;                     // of any size that is given
constexpr int MOST_INPUTS = INT32_MAX / (255 * 127);  // so that no sum of eight-bit products overflows

void require_size(int64_t size, int64_t least, const char* what) {
    if (size < least || size >= MOST) throw Refused(std::string(what) + " is out of range");
}

// Of `count` numbers, each is at least `least` and below `end`.
void require_each(const int32_t* numbers, int64_t count, int64_t least, int64_t end, const char* message) {
    for (int64_t i = 0; i < count; ++i) require(numbers[i] >= least && numbers[i] < end, message);
}

void require_ids(const int32_t* ids, int64_t count, int vocabulary) {
    require_each(ids, count, 0, vocabulary, "a token is outside the vocabulary");
}

// Runs `work`; what it throws becomes the message that is returned.
template <class Work>
const char* guarded(Work work) {
    static thread_local std::string message;
    try {
        work();
        return nullptr;
    } catch (const std::bad_alloc&) {
        message = "out of memory";
    } catch (const std::exception& error) {
        message = error.what();
    }
    return message.c_str();
}

// ... when no other thread works with the model.
template <class Work>
const char* guarded(glassformer_model& model, Work work) {
    return guarded([&] {
        std::lock_guard<std::mutex> lock(model.busy);
        work(model.config);
    });
}

void check(const Config& c) {
    for (int size : {c.vocabulary, c.source_vocabulary, c.d_model, c.heads, c.kv_heads, c.d_ff, c.max_length})
        require_size(size, 1, "a size of the config");
    require(c.d_model % c.heads == 0 && c.heads % c.kv_heads == 0, "heads do not divide d_model");
    require(c.d_model <= MOST_INPUTS && c.d_ff <= MOST_INPUTS, "more inputs than a sum of eight-bit products holds");
    require(c.activation >= RELU && c.activation <= SILU, "unknown activation");
}

void check(const Matrix& w, int outputs, int inputs) {
    require(w.outputs == outputs && w.inputs == inputs, "a matrix has another shape");
    require(w.numbers && w.bias && (!w.integers || (w.scales && w.sums)), "a matrix has no numbers");
}

void check(const Norm& norm) { require(norm.gain && norm.bias, "a norm has no numbers"); }

void check(const Embedding& table, int rows, int columns) {
    require(table.rows == rows && table.columns == columns, "an embedding has another shape");
    require(table.floats || (table.integers && table.scales), "an embedding has no numbers");
}

void check(const Layer& layer, const Config& c, bool is_decoder) {
    const int d = c.d_model, kv = c.kv_heads * (d / c.heads);
    check(layer.query_key_value, d + 2 * kv, d), check(layer.output, d, d), check(layer.attention_norm);
    check(layer.inner, c.gated ? 2 * c.d_ff : c.d_ff, d), check(layer.outer, d, c.d_ff), check(layer.feed_forward_norm);
    if (!is_decoder) return;
    check(layer.cross_query, d, d), check(layer.cross_key_value, 2 * kv, d), check(layer.cross_output, d, d);
    check(layer.cross_norm);
}

void check(const glassformer_weights& w, const Config& c) {
    require(w.encoder && w.decoder && w.encoder_layers >= 1 && w.decoder_layers >= 1, "there are no layers");
    for (int i = 0; i < w.encoder_layers; ++i) check(w.encoder[i], c, false);
    for (int i = 0; i < w.decoder_layers; ++i) check(w.decoder[i], c, true);
    check(w.source, c.source_vocabulary, c.d_model), check(w.target, c.vocabulary, c.d_model);
    check(w.generator, c.vocabulary, c.d_model);
    if (w.encoder_norm.gain || w.decoder_norm.gain) check(w.encoder_norm), check(w.decoder_norm);
    require(!w.turns || c.d_model / c.heads % 2 == 0, "rotary positions need an even width of a head");
}

std::string kernel_names() {
    std::string names;
    for (const Kernels* kernels : present_kernels()) names += std::string(names.empty() ? "" : " ") + kernels->name;
    return names;
}

const Kernels* kernels_of(const char* name, int threads) {  // the best for an empty name
    require(threads >= 1 && threads <= 1024, "threads are out of range");
    for (const Kernels* kernels : present_kernels())
        if (!*name || std::string(name) == kernels->name) return kernels;
    throw Refused("this processor cannot run '" + std::string(name) + "', but " + kernel_names());
}

}  // namespace

extern "C" {

const char* glassformer_interface(void) { return GLASSFORMER_INTERFACE; }

const char* glassformer_instruction_sets(void) {
    static const std::string names = kernel_names();
    return names.c_str();
}

const char* glassformer_open(const glassformer_config* config, const glassformer_weights* weights,
                             const char* instruction_set, int32_t threads, glassformer_model** made) {
    return guarded([&] {
        check(*config), check(*weights, *config);
        *made = new glassformer_model(*config, *weights, kernels_of(instruction_set, threads), threads);
    });
}

void glassformer_close(glassformer_model* model) { delete model; }

const char* glassformer_encode(glassformer_model* model, const int32_t* ids, const int32_t* lengths, int32_t sources,
                               glassformer_batch** made) {
    return guarded(*model, [&](const Config& c) {
        require_size(sources, 0, "the number of sources");
        require_each(lengths, sources, 1, (int64_t)c.max_length + 1, "a source's length is out of range");
        require_ids(ids, std::accumulate(lengths, lengths + sources, (int64_t)0), c.source_vocabulary);
        *made = new glassformer_batch(*model, ids, lengths, sources);
    });
}

void glassformer_free(glassformer_batch* batch) { delete batch; }

const char* glassformer_shorten(glassformer_batch* batch, const glassformer_matrix* outputs, const int32_t* ids,
                                const int32_t* places, const int32_t* lengths) {
    return guarded(batch->model, [&](const Config& c) {
        require_size(outputs->outputs, 0, "the number of tokens in shortlists");
        check(*outputs, outputs->outputs, c.d_model);
        const int64_t sources = (int64_t)batch->lengths.size();
        require_each(lengths, sources, 1, (int64_t)c.vocabulary + 1, "a shortlist's length is out of range");
        const int64_t tokens = std::accumulate(lengths, lengths + sources, (int64_t)0);
        require_ids(ids, tokens, c.vocabulary);
        require_each(places, tokens, 0, outputs->outputs, "a token has no output");
        for (const int32_t *list = ids, *length = lengths; list < ids + tokens; list += *length++)
            require(std::adjacent_find(list, list + *length, std::greater_equal<>()) == list + *length, "a shortlist is not sorted");
        batch->shorten(*outputs, ids, places, lengths);
    });
}

const char* glassformer_step(glassformer_batch* batch, int32_t n, const int32_t* tokens, const int32_t* sources,
                             const int32_t* slots, int32_t length, int32_t* own, float* attended, int32_t across) {
    return guarded(batch->model, [&](const Config& c) {
        require_size(n, 1, "the number of rows");
        require(length >= 0 && length < c.max_length, "more tokens than the model admits");
        require_size((int64_t)batch->cache.size() + (int64_t)n * Cache::RUN, 1, "the number of tokens in a batch");
        require_ids(tokens, n, c.vocabulary);
        require_each(sources, n, 0, (int64_t)batch->lengths.size(), "a row has no such source");
        for (int row = 0; attended && row < n; ++row)
            require(across >= batch->lengths[sources[row]], "a source has more tokens than there is room for");
        for (int64_t i = 0; i < (int64_t)n * length; ++i) require(batch->cache.has(slots[i]), "a row has no such past");
        batch->step(n, tokens, sources, slots, length, own, attended, across);
    });
}

const char* glassformer_search(glassformer_batch* batch, const glassformer_task* task) {
    return guarded(batch->model, [&](const Config& c) {
        const glassformer_task& t = *task;
        const int64_t sources = (int64_t)batch->lengths.size();
        require_ids(&t.start, 1, c.vocabulary), require_ids(&t.end, 1, c.vocabulary);
        require(t.longest >= 1 && t.longest <= c.max_length, "more tokens than the model admits");
        require(t.beam >= 1 && t.beam < MOST / 2, "the beam's width is out of range");
        require(t.n_best >= 1 && t.n_best <= t.beam, "n_best is out of range");
        require(sources * t.beam < MOST / (t.longest + Cache::RUN), "too many tokens in one batch");
        require_each(t.limits, sources, 1, (int64_t)t.longest + 1, "a limit is out of range");
        batch->search(t);
    });
}

const char* glassformer_best(glassformer_batch* batch, int32_t count, const uint8_t* forbidden, int32_t* ids,
                             float* log_probs) {
    return guarded(batch->model, [&](const Config& c) {
        require(count >= 1 && count <= c.vocabulary, "the number of candidates is out of range");
        batch->best(count, forbidden, ids, log_probs);
    });
}

const char* glassformer_log_probs(glassformer_batch* batch, const int32_t* tokens, float* log_probs) {
    return guarded(batch->model, [&](const Config& c) {
        if (tokens) require_ids(tokens, batch->rows, c.vocabulary);
        batch->log_probs(tokens, log_probs);
    });
}

const char* glassformer_linear(const char* instruction_set, int32_t threads, const glassformer_matrix* weight,
                               const float* x, int32_t n, float* y) {
    return guarded([&] {
        require(weight->inputs >= 1 && weight->inputs <= MOST_INPUTS && n >= 1 && n < MOST, "a size is out of range");
        check(*weight, weight->outputs, weight->inputs);
        Array<float> made;
        Workplace(kernels_of(instruction_set, threads), threads).linear(*weight, x, weight->inputs, n, made);
        std::copy_n(made.data(), (int64_t)n * room(*weight), y);
    });
}
}
