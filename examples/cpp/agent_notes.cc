// An agent's notes, kept in a folder over restarts: agent_notes <folder>. Run it twice.
#include <ruvector.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

// Stands in for an embedding model: similar words share letter triples, and with them values.
std::vector<float> Embed(const std::string& text) {
  std::vector<float> vector(64);
  const std::string padded = "  " + text + " ";
  for (size_t i = 0; i + 2 < padded.size(); ++i) {
    size_t hash = 5381;
    for (size_t j = i; j < i + 3; ++j) hash = hash * 33 + static_cast<unsigned char>(padded[j]);
    vector[hash % vector.size()] += 1;
  }
  return vector;
}

void Remember(ruvector::VectorDB& db) {
  ruvector::Collection tasks = db.OpenCollection("tasks", {.dimensions = 64});
  // Notes and the task that came of them: all of it, or nothing.
  ruvector::Transaction t(db);
  t.Insert(db,
           {"coffee", Embed("Mia drinks her coffee black"), R"({"about": "Mia", "year": 2025})"});
  t.Insert(db, {"train", Embed("the night train to Vienna leaves at nine"),
                R"({"about": "travel", "year": 2026})"});
  t.Insert(db, {"tea", Embed("Jonas drinks green tea"), R"({"about": "Jonas", "year": 2026})"});
  t.Insert(tasks, {"book", Embed("book the night train"), R"({"due": "2026-12-01"})"});
  t.Commit();
  std::printf("remembered %zu notes, %zu task\n", db.Len(), tasks.Len());
}

void Recall(const ruvector::VectorDB& db) {
  for (const ruvector::Hit& hit : db.Search(Embed("what does Mia drink, coffee?"), 2))
    std::printf("%-6s %.2f %s\n", hit.id.c_str(), hit.similarity, hit.metadata.c_str());
  const auto recent =
      db.Search({.vector = Embed("drinks"), .k = 1, .filter = R"({"year": {"$gte": 2026}})"});
  std::printf("of this year: %s\n", recent.at(0).id.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: agent_notes <folder>\n");
    return 2;
  }
  try {
    ruvector::VectorDB db = ruvector::VectorDB::Open({.dimensions = 64, .storage_path = argv[1]});
    if (db.IsEmpty()) Remember(db);
    Recall(db);
    db.Close();
  } catch (const ruvector::Error& e) {
    std::fprintf(stderr, "%s: %s\n", ruvector::CodeName(e.code()), e.what());
    return 1;
  }
}
