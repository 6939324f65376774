// Greedy and beam search where nothing is asked of them but a length: what search/stepwise.py and search/beam.py do,
// which know every rule and serve every engine. The names are theirs.
#include "model.h"

namespace {

using Task = glassformer_task;

struct Node {  // a token of some path, and the one before it (-1: none, of the start)
    int parent;
    int32_t token, slot;  // the latter where its keys and values are, once it has been read
    float log_prob;
};

struct Path {
    int node, row;  // its last token, and the row of the step that reads it
    double score;
};

struct Sentence {
    int32_t source;
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
            require(log_probs[first] != -INFINITY, "stuck");
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
            const Path grown = {(int)nodes.size(), -1, ends ? score / t.penalties[length] : score};
            nodes.push_back({path->node, ids[place], -1, log_probs[place]});
            std::vector<Path>& to = ends ? finished : next;
            const auto is_better = [](const Path& one, const Path& other) { return one.score > other.score; };
            to.insert(std::upper_bound(to.begin(), to.end(), grown, is_better), grown);
        }
        live.swap(next);
        if ((int)finished.size() > t.n_best) finished.resize(t.n_best);
    }

    // Whether the limit is reached, or no live path can become better than the worst of the finished ones.
    bool is_done(const Task& t, int length) const {
        const int limit = t.limits[source];
        if (length >= limit || live.empty()) return true;
        const double reach = live[0].score / t.penalties[t.to_the_limit ? limit : length + 1];
        return (int)finished.size() == t.n_best && reach <= finished.back().score;
    }

    // Writes the finished paths, and where these are too few those that the limit cut off.
    void tell(const std::vector<Node>& nodes, const Task& t) const {
        std::vector<Path> paths = finished;
        paths.insert(paths.end(), live.begin(), live.end());
        for (int rank = 0; rank < std::min((int)paths.size(), t.n_best); ++rank) {
            std::vector<Node> path;  // from its end
            for (int node = paths[rank].node; nodes[node].parent >= 0; node = nodes[node].parent) path.push_back(nodes[node]);
            int64_t place = ((int64_t)source * t.n_best + rank) * t.longest;
            for (auto node = path.rbegin(); node != path.rend(); ++node, ++place)
                t.tokens[place] = node->token, t.log_probs[place] = node->log_prob;
        }
    }
};

}  // namespace

void glassformer_batch::search(const Task& t) {
    const int vocabulary = model.config.vocabulary, count = t.beam == 1 ? 1 : std::min(2 * t.beam, vocabulary);
    std::vector<uint8_t> at_first(t.suppressed, t.suppressed + vocabulary);  // before min_length tokens
    at_first[t.end] = 1;
    std::vector<Node> nodes(lengths.size(), {-1, t.start, -1, 0.f});
    std::vector<Sentence> going;
    for (int source = 0; source < (int)lengths.size(); ++source) going.push_back({source, {{source, -1, 0.}}, {}});
    for (int length = 1; !going.empty(); ++length) {  // of the paths after this step
        std::vector<int32_t> of, last, slots;         // of each row: its source, last token and past
        std::vector<int> reads;                       // ... and node
        for (Sentence& sentence : going)
            for (Path& path : sentence.live) {
                path.row = (int)of.size();
                of.push_back(sentence.source), last.push_back(nodes[path.node].token), reads.push_back(path.node);
                slots.resize((size_t)(path.row + 1) * (length - 1));
                auto slot = slots.end();
                for (int node = path.node; (node = nodes[node].parent) >= 0;) *--slot = nodes[node].slot;
            }
        const int n = (int)of.size();
        std::vector<int32_t> own(n), ids((size_t)n * count);
        std::vector<float> log_probs(ids.size());
        step(n, last.data(), of.data(), slots.data(), length - 1, own.data(), nullptr, 0);
        best(count, length <= t.min_length ? at_first.data() : t.suppressed, ids.data(), log_probs.data());
        for (int row = 0; row < n; ++row) nodes[reads[row]].slot = own[row];
        const auto ends = [&](Sentence& sentence) {
            sentence.grow(nodes, t, length, count, ids.data(), log_probs.data());
            const bool done = sentence.is_done(t, length);
            if (done) sentence.tell(nodes, t);
            return done;
        };
        going.erase(std::remove_if(going.begin(), going.end(), ends), going.end());
    }
}
