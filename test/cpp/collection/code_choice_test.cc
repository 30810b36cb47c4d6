// What `auto` chooses for rows of every kind: never what finds noticeably less than scalar codes.
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>

#include "collection/compaction.h"
#include "collection/database.h"
#include "collection/database_check.h"
#include "collection/row_coder.h"
#include "support/borrowed_directory.h"
#include "support/catch.h"
#include "support/fault_directory.h"
#include "support/row_kinds.h"
#include "support/test_folder.h"

namespace ruvector::test {
namespace {

constexpr size_t kRows = 4096, kQueries = 16;
constexpr std::array<size_t, 3> kHits = {1, 10, 100};
constexpr Metric kMetrics[] = {Metric::kCosine, Metric::kEuclidean, Metric::kDot};

std::vector<std::vector<float>> Make(const RowMaker& make, uint64_t seed, size_t count,
                                     size_t dimensions) {
  Rng rng(seed);
  std::vector<std::vector<float>> rows(count, std::vector<float>(dimensions));
  for (size_t i = 0; i < count; ++i) make(rng, i, rows[i]);
  return rows;
}

// In double.
double Exact(Metric metric, const std::vector<float>& a, const std::vector<float>& b) {
  const auto sum = [&](const auto& term) {
    double sums[4] = {};
    for (size_t d = 0; d < a.size(); ++d) sums[d % 4] += term(double{a[d]}, double{b[d]});
    return sums[0] + sums[1] + sums[2] + sums[3];
  };
  const auto product = [](double x, double y) { return x * y; };
  if (metric == Metric::kEuclidean)
    return sum([](double x, double y) { return (x - y) * (x - y); });
  if (metric == Metric::kDot) return -sum(product);
  return 1 - sum(product) / std::sqrt(sum([](double x, double) { return x * x; }) *
                                      sum([](double, double y) { return y * y; }));
}

// The segment's rows coded, and ranked by their codes.
class Ranking {
 public:
  Ranking(const GrowingSegment& segment, const Quantization& quantization, size_t threads = 2)
      : segment_(segment), coder_(segment, segment.space(), quantization, 42, threads) {
    while (coder_.Step()) {
    }
  }
  const RowCoder& coder() const { return coder_; }

  std::vector<Slot> Closest(const std::vector<float>& query, size_t count) const {
    const Codec& codec = coder_.codec();
    const PreparedQuery prepared(segment_.space(), query.data());
    std::vector<const uint8_t*> codes;
    std::vector<float> distances(segment_.rows());
    for (Slot s = 0; s < segment_.rows(); ++s) {
      codes.push_back(coder_.Code(s));
      if (codec.wants_lengths())
        distances[s] = codec.Length(segment_.Vector(s), segment_.Scalar(s));
    }
    prepared.For(codec).Distances(codes.data(), codec.wants_lengths() ? distances.data() : nullptr,
                                  codes.size(), distances.data());
    std::vector<Slot> order(segment_.rows());
    std::iota(order.begin(), order.end(), 0u);
    std::partial_sort(
        order.begin(), order.begin() + static_cast<long>(count), order.end(), [&](Slot a, Slot b) {
          return distances[a] < distances[b] || (distances[a] == distances[b] && a < b);
        });
    order.resize(count);
    return order;
  }

 private:
  const GrowingSegment& segment_;
  RowCoder coder_;
};

struct Case {
  using Vectors = std::vector<std::vector<float>>;
  Case(const RowMaker& make, Metric metric, size_t dimensions)
      : Case(Make(make, dimensions, kRows, dimensions),
             Make(make, dimensions + 1, kQueries, dimensions), metric) {}
  Case(Vectors r, Vectors q, Metric metric)
      : rows(std::move(r)),
        queries(std::move(q)),
        segment(MetricSpace(metric, rows[0].size()), HnswParameters{}) {
    segment.Reserve(rows.size());
    for (size_t i = 0; i < rows.size(); ++i)
      segment.Publish(segment.Append("id" + std::to_string(i), "", rows[i].data(), i));
  }

  void Measure() {
    for (const auto& query : queries) {
      std::vector<double>& to = distances.emplace_back();
      for (const auto& row : rows) to.push_back(Exact(segment.space().metric(), query, row));
    }
  }

