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

/// With fewer dimensions codes save no time: measured on 100,000 text-like rows, a search at ef 48
/// takes 1.2 × as long in 16 dimensions, as long in 32, and 0.76 × in 64.
inline constexpr size_t kFewestCodedDimensions = 64;

/// What kAuto means for such rows, where a graph is searched.
Quantization Resolve(Quantization quantization, Metric metric, size_t dimensions);

/// nullptr for kNone. `quantization`: resolved.
std::unique_ptr<Codec> NewCodec(Quantization quantization, Metric metric, size_t dimensions);

}  // namespace ruvector
