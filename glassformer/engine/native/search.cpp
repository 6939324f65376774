// Greedy and beam search where nothing is asked of them but a length: what search/stepwise.py and search/beam.py do,
// which know every rule and serve every engine. The names are theirs.
#include <numeric>

#include "model.h"

namespace {

using Task = glassformer_task;

struct Node {  // a token of some path, and the one before it (-1: none)
    int parent;
    int32_t token;
    float log_prob;
};

struct Path {
    int node, row;  // its last token, and the row of the state that has read it
    double score;
};

struct Sentence {
    std::vector<Path> live, finished;  // the best first

    // One step: of the continuations of the live paths the 2 * beam best are looked at; those of the first `beam` that
    // end are finished, and the first `beam` that do not end live on. `length` is that of the paths after it.
    void grow(std::vector<Node>& nodes, const Task& t, int length, int count, const int32_t* ids, const float* log_probs) {
        struct Continuation {
            const Path* path;
            int64_t place;
            double score;
        };
        std::vector<Continuation> all;
        for (const Path& path : live) {
            const int64_t first = (int64_t)path.row * count;
            if (log_probs[first] == -INFINITY) throw Refused("stuck");
            for (int64_t place = first; place < first + count && log_probs[place] > -INFINITY; ++place)
                all.push_back({&path, place, path.score + log_probs[place]});
        }
        const int looked_at = std::min((int)all.size(), 2 * t.beam);
        std::partial_sort(all.begin(), all.begin() + looked_at, all.end(), [](const auto& one, const auto& other) {
            return one.score != other.score ? one.score > other.score : one.place < other.place;
        });
        std::vector<Path> next;
        for (int i = 0; i < looked_at; ++i) {
            const auto& [path, place, score] = all[i];
            const bool ends = ids[place] == t.end;
            if (ends ? i >= t.beam : (int)next.size() == t.beam) continue;
            nodes.push_back({path->node, ids[place], log_probs[place]});
            const Path grown = {(int)nodes.size() - 1, path->row, ends ? score / t.penalties[length] : score};
            std::vector<Path>& to = ends ? finished : next;
            const auto is_better = [](const Path& one, const Path& other) { return one.score > other.score; };
            to.insert(std::upper_bound(to.begin(), to.end(), grown, is_better), grown);
        }
        live.swap(next);
        if ((int)finished.size() > t.n_best) finished.resize(t.n_best);
    }

    // Whether no live path can become better than the worst of the finished ones.
    bool is_beaten(const Task& t, int length, int limit) const {
        if (live.empty()) return true;
        const double reach = live[0].score / t.penalties[t.to_the_limit ? limit : length + 1];
        return (int)finished.size() == t.n_best && reach <= finished.back().score;
    }

    // Writes the finished paths, and where these are too few those that the limit cut off.
    void tell(const std::vector<Node>& nodes, const Task& t, int64_t source) const {
        std::vector<Path> paths = finished;
        paths.insert(paths.end(), live.begin(), live.end());
        for (int rank = 0; rank < std::min((int)paths.size(), t.n_best); ++rank) {
            int64_t place = (source * t.n_best + rank) * t.longest;
            for (int node = paths[rank].node; node >= 0; node = nodes[node].parent) ++place;
            for (int node = paths[rank].node; node >= 0; node = nodes[node].parent) {
                t.tokens[--place] = nodes[node].token;
                t.log_probs[place] = nodes[node].log_prob;
            }
        }
    }
};

}  // namespace

void glassformer_batch::search(const Task& t) {
    // A beam of one that looks at one candidate is greedy: nothing lives on when that ends.
    const int vocabulary = model.config.vocabulary, count = t.beam == 1 ? 1 : std::min(2 * t.beam, vocabulary);
    std::vector<uint8_t> at_first(t.suppressed, t.suppressed + vocabulary);  // before min_length tokens
    at_first[t.end] = 1;
    std::vector<Node> nodes;
    std::vector<Sentence> sentences(lengths.size());
    std::vector<int32_t> going(lengths.size());  // the sentences that are not done
    std::iota(going.begin(), going.end(), 0);
    std::vector<int32_t> of = going, last(of.size(), t.start), slots;  // of each row: its source, last token and past
    for (const int32_t source : going) sentences[source].live = {{-1, source, 0.}};
    for (int length = 1; !going.empty(); ++length) {  // of the paths after this step
        const size_t n = of.size(), past = length - 1;
        std::vector<int32_t> own(n), ids(n * count), still_going, next_of, next_last, next_slots;
        std::vector<float> log_probs(n * count);
        step((int)n, last.data(), of.data(), slots.data(), length - 1, own.data(), nullptr, 0);
        best(count, length <= t.min_length ? at_first.data() : t.suppressed, ids.data(), log_probs.data());
        for (const int32_t source : going) {
            Sentence& sentence = sentences[source];
            sentence.grow(nodes, t, length, count, ids.data(), log_probs.data());
            if (length >= t.limits[source] || sentence.is_beaten(t, length, t.limits[source])) {
                sentence.tell(nodes, t, source);
                continue;
            }
            still_going.push_back(source);
            for (Path& path : sentence.live) {
                const auto its_past = slots.begin() + path.row * past;
                next_slots.insert(next_slots.end(), its_past, its_past + past);
                next_slots.push_back(own[path.row]);
                path.row = (int)next_of.size();
                next_of.push_back(source), next_last.push_back(nodes[path.node].token);
            }
        }
        going.swap(still_going), of.swap(next_of), last.swap(next_last), slots.swap(next_slots);
    }
}
