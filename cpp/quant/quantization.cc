#include "quant/quantization.h"

#include "quant/scalar_codec.h"

namespace ruvector {
namespace {

struct Named {
  Quantization quantization;
  std::string_view name;
};
constexpr Named kNames[] = {{Quantization::kAuto, "auto"},
                            {Quantization::kNone, "none"},
                            {Quantization::kScalar8, "scalar8"},
                            {Quantization::kScalar4, "scalar4"}};

}  // namespace

std::string_view QuantizationName(Quantization quantization) {
  for (const Named& n : kNames) {
    if (n.quantization == quantization) return n.name;
  }
  return "";
}

std::optional<Quantization> ParseQuantization(std::string_view name) {
  for (const Named& n : kNames) {
    if (n.name == name) return n.quantization;
  }
  return std::nullopt;
}

Quantization Resolve(Quantization quantization, Metric metric, size_t dimensions) {
  if (quantization != Quantization::kAuto) return quantization;
  // Absolute differences do not follow from products: every code would be decoded.
  const bool pays = dimensions >= kFewestCodedDimensions && metric != Metric::kManhattan;
  return pays ? Quantization::kScalar8 : Quantization::kNone;
}

std::unique_ptr<Codec> NewCodec(Quantization quantization, Metric metric, size_t dimensions) {
  switch (quantization) {
    case Quantization::kAuto:
    case Quantization::kNone:
      break;
    case Quantization::kScalar8:
      return NewScalarCodec(metric, dimensions, 8);
    case Quantization::kScalar4:
      return NewScalarCodec(metric, dimensions, 4);
  }
  return nullptr;
}

}  // namespace ruvector
