// The Transformer, row by row: the same formulas as glassformer/model/, in the same order.
#pragma once
#include <cmath>
#include <mutex>
#include <stdexcept>

#include "cache.h"
#include "linear.h"

using Config = glassformer_config;
using Norm = glassformer_norm;
using Layer = glassformer_layer;
using Embedding = glassformer_embedding;

struct Refused : std::runtime_error {  // what the caller handed over cannot be used
    using std::runtime_error::runtime_error;
};

inline void require(bool condition, const char* message) {
    if (!condition) throw Refused(message);
}

struct glassformer_model : Workplace {
    glassformer_model(const Config& c, const glassformer_weights& w, const Kernels* kernels, int threads)
        : Workplace(kernels, threads), config(c), weights(w),
          heads{c.heads, c.heads / c.kv_heads, c.d_model / c.heads, std::sqrt((float)(c.d_model / c.heads))},
          attention_weights(pool.threads()), logits(pool.threads()) {}

    // E[id] * factor + PE[place].
    void embed(const Embedding& table, const int32_t* ids, int n, const int32_t* places, float* x) {
        const int d = config.d_model;
        for (int row = 0; row < n; ++row, x += stride()) {
            const int64_t first = (int64_t)ids[row] * d;
            const float scale = table.floats ? 1 : table.scales[ids[row]];
            for (int i = 0; i < d; ++i)
                x[i] = (table.floats ? table.floats[first + i] : table.integers[first + i]) * scale * config.embedding_factor;
            if (table.positions) kernels->add(x, table.positions + (int64_t)places[row] * d, d);
        }
    }

    void normalise(const Norm& norm, const float* x, int n, float* y) {
        pool.run(n, 4. * n * stride(), [&](int row, int) { normalise(norm, x + row * stride(), y + row * stride()); });
    }
    void normalise(const Norm& norm, const float* x, float* y) {
        kernels->normalise(config.rms_norm, x, norm.gain, norm.bias, config.d_model, config.norm_eps, y);
    }

    // x becomes, post-norm (the paper): norm(x + f(x)); pre-norm: x + f(norm(x)).
    template <class F>
    void sublayer(const Norm& norm, float* x, int n, F f) {
        float* normal = hidden.at_least((int64_t)n * stride());
        if (config.pre_norm) normalise(norm, x, n, normal);
        const float* fx = f(config.pre_norm ? normal : x);
        pool.run(n, 4. * n * stride(), [&](int row, int) {
            float* here = x + row * stride();
            kernels->add(here, fx + row * stride(), config.d_model);
            if (!config.pre_norm) normalise(norm, here, here);
        });
    }

    // attend(projected, stride of its rows, mixed) is what lies between attention's two linear maps.
    template <class Attend>
    void attention(const Matrix& project, const Matrix& output, const Norm& norm, float* x, int n, Attend attend) {
        sublayer(norm, x, n, [&](const float* h) {
            float* q = linear(project, h, stride(), n, projected);
            float* between = mixed.at_least((int64_t)n * stride());
            attend(q, room(project), between);
            return linear(output, between, stride(), n, inner);
        });
    }

    // W_2 act(W_1 x), or W_2 (act(W_g x) * (W_1 x)).
    void feed_forward(const Layer& layer, float* x, int n) {
        sublayer(layer.feed_forward_norm, x, n, [&](const float* h) {
            const int64_t wide = room(layer.inner);
            float* y = linear(layer.inner, h, stride(), n, inner);
            float* active = config.gated ? y + config.d_ff : y;  // the gate's outputs come after the inner ones
            pool.run(n, 8. * n * wide, [&](int row, int) {
                const float* times = config.gated ? y + row * wide : nullptr;
                kernels->activate((Activation)config.activation, active + row * wide, times, config.d_ff);
            });
            return linear(layer.outer, active, wide, n, mixed);
        });
    }

    // Attention to a source; where `attended` is not null, each head adds its share of the mean over all layers and heads.
    void attend_source(const SourceMemory& of, int length, const float* q, float* y, int thread, float* attended) {
        float* weights = attention_weights[thread].at_least(heads.count * padded(length));
        kernels->attend_source(heads, q, of.keys.data(), of.values.data(), length, weights, y);
        for (int head = 0; attended && head < heads.count; ++head, weights += padded(length))
            for (int s = 0; s < length; ++s) attended[s] += weights[s] / (heads.count * this->weights.decoder_layers);
    }

    int stride() const { return padded(config.d_model, PANEL); }  // from one row of x to the next

    const Config config;
    const glassformer_weights weights;
    const Heads heads;
    std::mutex busy;
    Array<float> hidden, projected, mixed, inner;  // what a layer computes in between; kept, so that no step asks for memory
    std::vector<Array<float>> attention_weights, logits;  // of each thread
};

struct Shortlist {  // the tokens that may come in the translation of a source, in ascending order, and their outputs
    std::vector<int32_t> ids, places;
};

struct glassformer_batch {
    glassformer_batch(glassformer_model& model, const int32_t* ids, const int32_t* lengths, int sources)
        : model(model), lengths(lengths, lengths + sources), memory(sources),
          cache(model.weights.decoder_layers, model.config.kv_heads, model.heads.width) {
        for (auto& each : memory) each.resize(model.weights.decoder_layers);
        for (int first = 0, last; first < sources; first = last) {
            int tokens = 0;
            for (last = first; last < sources && (last == first || tokens + lengths[last] <= ROWS_TOGETHER); ++last)
                tokens += lengths[last];
            encode(ids, tokens, first, last);
            ids += tokens;
        }
    }

