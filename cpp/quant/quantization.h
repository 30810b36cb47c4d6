// Which codec the rows of a collection have.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "quant/codec.h"

namespace ruvector {

struct Quantization {
  enum class Type : uint8_t {
    kAuto,  ///< where codes pay those that are measured to do, spherical or scalar; else none
    kNone,
    kScalar,   ///< scalar_codec.h, 8 or 4 bits a dimension
    kRotated,  ///< rotated_codec.h, 1 to 8 bits a dimension; learns a mean
    kBinary,   ///< the same without a rotation, 1 bit
    kTiered,   ///< rotated codes of 1 bit for walks, scalar ones of 8 bits for what they end with
    kProduct,  ///< product_codec.h, a byte or half a byte for several dimensions; learns centroids
    kSpherical,  ///< spherical_codec.h, 8 or 4 bits a dimension; may learn a mean
  };
  Type type = Type::kAuto;
  uint32_t bits = 0;       ///< kScalar, kRotated, kSpherical; else 0
  uint32_t subspaces = 0;  ///< kProduct; 0 until Completed
  uint32_t centroids = 0;  ///< kProduct

  bool operator==(const Quantization&) const = default;

  static const Quantization kAuto, kNone, kScalar8, kScalar4, kSpherical8, kSpherical4;
};

inline constexpr Quantization Quantization::kAuto{};
inline constexpr Quantization Quantization::kNone{Type::kNone};
inline constexpr Quantization Quantization::kScalar8{Type::kScalar, 8};
inline constexpr Quantization Quantization::kScalar4{Type::kScalar, 4};
inline constexpr Quantization Quantization::kSpherical8{Type::kSpherical, 8};
inline constexpr Quantization Quantization::kSpherical4{Type::kSpherical, 4};

/// As files name it: "auto", "none", "scalar8", "rotated4", "binary", "tiered", "product96x256" (of
/// subspaces and centroids), "spherical4".
std::string QuantizationName(const Quantization& quantization);
std::optional<Quantization> ParseQuantization(std::string_view name);

/// How the file of a segment names codes: as QuantizationName, and spherical ones around a mean
/// "spherical4-centred", which who knows of no mean refuses. `codec`: of spherical codes.
std::string CodesName(const Quantization& quantization, const Codec* codec);
struct NamedCodes {
  Quantization quantization;  ///< not kAuto
  bool parameters;            ///< are there Codec::Parameters?
};
std::optional<NamedCodes> ParseCodes(std::string_view name);

/// In the order of Quantization::Type.
inline constexpr std::string_view kQuantizationTypes[] = {
    "auto", "none", "scalar", "rotated", "binary", "tiered", "product", "spherical"};
inline std::string_view TypeName(Quantization::Type type) {
  return kQuantizationTypes[static_cast<size_t>(type)];
}

inline constexpr uint32_t kMostRotatedBits = 8;
inline constexpr uint32_t kMostCentroids = 256;  ///< of a subspace
/// Of rotated codes, for who does not say.
inline constexpr uint32_t kRotatedBits = 4;

/// With fewer dimensions codes save no time: measured on 100,000 text-like rows, a search at ef 48
/// takes 1.2 × as long in 16 dimensions, as long in 32, and 0.76 × in 64.
inline constexpr size_t kFewestCodedDimensions = 64;

/// Fewer rows have the codes of Resolve(kAuto), unmeasured: which others would do cannot be told of
/// so few, and searches of them are short.
inline constexpr size_t kFewestMeasuredRows = 4096;

/// What kAuto means for such rows, where a graph is searched, until they are measured. Not
/// spherical codes, which are faster: of rows in tight groups far apart they tell next to nothing.
Quantization Resolve(const Quantization& quantization, Metric metric, size_t dimensions);

/// With a number of subspaces, where nobody said: a quarter of the dimensions, rounded up.
Quantization Completed(Quantization quantization, size_t dimensions);
/// Throws kInvalidOption or kUnsupported, saying what was expected, where such rows cannot have
/// these codes.
void RequireFits(const Quantization& quantization, Metric metric, size_t dimensions);

/// Do its codecs learn from rows?
bool Learns(const Quantization& quantization);
/// Do rows that are sealed decide which codec they get? Where it learns; what mean spherical codes
/// are around, if any; which codes kAuto gives.
bool LooksAtRows(const Quantization& quantization);
/// What `rows` rows can have: as Resolve(kAuto) where they are too few to learn from. kAuto: what
/// is measured to do (collection/row_coder.h).
Quantization CodingFor(const Quantization& quantization, Metric metric, size_t dimensions,
                       size_t rows);

/// How many of the closest rows by codes are measured again at most, for `limit` hits: what gives
/// 0.99 of the recall of a walk by vectors (bench/README.md).
size_t DefaultRerank(const Quantization& quantization, size_t limit);

/// Tiered codes: how many rows a walk ends with, at least, to be measured by the finer codes.
size_t RowsToRefine(size_t limit);

/// The shortest list of candidates for a walk by such codes, for `limit` hits of which `rerank`
/// (none: DefaultRerank) rows are measured again. Coarse codes need a list as long as that; after
/// scalar ones a short list is a wish.
size_t LeastList(const Quantization& quantization, std::optional<size_t> rerank, size_t limit);

/// nullptr for kNone. `quantization`: resolved, one that learns nothing.
std::unique_ptr<Codec> NewCodec(const Quantization& quantization, Metric metric, size_t dimensions);
/// One that learns, or may. `rows` must outlive it.
std::unique_ptr<CodecLearner> NewLearner(const Quantization& quantization, Metric metric,
                                         size_t dimensions, uint64_t seed,
                                         const TrainingRows& rows);
/// The finer codes that rows have besides; nullptr for all but kTiered.
std::unique_ptr<Codec> NewFineCodec(const Quantization& quantization, Metric metric,
                                    size_t dimensions);
/// From what Codec::Parameters gave. Throws kCorrupt, starting with `what`.
std::unique_ptr<Codec> ReadCodec(const Quantization& quantization, Metric metric, size_t dimensions,
                                 std::string_view parameters, const std::string& what);

}  // namespace ruvector
