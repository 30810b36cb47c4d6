#include "api/json_pieces.h"

#include "core/json.h"

namespace ruvector {
inline namespace v1 {
namespace internal {

void JsonPieces::Fail(const std::string& expected) const {
  throw Error(ErrorCode::kInvalidOption,
              std::string(what_) + ": expected " + expected + " at byte " + std::to_string(at_));
}

void JsonPieces::SkipSpace() {
  const size_t next = text_.find_first_not_of(" \t\r\n", at_);
  at_ = next == std::string_view::npos ? text_.size() : next;
}

bool JsonPieces::Accept(char c) {
  SkipSpace();
  if (at_ == text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

void JsonPieces::Expect(char c) {
  if (!Accept(c)) Fail(std::string("\"") + c + "\"");
}

void JsonPieces::RequireEnd() {
  SkipSpace();
  if (at_ != text_.size()) Fail("the end");
}

void JsonPieces::SkipString() {
  Expect('"');
  while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
  if (at_ >= text_.size()) {
    at_ = text_.size();
    Fail("the end of a string");
  }
  ++at_;
}

std::string JsonPieces::Key() {
  SkipSpace();
  const size_t from = at_;
  SkipString();
  const JsonDocument key = ParseJson(text_.substr(from, at_ - from), what_);
  return std::string(JsonText(key));
}

std::string_view JsonPieces::Value() {
  SkipSpace();
  const size_t from = at_;
  size_t depth = 0;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '"') {
      SkipString();
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at_;
    } else if (c == '}' || c == ']') {
      if (depth == 0) break;
      --depth;
      ++at_;
    } else if (c == ',' && depth == 0) {
      break;
    } else {
      ++at_;
      continue;
    }
    if (depth == 0) break;
  }
  if (at_ == from) Fail("a value");
  return text_.substr(from, at_ - from);
}

}  // namespace internal
}  // namespace v1
}  // namespace ruvector