  // Of the 1, 10 and 100 closest rows, those that a search would measure again; of equal ones any.
  std::array<double, 3> Recall(const Ranking& ranking) const {
    std::array<size_t, 3> found = {};
    const Quantization& codes = ranking.coder().quantization();
    for (size_t q = 0; q < queries.size(); ++q) {
      const std::vector<Slot> closest =
          ranking.Closest(queries[q], DefaultRerank(codes, kHits.back()));
      std::vector<double> sorted = distances[q];
      std::partial_sort(sorted.begin(), sorted.begin() + kHits.back(), sorted.end());
      for (size_t h = 0; h < kHits.size(); ++h) {
        const size_t k = kHits[h];
        // Vectors in memory are measured in float.
        const double farthest = sorted[k - 1] + 1e-7 * std::abs(sorted[k - 1]);
        size_t right = 0;
        for (size_t i = 0; i < DefaultRerank(codes, k); ++i)
          right += distances[q][closest[i]] <= farthest;
        found[h] += std::min(right, k);
      }
    }
    std::array<double, 3> recall;
    for (size_t h = 0; h < kHits.size(); ++h) {
      recall[h] = static_cast<double>(found[h]) / static_cast<double>(kHits[h] * queries.size());
    }
    return recall;
  }

  std::vector<std::vector<float>> rows, queries;
  std::vector<std::vector<double>> distances;
  GrowingSegment segment;
};

RowMaker KindOf(const std::string& name) {
  for (const RowKind& kind : RowKinds()) {
    if (kind.name == name) return kind.make;
  }
  FAIL("no kind of rows is called " << name);
  return {};
}

}  // namespace

TEST_CASE("auto finds as much as scalar codes, whatever the rows", "[auto]") {
  // Where all is slow, each kind is tried with one metric.
#if defined(__EMSCRIPTEN__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr size_t kTried = 1;
#else
  constexpr size_t kTried = std::size(kMetrics);
#endif
  constexpr size_t kDimensions[] = {64, 128, 384, 64, 784};
  size_t turn = 0, spherical = 0, scalar = 0;
  for (const RowKind& kind : RowKinds()) {
    const size_t dimensions = kDimensions[turn++ % std::size(kDimensions)];
    const auto vectors = Make(kind.make, 1, kRows, dimensions);
    const auto queries = Make(kind.make, 2, kQueries, dimensions);
    for (size_t m = 0; m < kTried; ++m) {
      const Metric metric = kMetrics[(turn + m) % std::size(kMetrics)];
      Case rows(vectors, queries, metric);
      rows.Measure();
      const Ranking chosen(rows.segment, Quantization::kAuto);
      const Ranking scalar8(rows.segment, Quantization::kScalar8);
      const Quantization codes = chosen.coder().quantization();
      REQUIRE((codes == Quantization::kSpherical4 || codes == Quantization::kScalar8));
      (codes == Quantization::kScalar8 ? scalar : spherical) += 1;
      const auto found = rows.Recall(chosen), of_scalar = rows.Recall(scalar8);
      for (size_t h = 0; h < kHits.size(); ++h) {
        CAPTURE(kind.name, static_cast<int>(metric), dimensions, kHits[h], QuantizationName(codes));
        CHECK(found[h] >= of_scalar[h] - 0.01);
      }
    }
  }
  // Either would be no choice.
  CHECK(spherical >= 10 * kTried);
  CHECK(scalar >= 6 * kTried);
}

TEST_CASE("auto is spherical for embeddings, and for rows on one side; scalar for tight groups",
          "[auto]") {
  for (const size_t dimensions : {64, 128}) {
    for (const Metric metric : kMetrics) {
      CAPTURE(dimensions, static_cast<int>(metric));
      const auto choice = [&](const std::string& kind) {
        const Case rows(KindOf(kind), metric, dimensions);
        return Ranking(rows.segment, Quantization::kAuto).coder().quantization();
      };
      CHECK(choice("text-like") == Quantization::kSpherical4);
      CHECK(choice("8 tight groups") == Quantization::kScalar8);
      CHECK(choice("8 groups") == Quantization::kScalar8);
      // Of these scalar codes know less than of others.
      if (metric == Metric::kDot) continue;
      CHECK(choice("bytes") == Quantization::kSpherical4);
      CHECK(choice("a group 100 deviations away") == Quantization::kSpherical4);
    }
  }
}

TEST_CASE("the same rows have the same codes, on one thread and on two", "[auto]") {
  for (const char* kind : {"text-like", "8 groups", "gaussian"}) {
    const Case rows(KindOf(kind), Metric::kCosine, 64);
    const Ranking one(rows.segment, Quantization::kAuto, 1), two(rows.segment, Quantization::kAuto);
    CAPTURE(kind);
    REQUIRE(one.coder().quantization() == two.coder().quantization());
    const size_t bytes = one.coder().codec().row_bytes();
    for (Slot s = 0; s < kRows; ++s)
      REQUIRE(std::equal(one.coder().Code(s), one.coder().Code(s) + bytes, two.coder().Code(s)));
  }
}

TEST_CASE("trials tell what codes keep, of some rows and of all", "[auto]") {
  const Case rows(KindOf("8 groups"), Metric::kEuclidean, 64);
  const SegmentRows source(rows.segment);
  const auto codec = NewCodec(Quantization::kScalar8, Metric::kEuclidean, 64);
  std::vector<uint8_t> codes(kRows * codec->row_bytes());
  for (Slot s = 0; s < kRows; ++s)
    codec->Encode(rows.segment.Vector(s), 0, codes.data() + s * codec->row_bytes());
  const auto kept = [&](size_t count, const uint8_t* of, const Codec& by) {
    CodeTrial trial(source, count, 40, rows.segment.space(), by, of, 1);
    while (trial.Step(2)) {
    }
    CHECK(!trial.Step(2));
    std::vector<double> all;
    for (size_t i = 0; i < std::size(CodeTrial::kHits); ++i) all.push_back(trial.kept(i));
    CHECK(trial.Keeps() ==
          std::all_of(all.begin(), all.end(), [](double k) { return k >= CodeTrial::kLeastKept; }));
    CHECK(trial.KeepsAsMuchAs(trial) ==
          (*std::min_element(all.begin(), all.end()) >= CodeTrial::kLeastCompared));
    return all;
  };
  const std::vector<double> all = kept(kRows, codes.data(), *codec);
  CHECK(all == kept(kRows, nullptr, *codec));
  CHECK(all[1] >= 0.99);
  CHECK(kept(300, nullptr, *codec)[1] >= 0.99);
  // Codes of other rows: the 20 closest by chance.
  std::rotate(codes.begin(), codes.begin() + static_cast<long>(5 * codec->row_bytes()),
              codes.end());
  CHECK(kept(kRows, codes.data(), *codec)[1] < 0.2);
  const auto coarse = NewCodec(Quantization::kSpherical4, Metric::kEuclidean, 64);
  CHECK(kept(kRows, nullptr, *coarse)[1] < 0.9);
}

namespace {

struct Stored {
  std::vector<std::string> ids;
  std::vector<std::vector<float>> rows;
};

void Insert(Database& db, const Stored& stored, size_t begin, size_t end) {
  db.Write([&] {
    std::vector<Operation> operations;
    for (size_t i = begin; i < end; ++i)
      operations.push_back({Operation::Kind::kPut, stored.ids[i], "", stored.rows[i].data()});
    return operations;
  });
  while (db.LinkSome(db.collection(), 1000) > 0) {
  }
}

void Compact(const std::shared_ptr<Database>& db) {
  Compaction compaction(db);
  while (compaction.Step()) {
  }
}

using Coded = std::vector<std::pair<Quantization, size_t>>;

}  // namespace

#if !defined(__EMSCRIPTEN__)
TEST_CASE("auto: a database chooses when it is compacted, says so, and keeps to it", "[auto]") {
  constexpr size_t kDimensions = 64, kAdded = 200;
  const bool tight = GENERATE(false, true), on_disk = GENERATE(false, true);
  const IndexKind index = GENERATE(IndexKind::kHnsw, IndexKind::kIvf);
  const Metric metric = tight ? Metric::kEuclidean : Metric::kCosine;
  CAPTURE(tight, on_disk, static_cast<int>(index));
  Stored stored{{}, Make(KindOf(tight ? "8 groups" : "bytes"), 3, kRows + kAdded, kDimensions)};
  for (size_t i = 0; i < kRows + kAdded; ++i) stored.ids.push_back("id" + std::to_string(i));
  const TestFolder folder;
  DatabaseOptions options;
  options.path = folder.path();
  options.dimensions = kDimensions;
  options.metric = metric;
  options.index = index;
  if (index == IndexKind::kHnsw) options.ef_construction = 40;
  options.vectors_in_memory = !on_disk;
  options.background = false;
  const Quantization expected = tight ? Quantization::kScalar8 : Quantization::kSpherical4;
  std::shared_ptr<Database> db = Database::Open(options);
  Insert(*db, stored, 0, kRows);
  if (index == IndexKind::kHnsw)
    CHECK(db->collection().Stats().coded == Coded{{Quantization::kScalar8, kRows}});
  Compact(db);
  const auto check = [&](size_t rows) {
    CHECK(db->collection().Stats().coded == Coded{{expected, rows}});
    size_t found = 0;
    for (const auto& query : Make(KindOf(tight ? "8 groups" : "bytes"), 4, kQueries, kDimensions)) {
      std::vector<double> distances;
      for (size_t i = 0; i < rows; ++i) distances.push_back(Exact(metric, query, stored.rows[i]));
      std::nth_element(distances.begin(), distances.begin() + 9, distances.end());
      SearchRequest request;
      request.vector = query.data();
      const double farthest = distances[9] * (1 + 1e-5);
      for (const Hit& hit : db->collection().Search(request)) {
        const double to = metric == Metric::kEuclidean ? double{hit.distance} * hit.distance
                                                       : double{hit.distance};
        found += to <= farthest;
      }
      CHECK(db->collection().Explain(request).segments.at(0).codes == QuantizationName(expected));
    }
    CHECK(static_cast<double>(found) >= 0.95 * 10 * kQueries);
    DatabaseCheck verification(db);
    while (verification.Step()) {
    }
    CHECK(verification.damage().empty());
  };
  check(kRows);
  db->Close();
  db = Database::Open(options);
  check(kRows);
  // Nothing is left to do: no file is written anew.
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(options.path)) {
      const std::string name = file.path().filename().string();
      if (name.starts_with("seg-")) names.insert(name);
    }
    return names;
  };
  const auto before = files();
  Compact(db);
  CHECK(files() == before);
  Insert(*db, stored, kRows, kRows + kAdded);
  Compact(db);
  check(kRows + kAdded);
  db->Close();
}

