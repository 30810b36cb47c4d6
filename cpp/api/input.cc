#include "api/input.h"

#include <algorithm>
#include <chrono>

#include "core/coding.h"
#include "core/random.h"

namespace ruvector {
inline namespace v1 {
namespace internal {
namespace {

[[noreturn]] void Refuse(const std::string& what, ErrorCode code = ErrorCode::kInvalidOption) {
  throw Error(code, what);
}

std::string At(size_t i) { return "entry " + std::to_string(i) + ": "; }

// A version 4 UUID.
std::string NewId() {
  const uint64_t high = (RandomU64() & ~uint64_t{0xf000}) | 0x4000;
  const uint64_t low = (RandomU64() & ~(uint64_t{3} << 62)) | uint64_t{1} << 63;
  const std::string a = Hex16(high), b = Hex16(low);
  return a.substr(0, 8) + '-' + a.substr(8, 4) + '-' + a.substr(12) + '-' + b.substr(0, 4) + '-' +
         b.substr(4);
}

template <typename Enum>
std::optional<size_t> AsNumber(const std::optional<Enum>& value) {
  if (!value) return std::nullopt;
  return static_cast<size_t>(*value);
}

void ReadQuantization(const Quantization& asked, CollectionRequest& request) {
  using Type = core::Quantization::Type;
  RequireRange("quantization.type", static_cast<size_t>(asked.type), 0,
               std::size(kQuantizationTypes) - 1);
  core::Quantization q{static_cast<Type>(asked.type)};
  const bool scalar = q.type == Type::kScalar || q.type == Type::kSpherical;
  const bool rotated = q.type == Type::kRotated;
  q.bits = static_cast<uint32_t>(std::min<size_t>(asked.bits > 0 ? asked.bits
                                                  : scalar       ? 8
                                                  : rotated      ? kRotatedBits
                                                                 : 0,
                                                  99));
  const bool fits = scalar    ? q.bits == 4 || q.bits == 8
                    : rotated ? q.bits <= kMostRotatedBits
                              : q.bits == 0;
  if (!fits) {
    throw Error(ErrorCode::kInvalidOption, "quantization.bits is " + std::to_string(asked.bits) +
                                               ", expected " +
                                               (scalar    ? "4 or 8"
                                                : rotated ? "1 to 8"
                                                          : "none for this type"));
  }
  if (q.type == Type::kProduct) {
    RequireRange("quantization.subspaces", asked.subspaces, 0, kMaxDimensions);
    q.subspaces = static_cast<uint32_t>(asked.subspaces);
    q.centroids = kMostCentroids;
    if (asked.k > 0) {
      RequireRange("quantization.k", asked.k, 2, kMostCentroids);
      q.centroids = static_cast<uint32_t>(asked.k);
    }
  } else if (asked.subspaces > 0 || asked.k > 0) {
    Refuse("quantization.subspaces and quantization.k are for kProduct, expected 0");
  }
  if (asked.rerank) {
    if (q.type == Type::kAuto || q.type == Type::kNone) {
      Refuse("quantization.rerank is for types with codes, expected none for this one");
    }
    RequireRange("quantization.rerank", *asked.rerank, 0, kMaxEf);
  }
  request.quantization = q;
  request.rerank = asked.rerank;
}

template <typename Options>
void ReadRequest(const Options& options, CollectionRequest& request) {
  const auto range = [](const char* name, const std::optional<size_t>& value, uint64_t lo,
                        uint64_t hi) {
    if (value) RequireRange(name, *value, lo, hi);
    return value;
  };
  const HnswConfig& hnsw = options.hnsw_config;
  request.dimensions = range("dimensions", options.dimensions, 1, kMaxDimensions);
  range("distanceMetric", AsNumber(options.distance_metric), 0, 3);
  range("index", AsNumber(options.index), 0, 3);
  if (options.distance_metric) request.metric = static_cast<core::Metric>(*options.distance_metric);
  if (options.index) request.index = static_cast<IndexKind>(*options.index);
  if (options.quantization) ReadQuantization(*options.quantization, request);
  request.m = range("hnswConfig.m", hnsw.m, kLeastM, kMostM);
  request.ef_construction = range("hnswConfig.efConstruction", hnsw.ef_construction, 1, kMaxEf);
  request.ef_search = range("hnswConfig.efSearch", hnsw.ef_search, 1, kMaxEf);
  request.expected_rows = hnsw.max_elements;
  request.nlist = range("ivfConfig.nlist", options.ivf_config.nlist, 1, kMaxLists);
  request.nprobe = range("ivfConfig.nprobe", options.ivf_config.nprobe, 1, kMaxLists);
  if (options.seed) {
    // What JSON keeps: the other bindings must be able to ask for it.
    RequireRange("seed", *options.seed, 0, kMostSeed);
    request.seed = options.seed;
  }
}

// Both enumerations are cast.
static_assert(static_cast<int>(Metric::kManhattan) == static_cast<int>(core::Metric::kManhattan));
static_assert(static_cast<int>(Metric::kEuclidean) == static_cast<int>(core::Metric::kEuclidean));
static_assert(static_cast<int>(Metric::kDot) == static_cast<int>(core::Metric::kDot));
static_assert(static_cast<int>(Index::kFlat) == static_cast<int>(IndexKind::kFlat));
static_assert(static_cast<int>(Index::kHnsw) == static_cast<int>(IndexKind::kHnsw));
static_assert(static_cast<int>(Index::kIvf) == static_cast<int>(IndexKind::kIvf));
static_assert(static_cast<int>(Quantization::Type::kProduct) ==
              static_cast<int>(core::Quantization::Type::kProduct));
static_assert(static_cast<int>(Durability::kBatch) == static_cast<int>(core::Durability::kBatch));
static_assert(static_cast<int>(Durability::kNone) == static_cast<int>(core::Durability::kNone));

}  // namespace

Puts::Puts(core::Collection& collection, size_t rows) : collection_(collection) {
  // The operations' views are of these strings, which must not move.
  ids.reserve(rows);
  metadata.reserve(rows);
  vectors.reserve(rows);
}

Puts::Puts(core::Collection& collection, std::span<const Entry> entries)
    : Puts(collection, entries.size()) {
  for (size_t i = 0; i < entries.size(); ++i)
    Add(entries[i].id, entries[i].vector, entries[i].metadata, At(i));
}

Puts::Puts(core::Collection& collection, const VectorMatrix& matrix)
    : Puts(collection, matrix.vectors.size() / collection.options().dimensions) {
  const size_t width = collection.options().dimensions;
  const size_t rows = matrix.ids.empty() ? matrix.vectors.size() / width : matrix.ids.size();
  if (matrix.vectors.size() != rows * width) {
    Refuse("vectors has " + std::to_string(matrix.vectors.size()) + " values, expected " +
               (matrix.ids.empty() ? "" : std::to_string(rows) + " ") + "rows of " +
               std::to_string(width) + " values (dimensions)",
           ErrorCode::kDimensionMismatch);
  }
  if (!matrix.metadata.empty() && matrix.metadata.size() != rows) {
    Refuse("metadata has " + std::to_string(matrix.metadata.size()) + " elements, expected " +
           std::to_string(rows));
  }
  for (size_t i = 0; i < rows; ++i) {
    Add(matrix.ids.empty() ? std::string_view() : matrix.ids[i],
        matrix.vectors.subspan(i * width, width),
        matrix.metadata.empty() ? std::string_view() : matrix.metadata[i], At(i));
  }
}

void Puts::Add(std::string_view id, std::span<const float> vector, std::string_view text,
               const std::string& where) {
  if (!id.empty()) {
    RequireId(id, where);
    RequireUtf8(id, where + "id");
  }
  RequireVector(collection_, vector, where);
  metadata.push_back(ReadMetadata(text, where));
  ids.push_back(id.empty() ? NewId() : std::string(id));
  vectors.push_back(vector.data());
}

std::vector<Operation> Puts::Operations() const {
  std::vector<Operation> operations(size());
  for (size_t i = 0; i < size(); ++i)
    operations[i] = {Operation::Kind::kPut, ids[i], metadata[i], vectors[i], &collection_};
  return operations;
}

void RequireVector(const core::Collection& collection, std::span<const float> vector,
                   const std::string& where) {
  RequireLength(vector.size(), collection.options().dimensions, where);
  RequireValidVector(collection.space(), vector.data(), where);
}

std::string ReadMetadata(std::string_view text, const std::string& where) {
  if (text.empty()) return {};
  const JsonDocument json = ParseJson(text, (where + "metadata").c_str());
  if (json.IsNull()) return {};
  if (!json.IsObject())
    Refuse(where + "metadata is " + JsonTypeName(json) + ", expected an object");
  return MetadataText(json, where);
}

std::optional<Filter> ReadFilter(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const JsonDocument json = ParseJson(text, "filter", ErrorCode::kInvalidFilter);
  if (json.IsNull()) return std::nullopt;
  return Filter::Parse(json);
}

void RequireUtf8(std::string_view text, const std::string& what) {
  if (std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) return;
  std::string json;
  AppendJsonString(json, text);
  ParseJson(json, what.c_str());
}

void RequireRange(const std::string& what, uint64_t value, uint64_t lo, uint64_t hi,
                  ErrorCode code) {
  if (value >= lo && value <= hi) return;
  Refuse(what + " is " + std::to_string(value) + ", expected a whole number from " +
             std::to_string(lo) + " to " + std::to_string(hi),
         code);
}

CollectionRequest ReadOptions(const CollectionOptions& options) {
  CollectionRequest request;
  ReadRequest(options, request);
  return request;
}

DatabaseOptions ReadOptions(const DbOptions& options) {
  DatabaseOptions read;
  ReadRequest(options, read);
  if (options.storage_path.find('\0') != std::string::npos) {
    Refuse("storagePath is " + QuoteForMessage(options.storage_path) +
           ", expected a path without NUL");
  }
  RequireRange("durability", static_cast<uint64_t>(options.durability), 0, 2);
  if (options.threads != 0) RequireRange("threads", options.threads, 1, kMostThreads);
  if (options.storage_path != ":memory:") read.path = options.storage_path;
  read.read_only = options.read_only;
  read.durability = static_cast<core::Durability>(options.durability);
  read.memory_budget = options.memory_budget;
  read.vectors_in_memory = options.vectors_in_memory;
  read.threads = options.threads;
  return read;
}

Interrupt ReadInterrupt(const std::atomic<bool>* cancelled,
                        const std::optional<std::chrono::nanoseconds>& timeout) {
  using Clock = std::chrono::steady_clock;
  Interrupt interrupt;
  if (cancelled != nullptr)
    interrupt.cancelled =
        std::shared_ptr<const std::atomic<bool>>(std::shared_ptr<void>(), cancelled);
  const Clock::time_point now = Clock::now();
  if (timeout && *timeout < Clock::time_point::max() - now) interrupt.deadline = now + *timeout;
  return interrupt;
}

}  // namespace internal
}  // namespace v1
}  // namespace ruvector
