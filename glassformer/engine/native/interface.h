// The library's C interface: what fast.py calls. No Python and no C++ crosses it.
//
// A function that can fail returns null, or a message that is valid until the same thread calls again. All that a
// caller hands over is checked before it is used: shapes of weights, ids, lengths, rows and slots.
#pragma once
#include <cstdint>

#define EXPORT __attribute__((visibility("default")))

extern "C" {

typedef struct {
    int32_t vocabulary, source_vocabulary;
    int32_t d_model, heads, kv_heads, d_ff, max_length;
    int32_t activation, gated;              // 0 relu, 1 gelu, 2 silu; whether a third matrix is multiplied by it
    int32_t rms_norm, pre_norm;
    float norm_eps, embedding_factor;
} glassformer_config;

// All that is pointed to must stay as long as the model. Matrices are packed: engine/packing.py says in which order.
typedef struct {
    int32_t outputs, inputs, integers;  // the latter 0 for floats
    const uint8_t* numbers;             // [panel][word][output of the panel]
    const float *scales, *bias;         // [output], up to a whole panel: what an integer stands for, and zeros for none
    const int32_t* sums;                // [output]: the sum of the row's integers
} glassformer_matrix;

typedef struct {
    const float *gain, *bias;
} glassformer_norm;

typedef struct {  // `inner` has the gate's outputs after its own; what begins with `cross` is the decoder's
    glassformer_matrix query_key_value, output, inner, outer, cross_query, cross_key_value, cross_output;
    glassformer_norm attention_norm, feed_forward_norm, cross_norm;
} glassformer_layer;

typedef struct {  // rows as they are: floats, or integers and a scale for each row
    int32_t rows, columns;
    const float* floats;
    const int8_t* integers;
    const float* scales;
    const float* positions;  // (max_length, columns), added to the vectors; or null
} glassformer_embedding;

typedef struct {
    glassformer_embedding source, target;
    const glassformer_layer *encoder, *decoder;
    int32_t encoder_layers, decoder_layers;
    glassformer_norm encoder_norm, decoder_norm;  // after the last layers; null for none
    glassformer_matrix generator;
    const float* turns;  // cosine and sine of rotary positions, (max_length, width of a head); or null
} glassformer_weights;

// What is to be searched. Of each source the n_best translations, the best first, and their log-probabilities are written
// up to their ends, (sources, n_best, longest) both; at most limits[source] tokens. A suppressed token (a flag for each of
// the vocabulary) never comes, and `end` not before `min_length` others. A beam divides the score of a path by the penalty
// of its length (0 .. longest + 1), and that of a live one, where the best that it may become is wanted, by that of its
// limit or of one more token.
typedef struct {
    int32_t start, end, min_length, beam, n_best, longest, to_the_limit;
    const int32_t* limits;
    const uint8_t* suppressed;
    const double* penalties;
    int32_t* tokens;
    float* log_probs;
} glassformer_task;

typedef struct glassformer_model glassformer_model;
typedef struct glassformer_batch glassformer_batch;

EXPORT const char* glassformer_interface(void);         // the hash of this file that the library was built with
EXPORT const char* glassformer_instruction_sets(void);  // those of this processor, the best first

EXPORT const char* glassformer_open(const glassformer_config*, const glassformer_weights*, const char* instruction_set,
                                    int32_t threads, glassformer_model** made);
EXPORT void glassformer_close(glassformer_model*);

// Reads sources: the ids of all, one after the other, and how many each has. The model must outlive the batch.
EXPORT const char* glassformer_encode(glassformer_model*, const int32_t* ids, const int32_t* lengths, int32_t sources,
                               glassformer_batch** made);
EXPORT void glassformer_free(glassformer_batch*);
// Gives each source its shortlist, of which `best` then chooses: ids in ascending order, and how many each has. `outputs`
// are the generator's of the tokens of all lists, packed; of an id it is the one in the same place of `places`. Its
// numbers must stay as long as the batch.
EXPORT const char* glassformer_shorten(glassformer_batch*, const glassformer_matrix* outputs, const int32_t* ids,
                                       const int32_t* places, const int32_t* lengths);

// Reads one more token of each of n rows. Row r reads source sources[r] and has read `length` tokens before, whose
// keys and values are in slots[r][0..length). Those of the new token are in slot own[r], which is told.
// Where `attended` is not null, it gets what each row attends to of its source, the mean of all layers and heads:
// (n, across), zero behind the source's end.
EXPORT const char* glassformer_step(glassformer_batch*, int32_t n, const int32_t* tokens, const int32_t* sources,
                             const int32_t* slots, int32_t length, int32_t* own, float* attended, int32_t across);

// Searches a batch from the start: with a beam of 1 greedily. "stuck" where all tokens are forbidden.
EXPORT const char* glassformer_search(glassformer_batch*, const glassformer_task*);

// Of the rows of the latest step: the `count` likeliest next tokens that are not forbidden (a flag for each token of
// the vocabulary), the best first, and their log-probabilities, of all tokens or of those of the source's shortlist.
// Where there are fewer, ids are 0 and log-probabilities -infinity.
EXPORT const char* glassformer_best(glassformer_batch*, int32_t count, const uint8_t* forbidden, int32_t* ids,
                                    float* log_probs);
// ... the log-probabilities of every token, (n, vocabulary), or where `tokens` is not null of one token of each row, which
// may be NaN.
EXPORT const char* glassformer_log_probs(glassformer_batch*, const int32_t* tokens, float* log_probs);

// For tests: y = x W^T + b as the model's linear maps compute it; a row of y has room for whole panels of 32
// outputs, and 15 numbers behind x can be read.
EXPORT const char* glassformer_linear(const char* instruction_set, int32_t threads, const glassformer_matrix* weight,
                                      const float* x, int32_t n, float* y);
}
