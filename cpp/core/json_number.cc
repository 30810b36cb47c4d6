#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/json.h"

namespace ruvector {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// The pieces of a JSON number: minus, digits before and after the point, exponent.
struct NumberText {
  bool minus = false;
  std::string_view whole;
  std::string_view fraction;
  int64_t exponent = 0;  // clamped to ±kMaxExponent
};

// Beyond what the digits of one text can bring back into the range of a double.
constexpr int64_t kMaxExponent = int64_t{1} << 40;

std::string_view TakeDigits(std::string_view& text) {
  size_t n = 0;
  while (n < text.size() && IsDigit(text[n])) ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

bool TakeOneOf(std::string_view& text, char a, char b) {
  if (text.empty() || (text[0] != a && text[0] != b)) return false;
  text.remove_prefix(1);
  return true;
}

bool SplitNumber(std::string_view text, NumberText* out) {
  out->minus = TakeOneOf(text, '-', '-');
  out->whole = TakeDigits(text);
  if (out->whole.empty() || (out->whole[0] == '0' && out->whole.size() > 1)) return false;
  if (TakeOneOf(text, '.', '.')) {
    out->fraction = TakeDigits(text);
    if (out->fraction.empty()) return false;
  }
  if (TakeOneOf(text, 'e', 'E')) {
    const bool negative = !text.empty() && text[0] == '-';
    TakeOneOf(text, '-', '+');
    const std::string_view digits = TakeDigits(text);
    if (digits.empty()) return false;
    for (const char c : digits) {
      out->exponent = std::min(out->exponent * 10 + (c - '0'), kMaxExponent);
    }
    if (negative) out->exponent = -out->exponent;
  }
  return text.empty();
}

constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr int64_t kMaxExactPower = 22;
constexpr uint64_t kMaxExactInteger = uint64_t{1} << 53;

/// The nearest double to a number's absolute value, infinity beyond the last. The C library's
/// strtod is exact everywhere (RapidJSON's conversion reads outside its table for 0.000…1 with
/// enough zeros), and depends on the locale for the decimal point only: so it gets whole digits and
/// an exponent.
double NearestDouble(const NumberText& number) {
  // A midpoint of two doubles has at most 767 digits: one more, not zero, tells on which side it
  // is.
  constexpr size_t kDigits = 778;
  std::string digits;
  int64_t exponent = number.exponent - static_cast<int64_t>(number.fraction.size());
  bool dropped = false;
  for (const std::string_view part : {number.whole, number.fraction}) {
    for (const char c : part) {
      if (digits.empty() && c == '0') continue;
      if (digits.size() < kDigits) {
        digits += c;
      } else {
        dropped = dropped || c != '0';
        ++exponent;
      }
    }
  }
  if (digits.empty()) return 0;
  if (dropped) {
    digits += '1';
    --exponent;
  }
  digits += 'e';
  AppendJsonInteger(digits, std::clamp(exponent, int64_t{-9999}, int64_t{9999}));
  return std::strtod(digits.c_str(), nullptr);
}

}  // namespace

bool ParseJsonNumber(std::string_view text, Json* out) {
  NumberText number;
  if (!SplitNumber(text, &number)) return false;

  constexpr size_t kDigitsOfU64 = 19;  // as many always fit
  const size_t count = number.whole.size() + number.fraction.size();
  const bool is_integer =
      number.fraction.empty() && number.exponent == 0 && text.find_first_of("eE") == text.npos;
  if (count <= kDigitsOfU64 || (is_integer && count == kDigitsOfU64 + 1)) {
    uint64_t digits = 0;
    bool overflow = false;
    for (const std::string_view part : {number.whole, number.fraction}) {
      for (const char c : part) {
        const uint64_t digit = static_cast<uint64_t>(c - '0');
        overflow = overflow || digits > (UINT64_MAX - digit) / 10;
        digits = digits * 10 + digit;
      }
    }
    constexpr uint64_t kLowest = uint64_t{1} << 63;
    if (is_integer && !overflow && !number.minus) {
      *out = digits < kLowest ? Json(static_cast<int64_t>(digits)) : Json(digits);
      return true;
    }
    if (is_integer && !overflow && digits <= kLowest) {
      *out = Json(static_cast<int64_t>(0 - digits));
      return true;
    }
    // Both operands are exact, so one operation rounds once.
    const int64_t power = number.exponent - static_cast<int64_t>(number.fraction.size());
    if (!overflow && digits <= kMaxExactInteger && power >= -kMaxExactPower &&
        power <= kMaxExactPower) {
      double value = static_cast<double>(digits);
      value = power < 0 ? value / kPowersOfTen[-power] : value * kPowersOfTen[power];
      *out = Json(number.minus ? -value : value);
      return true;
    }
  }
  const double value = NearestDouble(number);
  if (!std::isfinite(value)) return false;
  *out = Json(number.minus ? -value : value);
  return true;
}

}  // namespace ruvector
