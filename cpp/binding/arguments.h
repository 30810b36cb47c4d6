// Reads a method's JSON arguments: each value checked once, with a message that says what was
// expected, what came, where.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/json.h"

namespace ruvector {

/// One JSON object of arguments. `where` prefixes names in messages ("hnswConfig.").
class Arguments {
 public:
  explicit Arguments(const Json& object, std::string where = "");

  /// Throws kInvalidOption for a key that is not among `known`, with "did you mean".
  void RequireKnown(std::span<const std::string_view> known) const;

  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  const Json* Find(std::string_view key) const { return FindMember(object_, key); }
  /// Throws kInvalidOption when it is missing.
  const Json& Get(std::string_view key) const;

  std::optional<size_t> Whole(std::string_view key, size_t lo, size_t hi,
                              ErrorCode code = ErrorCode::kInvalidOption) const;
  std::optional<double> Number(std::string_view key) const;
  std::optional<bool> Flag(std::string_view key) const;
  std::optional<std::string> Text(std::string_view key) const;
  /// One of `words`; its index.
  std::optional<size_t> Word(std::string_view key, std::span<const std::string_view> words) const;

  [[noreturn]] void Refuse(std::string_view key, const std::string& expected, const Json& got,
                           ErrorCode code = ErrorCode::kInvalidOption) const;

 private:
  const Json& object_;
  std::string where_;
};

/// A JSON value for a message: NaN and friends, which JSON cannot say, come as strings and are
/// shown bare.
std::string ShowValue(const Json& value);

}  // namespace ruvector
