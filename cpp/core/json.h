// JSON values, strict parsing and writing. The only file that includes RapidJSON: everyone else
// says Json, JsonDocument, JsonAllocator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "core/error.h"

// A wrong access (GetString of a number) is our mistake, and must not end the host's process.
#define RAPIDJSON_ASSERT(x)                                   \
  do {                                                        \
    if (!(x)) ::ruvector::json_internal::AssertionFailed(#x); \
  } while (false)

namespace ruvector::json_internal {

[[noreturn]] void AssertionFailed(const char* condition);

/// RapidJSON writes through what its allocator returns without looking, so exhaustion must throw.
class CheckedAllocator {
 public:
  static const bool kNeedFree = true;
  void* Malloc(size_t size) { return size == 0 ? nullptr : Checked(std::malloc(size)); }
  void* Realloc(void* old, size_t /*old_size*/, size_t size) {
    if (size == 0) {
      std::free(old);
      return nullptr;
    }
    return Checked(std::realloc(old, size));
  }
  static void Free(void* p) { std::free(p); }

 private:
  static void* Checked(void* p) {
    if (p == nullptr) throw std::bad_alloc();
    return p;
  }
};

}  // namespace ruvector::json_internal

#include <rapidjson/document.h>

namespace ruvector {

/// Where values live: memory is given back when the allocator dies, not before.
using JsonAllocator = rapidjson::MemoryPoolAllocator<json_internal::CheckedAllocator>;
/// Null, boolean, number, string, array or object. Integers of -2^63 … 2^64 - 1 are kept exactly.
using Json = rapidjson::GenericValue<rapidjson::UTF8<>, JsonAllocator>;
/// A value that owns its allocator. Movable.
using JsonDocument =
    rapidjson::GenericDocument<rapidjson::UTF8<>, JsonAllocator, json_internal::CheckedAllocator>;

/// Reads one JSON text (RFC 8259, UTF-8). Refuses byte-order marks, NUL bytes, trailing text, bad
/// UTF-8, lone surrogates, numbers beyond a double and more than kMaxJsonDepth nested values. Of
/// equal keys in one object all are kept and the first counts. Never recurses. Throws `code` with
/// "<what>: … at byte N".
JsonDocument ParseJson(std::string_view text, const char* what,
                       ErrorCode code = ErrorCode::kInvalidOption);

/// The value of a JSON number (RFC 8259 grammar, nothing around it) in `*out`: an integer where it
/// is one and fits 64 bits, else the nearest double. False, with `*out` untouched, when the text is
/// no number or lies beyond a double. The same bits on every target, whatever the locale.
bool ParseJsonNumber(std::string_view text, Json* out);

/// The text of `value`, without white space. Throws kInternal when it holds a number that is not
/// finite, or nests deeper than kMaxJsonDepth.
std::string WriteJson(const Json& value);
/// Like WriteJson, at the end of `out`.
void AppendJson(std::string& out, const Json& value);

/// Appends `s` (UTF-8) in quotation marks, escaped.
void AppendJsonString(std::string& out, std::string_view s);
/// Appends digits that read back as the same number. Throws kInternal for NaN and infinities, which
/// JSON cannot say.
void AppendJsonNumber(std::string& out, double v);
void AppendJsonInteger(std::string& out, int64_t v);
void AppendJsonInteger(std::string& out, uint64_t v);

/// A user's text for an error message: in quotation marks, escaped, and cut after about 80 bytes.
std::string QuoteForMessage(std::string_view s);

/// "an object", "a number" and so on, for error messages.
const char* JsonTypeName(const Json& value);

/// The member named `key`, or null when there is none or `object` is no object.
const Json* FindMember(const Json& object, std::string_view key);

/// The bytes of a string value, valid as long as the value. Throws kInternal for anything else.
inline std::string_view JsonText(const Json& value) {
  return {value.GetString(), value.GetStringLength()};
}

/// A string value that holds a copy of `s`.
inline Json JsonString(std::string_view s, JsonAllocator& allocator) {
  return Json(s.data() == nullptr ? "" : s.data(), static_cast<rapidjson::SizeType>(s.size()),
              allocator);
}

/// Whether arrays and objects nest deeper than `depth` in `value`: 0 for a number, 1 for [1].
bool JsonDeeperThan(const Json& value, size_t depth);

/// A deep copy, strings included. Throws kInternal when `value` nests deeper than kMaxJsonDepth.
Json CopyJson(const Json& value, JsonAllocator& allocator);

}  // namespace ruvector
