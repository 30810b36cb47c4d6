#include "quant/quantization.h"

#include <algorithm>

#include "core/error.h"
#include "quant/product_codec.h"
#include "quant/rotated_codec.h"
#include "quant/scalar_codec.h"
#include "quant/spherical_codec.h"

namespace ruvector {
namespace {

using Type = Quantization::Type;

// Fewer rows have no mean worth the name.
constexpr size_t kFewestRowsForMean = 16;
// In the name of the codes of a file: they are of what a mean leaves.
constexpr std::string_view kCentred = "-centred";

// The number that `text` starts with, taken off; nothing but what PrintNumber writes.
std::optional<uint32_t> TakeNumber(std::string_view& text) {
  uint32_t value = 0;
  size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (digits == 6) return std::nullopt;
    value = value * 10 + static_cast<uint32_t>(text[digits] - '0');
  }
  if (digits == 0 || text[0] == '0') return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

int RotatedBits(const Quantization& quantization) {
  return quantization.type == Type::kRotated ? static_cast<int>(quantization.bits) : 1;
}

}  // namespace

std::string QuantizationName(const Quantization& quantization) {
  std::string name(TypeName(quantization.type));
  if (quantization.bits != 0) name += std::to_string(quantization.bits);
  if (quantization.type == Type::kProduct) {
    name += std::to_string(quantization.subspaces) + "x" + std::to_string(quantization.centroids);
  }
  return name;
}

std::optional<Quantization> ParseQuantization(std::string_view name) {
  for (size_t t = 0; t < std::size(kQuantizationTypes); ++t) {
    if (!name.starts_with(kQuantizationTypes[t])) continue;
    Quantization q{static_cast<Type>(t)};
    std::string_view rest = name.substr(kQuantizationTypes[t].size());
    if (q.type == Type::kScalar || q.type == Type::kRotated || q.type == Type::kSpherical) {
      const std::optional<uint32_t> bits = TakeNumber(rest);
      const bool fits = bits && (q.type == Type::kRotated ? *bits <= 8 : *bits == 4 || *bits == 8);
      if (!fits) return std::nullopt;
      q.bits = *bits;
    }
    if (q.type == Type::kProduct) {
      const std::optional<uint32_t> subspaces = TakeNumber(rest);
      if (!subspaces || !rest.starts_with('x')) return std::nullopt;
      rest.remove_prefix(1);
      const std::optional<uint32_t> centroids = TakeNumber(rest);
      if (!centroids || *centroids < 2 || *centroids > kMostCentroids) return std::nullopt;
      q.subspaces = *subspaces;
      q.centroids = *centroids;
    }
    return rest.empty() ? std::optional(q) : std::nullopt;
  }
  return std::nullopt;
}

Quantization Resolve(const Quantization& quantization, Metric metric, size_t dimensions) {
  if (quantization.type != Type::kAuto) return quantization;
  // Absolute differences do not follow from products: every code would be decoded.
  const bool pays = dimensions >= kFewestCodedDimensions && metric != Metric::kManhattan;
  return pays ? Quantization::kScalar8 : Quantization::kNone;
}

bool Learns(const Quantization& quantization) {
  return quantization.type == Type::kRotated || quantization.type == Type::kBinary ||
         quantization.type == Type::kTiered || quantization.type == Type::kProduct;
}

bool LooksAtRows(const Quantization& quantization) {
  return quantization.type == Type::kAuto || quantization.type == Type::kSpherical ||
         Learns(quantization);
}

std::string CodesName(const Quantization& quantization, const Codec* codec) {
  const bool centred = quantization.type == Type::kSpherical && !codec->Parameters().empty();
  return QuantizationName(quantization) + std::string(centred ? kCentred : "");
}

std::optional<NamedCodes> ParseCodes(std::string_view name) {
  const bool centred = name.ends_with(kCentred);
  if (centred) name.remove_suffix(kCentred.size());
  const std::optional<Quantization> quantization = ParseQuantization(name);
  if (!quantization || quantization->type == Type::kAuto) return std::nullopt;
  if (centred && quantization->type != Type::kSpherical) return std::nullopt;
  return NamedCodes{*quantization, centred || Learns(*quantization)};
}

Quantization Completed(Quantization quantization, size_t dimensions) {
  if (quantization.type == Type::kProduct && quantization.subspaces == 0)
    quantization.subspaces = static_cast<uint32_t>((dimensions + 3) / 4);
  return quantization;
}

void RequireFits(const Quantization& quantization, Metric metric, size_t dimensions) {
  const bool product = quantization.type == Type::kProduct;
  if (product && quantization.subspaces > dimensions) {
    throw Error(ErrorCode::kInvalidOption,
                "quantization.subspaces is " + std::to_string(quantization.subspaces) +
                    ", expected at most the dimensions, " + std::to_string(dimensions));
  }
  const bool by_products =
      (Learns(quantization) && !product) || quantization.type == Type::kSpherical;
  if (by_products && metric == Metric::kManhattan) {
    throw Error(ErrorCode::kUnsupported,
                "quantization \"" + std::string(TypeName(quantization.type)) +
                    "\" estimates distances from products, which distanceMetric \"manhattan\" does "
                    "not follow from; expected cosine, euclidean or dot, or quantization "
                    "\"scalar\"");
  }
}

Quantization CodingFor(const Quantization& quantization, Metric metric, size_t dimensions,
                       size_t rows) {
  if (quantization.type == Type::kAuto && rows >= kFewestMeasuredRows &&
      Resolve(quantization, metric, dimensions) != Quantization::kNone)
    return quantization;
  if (!Learns(quantization)) return Resolve(quantization, metric, dimensions);
  const size_t fewest = std::max<size_t>(kFewestRowsForMean, quantization.centroids);
  return rows >= fewest ? quantization : Resolve(Quantization::kAuto, metric, dimensions);
}

size_t DefaultRerank(const Quantization& quantization, size_t limit) {
  if (quantization.type == Type::kBinary) return 10 * limit;
  if (quantization == Quantization::kScalar4) return 20 * limit;
  if (quantization.type == Type::kProduct) return (quantization.centroids <= 16 ? 40 : 20) * limit;
  if (quantization.type == Type::kTiered) return limit + 10;
  if (quantization.bits == 1) return 8 * limit + 20;
  return 2 * limit + 10;
}

size_t RowsToRefine(size_t limit) { return 8 * limit + 20; }

size_t LeastList(const Quantization& quantization, std::optional<size_t> rerank, size_t limit) {
  if (quantization.type == Type::kNone) return limit;
  size_t list = limit;
  if (rerank || Learns(quantization))
    list = std::max(list, rerank.value_or(DefaultRerank(quantization, limit)));
  if (quantization.type == Type::kTiered) list = std::max(list, RowsToRefine(limit));
  return list;
}

std::unique_ptr<Codec> NewCodec(const Quantization& quantization, Metric metric,
                                size_t dimensions) {
  const int bits = static_cast<int>(quantization.bits);
  if (quantization.type == Type::kScalar) return NewScalarCodec(metric, dimensions, bits);
  if (quantization.type == Type::kSpherical) return NewSphericalCodec(metric, dimensions, bits);
  return nullptr;
}

std::unique_ptr<Codec> NewFineCodec(const Quantization& quantization, Metric metric,
                                    size_t dimensions) {
  return quantization.type == Type::kTiered ? NewScalarCodec(metric, dimensions, 8) : nullptr;
}

std::unique_ptr<CodecLearner> NewLearner(const Quantization& quantization, Metric metric,
                                         size_t dimensions, uint64_t seed,
                                         const TrainingRows& rows) {
  if (quantization.type == Type::kProduct) {
    return NewProductLearner(metric, dimensions, quantization.subspaces, quantization.centroids,
                             seed, rows);
  }
  if (quantization.type == Type::kSpherical) {
    return NewSphericalLearner(metric, dimensions, static_cast<int>(quantization.bits), seed, rows);
  }
  const bool rotated = quantization.type != Type::kBinary;
  return NewRotatedLearner(metric, dimensions, RotatedBits(quantization), rotated, seed, rows);
}

std::unique_ptr<Codec> ReadCodec(const Quantization& quantization, Metric metric, size_t dimensions,
                                 std::string_view parameters, const std::string& what) {
  std::unique_ptr<Codec> codec;
  if (quantization.type == Type::kProduct) {
    codec = ReadProductCodec(metric, dimensions, quantization.subspaces, quantization.centroids,
                             parameters);
  } else if (quantization.type == Type::kSpherical && metric != Metric::kManhattan) {
    codec = ReadSphericalCodec(metric, dimensions, static_cast<int>(quantization.bits), parameters);
  } else if (metric != Metric::kManhattan) {
    codec = ReadRotatedCodec(metric, dimensions, RotatedBits(quantization),
                             quantization.type != Type::kBinary, parameters);
  }
  if (!codec) {
    throw Error(ErrorCode::kCorrupt,
                what + ": holds no parameters of codes \"" + QuantizationName(quantization) + "\"");
  }
  return codec;
}

}  // namespace ruvector