    // Encoder and decoder layers, one token of each of n rows; see interface.h.
    void step(int n, const int32_t* tokens, const int32_t* sources, const int32_t* slots, int length, int32_t* own,
              float* attended, int across) {
        const int d = model.stride(), width = model.heads.width, first = cache.add(n, length);
        std::vector<float*> past;  // where the keys of each row's past are, and of its own token
        for (int row = 0; row < n; ++row) {
            own[row] = first + row * Cache::RUN;
            for (int t = 0; t < length; ++t) past.push_back(cache.at(slots[(int64_t)row * length + t]));
            past.push_back(cache.at(own[row]));
        }
        rows = n;
        source_of.assign(sources, sources + n);
        if (attended) std::memset(attended, 0, (size_t)n * across * sizeof(float));
        float* x = hidden.at_least((int64_t)n * d);
        model.embed(model.weights.target, tokens, n, std::vector<int32_t>(n, length).data(), x);
        for (int number = 0; number < model.weights.decoder_layers; ++number) {
            const Layer& layer = model.weights.decoder[number];
            const auto attend_to_past = [&](float* qkv, int64_t wide, float* mixed) {
                model.pool.run(n, 2. * n * d * (length + 1), [&](int row, int thread) {
                    float *q = qkv + row * wide, **there = &past[(int64_t)row * (length + 1)];
                    rotate(q, length);
                    const float* key = q + model.config.d_model;  // and the other heads', and then the values
                    float* to = there[length] + number * cache.layer;
                    for (int head = 0; head < 2 * model.config.kv_heads; ++head, key += width, to += cache.head)
                        std::memcpy(to, key, width * sizeof(float));
                    float* weights = model.attention_weights[thread].at_least(model.heads.count * padded(length + 1));
                    model.kernels->attend_past(model.heads, q, there, number * cache.layer, cache.head, length + 1, weights,
                                               mixed + row * d);
                });
            };
            const auto attend_to_source = [&](float* q, int64_t wide, float* mixed) {
                model.pool.run(n, 64. * n * d, [&](int row, int thread) {
                    const int source = sources[row];
                    model.attend_source(memory[source][number], lengths[source], q + row * wide, mixed + row * d, thread,
                                        attended ? attended + (int64_t)row * across : nullptr);
                });
            };
            model.attention(layer.query_key_value, layer.output, layer.attention_norm, x, n, attend_to_past);
            model.attention(layer.cross_query, layer.cross_output, layer.cross_norm, x, n, attend_to_source);
            model.feed_forward(layer, x, n);
        }
        if (model.weights.decoder_norm.gain) model.normalise(model.weights.decoder_norm, x, n, x);
    }

    // In output.cpp and search.cpp. Refused ("NaN") if a number is NaN, ("stuck") if all tokens are forbidden after a path.
    void shorten(const Matrix& outputs, const int32_t* ids, const int32_t* places, const int32_t* counts);
    void best(int count, const uint8_t* forbidden, int32_t* ids, float* log_probs);
    void log_probs(const int32_t* tokens, float* log_probs);  // of these, or of all
    void search(const glassformer_task& task);

    glassformer_model& model;
    std::vector<int> lengths;                       // of each source
    std::vector<std::vector<SourceMemory>> memory;  // [source][layer], of cross-attention
    Cache cache;
    std::vector<Shortlist> shortlists;              // [source]; none where all tokens may come
    Matrix listed;                                  // the outputs of all of them
    int rows = 0;                                   // of the latest step
    std::vector<int32_t> source_of;                 // [row] of it
    Array<float> hidden;                            // its output, before the generator

private:
    void rotate(float* q, int place) const {  // and the keys, which follow
        const int heads = model.config.heads + model.config.kv_heads, width = model.heads.width;
        if (model.weights.turns) model.kernels->rotate(q, heads, width, model.weights.turns + (int64_t)place * width);
    }

    // The encoder, on the n tokens of the sources [first, last) one after the other: no padding. Then cross-attention's keys
    // and values, once for each source.
    void encode(const int32_t* ids, int n, int first, int last) {
        const Config& c = model.config;
        const int d = model.stride();
        std::vector<int32_t> source_of, places;
        for (int source = first; source < last; ++source)
            for (int place = 0; place < lengths[source]; ++place) source_of.push_back(source), places.push_back(place);
        const auto remember = [&](const float* rows, int64_t wide, int layer) {
            for (int source = first; source < last; rows += wide * lengths[source++])
                memory[source][layer] = SourceMemory(rows, wide, lengths[source], c.kv_heads, model.heads.width);
        };
        Array<float> x((int64_t)n * d);
        model.embed(model.weights.source, ids, n, places.data(), x.data());
        for (int number = 0; number < model.weights.encoder_layers; ++number) {
            const Layer& layer = model.weights.encoder[number];
            const auto attend = [&](float* qkv, int64_t wide, float* mixed) {
                for (int row = 0; row < n; ++row) rotate(qkv + row * wide, places[row]);
                remember(qkv + c.d_model, wide, 0);
                model.pool.run(n, 64. * n * d, [&](int row, int thread) {
                    const int source = source_of[row];
                    const float* q = qkv + row * wide;
                    model.attend_source(memory[source][0], lengths[source], q, mixed + row * d, thread, nullptr);
                });
            };
            model.attention(layer.query_key_value, layer.output, layer.attention_norm, x.data(), n, attend);
            model.feed_forward(layer, x.data(), n);
        }
        if (model.weights.encoder_norm.gain) model.normalise(model.weights.encoder_norm, x.data(), n, x.data());
        for (int number = 0; number < model.weights.decoder_layers; ++number) {
            const Matrix& w = model.weights.decoder[number].cross_key_value;
            remember(model.linear(w, x.data(), d, n, model.projected), room(w), number);
        }
    }
};