#endif

TEST_CASE("auto: few rows stay scalar; sealed ones are chosen for in the background", "[auto]") {
  constexpr size_t kDimensions = 64;
  const size_t rows = GENERATE(kFewestMeasuredRows - 96, kFewestMeasuredRows);
  const auto wanted =
      rows < kFewestMeasuredRows ? Quantization::kScalar8 : Quantization::kSpherical4;
  Stored stored{{}, Make(KindOf("text-like"), 3, rows + 1, kDimensions)};
  for (size_t i = 0; i <= rows; ++i) stored.ids.push_back("id" + std::to_string(i));
  DatabaseOptions options;
  options.dimensions = kDimensions;
  options.index = IndexKind::kHnsw;
  options.ef_construction = 40;
  options.background = false;  // merging comes in steps after commits
  options.limits.seal_bytes = 1000;
  FaultDirectory disk;
  const std::shared_ptr<Database> db =
      Database::OpenIn(std::make_unique<BorrowedDirectory>(disk), options);
  Insert(*db, stored, 0, rows);
  db->Checkpoint();
  CHECK(db->collection().Stats().coded == Coded{{Quantization::kScalar8, rows}});
  // Each commit, of one and the same row, pays for a step.
  Quantization codes = Quantization::kScalar8;
  for (int commit = 0; commit < 400 && codes == Quantization::kScalar8; ++commit) {
    Insert(*db, stored, rows, rows + 1);
    const auto [first, count] = db->collection().Stats().coded.at(0);
    REQUIRE(count >= rows);
    codes = first;
  }
  CHECK(codes == wanted);
}

}  // namespace ruvector::test
