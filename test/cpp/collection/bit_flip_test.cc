// Every bit of a small database flipped: an error that names the damage or the right answer, never
// a wrong one.
#include <cstdlib>
#include <optional>

#include "collection/life.h"
#include "collection/verification.h"
#include "support/catch.h"

namespace ruvector::test {
namespace {

constexpr size_t kRows = 400;

DatabaseOptions Options(bool vectors_in_memory, IndexKind index) {
  DatabaseOptions options = Life::Options(Durability::kSync, index);
  options.limits = {};  // no merging
  options.vectors_in_memory = vectors_in_memory;
  return options;
}

std::unique_ptr<Database> OpenOn(Directory& disk, IndexKind index, bool vectors_in_memory = true) {
  return Database::OpenIn(std::make_unique<BorrowedDirectory>(disk),
                          Options(vectors_in_memory, index));
}

// A sealed segment with a graph or lists and deleted rows, a growing one, another collection, a
// log.
void Build(Directory& disk, IndexKind index) {
  const std::shared_ptr<Database> db = OpenOn(disk, index);
  Rng rng(11);
  const auto put = [&](Collection& collection, size_t from, size_t count) {
    std::vector<std::vector<float>> vectors;
    std::vector<std::string> ids, metadata;
    std::vector<Operation> operations;
    for (size_t i = 0; i < count; ++i) {
      vectors.push_back(RandomVector(rng, 3));
      ids.push_back("id" + std::to_string(from + i));
      metadata.push_back(i % 3 == 0 ? "" : "{\"n\":" + std::to_string(i) + "}");
    }
    for (size_t i = 0; i < count; ++i) {
      operations.push_back(
          {Operation::Kind::kPut, ids[i], metadata[i], vectors[i].data(), &collection});
    }
    db->Write([&] { return operations; });
  };
  const auto remove = [&](size_t from, size_t count) {
    std::vector<std::string> ids;
    for (size_t i = 0; i < count; ++i) ids.push_back("id" + std::to_string(from + i * 7));
    std::vector<Operation> operations;
    for (const std::string& id : ids) operations.push_back({Operation::Kind::kDelete, id, {}, {}});
    db->Write([&] { return operations; });
  };
  CollectionRequest request;
  request.dimensions = 3;
  request.metric = Metric::kEuclidean;
  put(*db->OpenCollection("notes", request), 0, 8);
  put(db->collection(), 0, kRows);
  remove(0, 20);
  Compaction compaction(db);
  while (compaction.Step()) {
  }
  put(db->collection(), 1000, 20);
  remove(3, 15);
  db->Checkpoint();
  put(db->collection(), 2000, 6);
  db->Close();
}

struct Answers {
  State state;
  std::vector<std::vector<std::string>> nearest;
  bool operator==(const Answers&) const = default;
};

Answers Ask(Database& db) {
  Answers answers;
  answers.state = ReadState(db);
  Rng rng(12);
  for (int i = 0; i < 4; ++i) {
    const std::vector<float> query = RandomVector(rng, 3);
    SearchRequest request;
    request.vector = query.data();
    request.k = 5;
    if (db.collection().options().index == IndexKind::kIvf) {
      request.nprobe = 6;
    } else {
      request.ef_search = 20;
    }
    std::vector<std::string> ids;
    for (const Hit& hit : db.collection().Search(request)) ids.push_back(hit.id);
    answers.nearest.push_back(ids);
  }
  return answers;
}

size_t DamageFound(Directory& disk) {
  Manifest manifest = *ReadNewestManifest(disk);
  Verification verification(disk, manifest, nullptr);
  while (verification.Step()) {
  }
  return verification.damage().size();
}

}  // namespace

TEST_CASE("every flipped bit of a small database", "[crash]") {
  const auto index = GENERATE(IndexKind::kHnsw, IndexKind::kIvf);
  FaultDirectory disk;
  Build(disk, index);
  Answers expected;
  std::vector<std::pair<std::string, std::string>> files;
  size_t bytes = 0;
  for (const std::string& name : disk.List()) {
    files.emplace_back(name, disk.Content(name));
    bytes += files.back().second.size();
  }
  // A copy that can be damaged: opening changes nothing that the next flip needs.
  const auto damaged_copy = [&](const std::string& damaged, size_t bit) {
    auto copy = NewMemoryDirectory();
    for (const auto& [name, content] : files) {
      std::string text = content;
      if (name == damaged) text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
      copy->AddFile(name, ShareString(text));
    }
    return std::make_unique<FaultDirectory>(std::move(copy));
  };
  {
    const auto sound = damaged_copy("", 0);
    expected = Ask(*OpenOn(*sound, index));
    REQUIRE(expected.state.at("default").size() == kRows + 26 - 35);
    REQUIRE(DamageFound(*sound) == 0);
  }
  const size_t stride = std::getenv("RUVECTOR_SOAK") != nullptr ? 1 : 101;
  size_t flips = 0, refused = 0, named = 0, segment_flips = 0;
  for (const auto& [name, content] : files) {
    for (size_t bit = 0; bit < content.size() * 8; bit += stride) {
      const auto copy = damaged_copy(name, bit);
      ++flips;
      std::optional<Error> error;
      Answers found;
      try {
        found = Ask(*OpenOn(*copy, index));
      } catch (const Error& e) {
        error = e;
      }
      CAPTURE(name, bit);
      if (!error) {
        REQUIRE(found == expected);
      } else {
        CAPTURE(error->what());
        REQUIRE((error->code() == ErrorCode::kCorrupt || error->code() == ErrorCode::kUnsupported));
        ++refused;
      }
      if (!name.starts_with("seg-") && !name.starts_with("del-")) continue;
      // Padding aside, verify finds what reading may have passed by.
      ++segment_flips;
      const auto again = damaged_copy(name, bit);
      const bool finds = DamageFound(*again) > 0;
      named += finds;
      REQUIRE((finds || !error));
      const auto on_disk = damaged_copy(name, bit);
      std::optional<Answers> read;
      try {
        read = Ask(*OpenOn(*on_disk, index, false));
      } catch (const Error& e) {
        REQUIRE((e.code() == ErrorCode::kCorrupt || e.code() == ErrorCode::kUnsupported));
      }
      if (read) REQUIRE(*read == expected);
    }
  }
  WARN(bytes << " bytes, " << flips << " flips: " << refused << " refused, the others harmless; of "
             << segment_flips << " in segments verify named " << named);
}

}  // namespace ruvector::test
