// Which codec the rows of a collection have.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "quant/codec.h"

namespace ruvector {

enum class Quantization {
  kAuto,  ///< scalar codes of 8 bits where they pay, else none
  kNone,
  kScalar8,  ///< 1 byte a dimension
  kScalar4,  ///< half a byte
};

/// As files name it: "auto", "none", "scalar8", "scalar4".
std::string_view QuantizationName(Quantization quantization);
std::optional<Quantization> ParseQuantization(std::string_view name);

/// With fewer dimensions a row of codes is hardly smaller than the vector.
inline constexpr size_t kFewestCodedDimensions = 16;

/// What kAuto means for such rows, where a graph is searched.
Quantization Resolve(Quantization quantization, Metric metric, size_t dimensions);

/// nullptr for kNone. `quantization`: resolved.
std::unique_ptr<Codec> NewCodec(Quantization quantization, Metric metric, size_t dimensions);

}  // namespace ruvector
