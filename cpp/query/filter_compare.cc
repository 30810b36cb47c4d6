#include <algorithm>
#include <cmath>
#include <cstring>

#include "query/filter_tree.h"

namespace ruvector::filter_internal {
namespace {

int Sign(bool less, bool greater) { return less ? -1 : (greater ? 1 : 0); }

/// An integer in -2^63 … 2^64 - 1 against a finite double, without rounding either.
template <typename Integer>
int CompareExactly(Integer a, double b) {
  constexpr double kTooLarge = sizeof(Integer) == 8 && Integer(-1) < Integer(0) ? 0x1p63 : 0x1p64;
  constexpr double kLowest = Integer(-1) < Integer(0) ? -0x1p63 : 0.0;
  if (b >= kTooLarge) return -1;
  if (b < kLowest) return 1;
  const double whole = std::trunc(b);
  const Integer truncated = static_cast<Integer>(whole);
  if (a != truncated) return a < truncated ? -1 : 1;
  return Sign(whole<b, whole> b);
}

int CompareNumbers(const Json& a, const Json& b) {
  if (a.IsDouble()) {
    if (b.IsDouble()) {
      return Sign(a.GetDouble() < b.GetDouble(), a.GetDouble() > b.GetDouble());
    }
    return -CompareNumbers(b, a);
  }
  if (a.IsInt64()) {
    const int64_t x = a.GetInt64();
    if (b.IsInt64()) return Sign(x<b.GetInt64(), x> b.GetInt64());
    if (b.IsUint64()) return -1;
    return CompareExactly(x, b.GetDouble());
  }
  const uint64_t x = a.GetUint64();
  if (b.IsInt64()) return 1;
  if (b.IsUint64()) return Sign(x<b.GetUint64(), x> b.GetUint64());
  return CompareExactly(x, b.GetDouble());
}

int CompareStrings(const Json& a, const Json& b) {
  const size_t n = std::min(a.GetStringLength(), b.GetStringLength());
  const int order = std::memcmp(a.GetString(), b.GetString(), n);
  if (order != 0) return order < 0 ? -1 : 1;
  return Sign(a.GetStringLength() < b.GetStringLength(), a.GetStringLength() > b.GetStringLength());
}

int CompareObjects(const Json& a, const Json& b) {
  auto x = a.MemberBegin();
  auto y = b.MemberBegin();
  for (; x != a.MemberEnd() && y != b.MemberEnd(); ++x, ++y) {
    if (const int types = TypeRank(x->value) - TypeRank(y->value); types != 0) return types;
    if (const int names = CompareStrings(x->name, y->name); names != 0) return names;
    if (const int values = CompareJson(x->value, y->value); values != 0) return values;
  }
  return Sign(x == a.MemberEnd() && y != b.MemberEnd(), x != a.MemberEnd());
}

int CompareArrays(const Json& a, const Json& b) {
  const rapidjson::SizeType n = std::min(a.Size(), b.Size());
  for (rapidjson::SizeType i = 0; i < n; ++i) {
    if (const int order = CompareJson(a[i], b[i]); order != 0) return order;
  }
  return Sign(a.Size() < b.Size(), a.Size() > b.Size());
}

}  // namespace

int TypeRank(const Json& value) {
  switch (value.GetType()) {
    case rapidjson::kNullType:
      return 0;
    case rapidjson::kNumberType:
      return 1;
    case rapidjson::kStringType:
      return 2;
    case rapidjson::kObjectType:
      return 3;
    case rapidjson::kArrayType:
      return 4;
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return 5;
  }
  return 6;
}

int CompareJson(const Json& a, const Json& b) {
  if (const int types = TypeRank(a) - TypeRank(b); types != 0) return types < 0 ? -1 : 1;
  switch (a.GetType()) {
    case rapidjson::kNumberType:
      return CompareNumbers(a, b);
    case rapidjson::kStringType:
      return CompareStrings(a, b);
    case rapidjson::kObjectType:
      return CompareObjects(a, b);
    case rapidjson::kArrayType:
      return CompareArrays(a, b);
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return Sign(a.IsFalse() && b.IsTrue(), a.IsTrue() && b.IsFalse());
    case rapidjson::kNullType:
      return 0;
  }
  return 0;
}

}  // namespace ruvector::filter_internal
