// "Did you mean": the end of a message about a word we do not know.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ruvector {

/// " (did you mean \"x\"?)" with the known word nearest to `word`, letter case aside; when none is
/// near, " (expected one of x, y, z)" where there are at most eight, else "". Near: one edit in
/// three letters (insertion, deletion, substitution, swap of neighbours), or a common beginning.
/// Source: Damerau, "A technique for computer detection and correction of spelling errors", CACM
/// 7(3), 1964, in the form where no substring is edited twice.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> known);

}  // namespace ruvector
