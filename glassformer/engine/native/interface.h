// The library's C interface: what fast.py calls. No Python and no C++ crosses it.
//
// A function that can fail returns null, or a message that is valid until the same thread calls again. All that a
// caller hands over is checked before it is used: names and shapes of weights, ids, lengths, rows and slots.
#pragma once
#include <cstdint>

#define EXPORT __attribute__((visibility("default")))

extern "C" {

typedef struct {
    int32_t vocabulary, source_vocabulary;  // the latter 0 where both sides share one
    int32_t d_model, heads, kv_heads, encoder_layers, decoder_layers, d_ff, max_length;
    int32_t activation, gated;              // 0 relu, 1 gelu, 2 silu; whether a third matrix is multiplied by it
    int32_t rms_norm, pre_norm, final_norm, rotary;
    float norm_eps, embedding_factor;
} glassformer_config;

// A tensor by the name that it has in model.safetensors. A matrix is (rows, columns), a vector (1, columns). It has
// floats, or integers and a scale for each row. The memory of embedding tables must stay; the rest is copied.
typedef struct {
    const char* name;
    int64_t rows, columns;
    const float* floats;
    const int8_t* integers;
    const float* scales;
} glassformer_weight;

typedef struct glassformer_model glassformer_model;
typedef struct glassformer_batch glassformer_batch;

EXPORT const char* glassformer_interface(void);         // the hash of this file that the library was built with
EXPORT const char* glassformer_instruction_sets(void);  // those of this processor, the best first

// The positions (max_length, d_model) are added to the embeddings of a side, `turns` (max_length, width of a head) has
// cosine and sine of rotary positions; any may be null where the config has no use for it.
EXPORT const char* glassformer_open(const glassformer_config*, const glassformer_weight* weights, int32_t count,
                                    const float* source_positions, const float* target_positions, const float* turns,
                                    const char* instruction_set, int32_t threads, glassformer_model** made);
EXPORT void glassformer_close(glassformer_model*);

// Reads sources: the ids of all, one after the other, and how many each has. The model must outlive the batch.
EXPORT const char* glassformer_encode(glassformer_model*, const int32_t* ids, const int32_t* lengths, int32_t sources,
                               glassformer_batch** made);
EXPORT void glassformer_free(glassformer_batch*);
// Gives each source its shortlist, of which `best` then chooses: ids in ascending order, and how many each has.
EXPORT const char* glassformer_shorten(glassformer_batch*, const int32_t* ids, const int32_t* lengths);

// Reads one more token of each of n rows. Row r reads source sources[r] and has read `length` tokens before, whose
// keys and values are in slots[r][0..length). Those of the new token are in slot own[r], which is told.
// Where `attended` is not null, it gets what each row attends to of its source, the mean of all layers and heads:
// (n, across), zero behind the source's end.
EXPORT const char* glassformer_step(glassformer_batch*, int32_t n, const int32_t* tokens, const int32_t* sources,
                             const int32_t* slots, int32_t length, int32_t* own, float* attended, int32_t across);

// Searches a batch from the start: with a beam of 1 greedily. Of each source the n_best translations, the best first,
// and their log-probabilities, (sources, n_best, longest) both, written up to their ends; at most limits[source] tokens.
// A suppressed token (a flag for each of the vocabulary) never comes, and `end` not before `min_length` others. A beam
// divides the score of a path by the penalty of its length (0 .. longest + 1), and that of a live one, where the best
// that it may become is wanted, by that of its limit or of one more token. "stuck" where all tokens are forbidden.
EXPORT const char* glassformer_search(glassformer_batch*, int32_t start, int32_t end, const int32_t* limits,
                               int32_t min_length, const uint8_t* suppressed, int32_t beam, int32_t n_best,
                               const double* penalties, int32_t to_the_limit, int32_t longest, int32_t* tokens,
                               float* log_probs);

// Of the rows of the latest step: the `count` likeliest next tokens that are not forbidden (a flag for each token of
// the vocabulary), the best first, and their log-probabilities, of all tokens or of those of the source's shortlist.
// Where there are fewer, ids are 0 and log-probabilities -infinity.
EXPORT const char* glassformer_best(glassformer_batch*, int32_t count, const uint8_t* forbidden, int32_t* ids, float* log_probs);
// ... the log-probability of one token of each row, which may be NaN,
EXPORT const char* glassformer_log_probs_of(glassformer_batch*, const int32_t* tokens, float* log_probs);
// ... and of every token, (n, vocabulary).
EXPORT const char* glassformer_log_probs(glassformer_batch*, float* log_probs);

// For tests: y = x W^T + bias as the model's linear maps compute it.
EXPORT const char* glassformer_linear(const char* instruction_set, int32_t threads, const glassformer_weight* weight,
                               const glassformer_weight* bias, const float* x, int32_t n, float* y);
}
