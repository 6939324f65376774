// Greedy and beam search where nothing is asked of them but a length: what search/stepwise.py and search/beam.py do,
// which know every rule and serve every engine. The names are theirs.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "model.h"

namespace {

// The slots of rows that go on from `parents`: those of the parent's past and its own.
std::vector<int32_t> select(const std::vector<int32_t>& slots, const std::vector<int32_t>& own,
                            const std::vector<int32_t>& parents, int length) {
    std::vector<int32_t> selected;
    for (const int32_t parent : parents) {
        selected.insert(selected.end(), slots.begin() + (int64_t)parent * length, slots.begin() + (int64_t)(parent + 1) * length);
        selected.push_back(own[parent]);
    }
    return selected;
}

struct Node {  // a token of some path, and the one before it (-1: none)
    int parent;
    int32_t token;
    float log_prob;
};

struct Path {
    int node, row;  // its last token, and the row of the state that has read it
    double score;
};

bool is_better(const Path& one, const Path& other) { return one.score > other.score; }

struct Sentence {
    std::vector<Path> live, finished;  // the best first
};

// One step of a sentence: of the continuations of its live paths the 2 * beam best are looked at; those of the first
// `beam` that end are finished, and the first `beam` that do not end live on.
void grow(Sentence& sentence, std::vector<Node>& nodes, const Task& t, int length, int count, const int32_t* ids,
          const float* log_probs) {
    struct Continuation {
        const Path* path;
        int64_t place;
        double score;
    };
    std::vector<Continuation> all;
    for (const Path& path : sentence.live) {
        const int64_t first = (int64_t)path.row * count;
        if (log_probs[first] == -INFINITY) throw Refused("stuck");
        for (int64_t place = first; place < first + count && log_probs[place] > -INFINITY; ++place)
            all.push_back({&path, place, path.score + log_probs[place]});
    }
    const int looked_at = std::min((int)all.size(), 2 * t.beam);
    std::partial_sort(all.begin(), all.begin() + looked_at, all.end(), [](const auto& one, const auto& other) {
        return one.score != other.score ? one.score > other.score : one.place < other.place;
    });
    std::vector<Path> live;
    for (int i = 0; i < looked_at; ++i) {
        const auto& [path, place, score] = all[i];
        const bool ends = ids[place] == t.end;
        if (ends ? i >= t.beam : (int)live.size() == t.beam) continue;
        nodes.push_back({path->node, ids[place], log_probs[place]});
        const int node = (int)nodes.size() - 1;
        const Path grown = {node, path->row, ends ? score / t.penalties[length] : score};
        std::vector<Path>& to = ends ? sentence.finished : live;
        to.insert(std::upper_bound(to.begin(), to.end(), grown, is_better), grown);
    }
    sentence.live.swap(live);
    if ((int)sentence.finished.size() > t.n_best) sentence.finished.resize(t.n_best);
}

// Writes the finished paths, and where these are too few those that the limit cut off.
void tell(const Sentence& sentence, const std::vector<Node>& nodes, const Task& t, int source) {
    std::vector<Path> paths = sentence.finished;
    paths.insert(paths.end(), sentence.live.begin(), sentence.live.end());
    for (int rank = 0; rank < std::min((int)paths.size(), t.n_best); ++rank) {
        const int64_t first = ((int64_t)source * t.n_best + rank) * t.longest;
        int length = 0;
        for (int node = paths[rank].node; node >= 0; node = nodes[node].parent) ++length;
        for (int node = paths[rank].node; node >= 0; node = nodes[node].parent) {
            t.tokens[first + --length] = nodes[node].token;
            t.log_probs[first + length] = nodes[node].log_prob;
        }
    }
}

}  // namespace

void glassformer_batch::search(const Task& t) {
    // A beam of one that looks at one candidate is greedy: nothing lives on when that ends.
    const int sources = (int)lengths.size(), count = t.beam == 1 ? 1 : std::min(2 * t.beam, model.config.vocabulary);
    std::vector<Sentence> sentences(sources);
    std::vector<Node> nodes;
    std::vector<int32_t> going(sources), of(sources), last(sources, t.start), slots, own, ids;
    std::vector<float> log_probs;
    std::iota(going.begin(), going.end(), 0);
    std::iota(of.begin(), of.end(), 0);  // the source of each row
    std::vector<uint8_t> at_first(t.suppressed, t.suppressed + model.config.vocabulary);  // before min_length tokens
    at_first[t.end] = 1;
    for (int source = 0; source < sources; ++source) sentences[source].live = {{-1, source, 0.}};
    for (int length = 1; !going.empty(); ++length) {  // of the paths after this step
        const int n = (int)of.size();
        own.resize(n), ids.resize((size_t)n * count), log_probs.resize((size_t)n * count);
        step(n, last.data(), of.data(), slots.data(), length - 1, own.data(), nullptr, 0);
        best(count, length <= t.min_length ? at_first.data() : t.suppressed, ids.data(), log_probs.data());
        std::vector<int32_t> parents, still_going;
        of.clear(), last.clear();
        for (const int32_t source : going) {
            Sentence& sentence = sentences[source];
            grow(sentence, nodes, t, length, count, ids.data(), log_probs.data());
            const int reach = t.to_the_limit ? t.limits[source] : length + 1;
            const bool beaten = sentence.live.empty() ||
                                ((int)sentence.finished.size() == t.n_best &&
                                 sentence.live[0].score / t.penalties[reach] <= sentence.finished.back().score);
            if (beaten || length >= t.limits[source]) {
                tell(sentence, nodes, t, source);
                continue;
            }
            still_going.push_back(source);
            for (Path& path : sentence.live) {
                parents.push_back(path.row), of.push_back(source), last.push_back(nodes[path.node].token);
                path.row = (int)parents.size() - 1;
            }
        }
        slots = select(slots, own, parents, length - 1);
        going.swap(still_going);
    }
}
