#include "core/suggest.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ruvector {
namespace {

// Longer words are no typing errors, and the distance takes quadratic time.
constexpr size_t kMaxWord = 64;
constexpr size_t kFewWords = 8;
constexpr size_t kMinPrefix = 3;

std::string Lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t differ = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + differ});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

bool SharesBeginning(std::string_view a, std::string_view b) {
  const size_t n = std::min(a.size(), b.size());
  return n >= kMinPrefix && a.substr(0, n) == b.substr(0, n);
}

}  // namespace

std::string DidYouMean(std::string_view word, std::span<const std::string_view> known) {
  if (!word.empty() && word.size() <= kMaxWord) {
    const std::string lower = Lower(word);
    std::string_view best;
    size_t best_distance = kMaxWord;
    for (const std::string_view candidate : known) {
      const std::string other = Lower(candidate);
      size_t distance = EditDistance(lower, other);
      if (distance > std::max<size_t>(1, std::max(lower.size(), other.size()) / 3)) {
        if (!SharesBeginning(lower, other)) continue;
      } else if (distance >= std::min(lower.size(), other.size())) {
        continue;  // Nothing of the word is left: "m" is not near "k".
      }
      if (distance < best_distance) {
        best = candidate;
        best_distance = distance;
      }
    }
    if (!best.empty()) return " (did you mean \"" + std::string(best) + "\"?)";
  }
  if (known.empty() || known.size() > kFewWords) return "";
  std::string list = " (expected one of ";
  for (size_t i = 0; i < known.size(); ++i) {
    if (i > 0) list += ", ";
    list += known[i];
  }
  return list + ")";
}

}  // namespace ruvector
