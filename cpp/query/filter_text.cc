// Reads only the fields a filter names out of a metadata text: a filtered scan would otherwise
// spend its time parsing the rest. The text was checked when it was stored, so what is skipped is
// not checked again; still nothing here reads outside the text, whatever it holds.
#include <algorithm>
#include <cstring>
#include <string>

#include "core/types.h"
#include "query/filter_tree.h"

namespace ruvector::filter_internal {
namespace {

class TextReader {
 public:
  TextReader(std::string_view text, JsonAllocator& pool)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), pool_(pool) {}

  Json Fields(const std::vector<std::string>& wanted) {
    Json object(rapidjson::kObjectType);
    SkipSpace();
    if (at_ == end_ || Literal("null") || wanted.empty()) return object;
    Take('{');
    if (TryTake('}')) return object;
    do {
      const std::string_view key = String();
      Take(':');
      if (IsWanted(key, wanted) && FindMember(object, key) == nullptr) {
        AddMember(object, key, Value(1));
        if (object.MemberCount() == wanted.size()) return object;
      } else {
        SkipValue();
      }
    } while (TryTake(','));
    Take('}');
    return object;
  }

 private:
  [[noreturn]] void Fail() const {
    throw Error(ErrorCode::kCorrupt,
                "stored metadata is no valid JSON at byte " + std::to_string(at_ - begin_));
  }

  static bool IsWanted(std::string_view key, const std::vector<std::string>& wanted) {
    constexpr size_t kFew = 8;
    if (wanted.size() > kFew) return std::binary_search(wanted.begin(), wanted.end(), key);
    return std::find(wanted.begin(), wanted.end(), key) != wanted.end();
  }

  static Json View(std::string_view s) {
    return Json(Json::StringRefType(s.data(), static_cast<rapidjson::SizeType>(s.size())));
  }

  void AddMember(Json& object, std::string_view key, Json value) {
    Json name = View(key);
    object.AddMember(name, value, pool_);
  }

  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool TryTake(char c) {
    SkipSpace();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void Take(char c) {
    if (!TryTake(c)) Fail();
  }
  bool Literal(std::string_view word) {
    if (static_cast<size_t>(end_ - at_) < word.size()) return false;
    if (std::memcmp(at_, word.data(), word.size()) != 0) return false;
    at_ += word.size();
    return true;
  }

  /// Behind the closing quotation mark of the string at at_; `*escaped` when it has a backslash.
  const char* StringEnd(bool* escaped) const {
    const char* quote = at_;
    while (true) {
      ++quote;
      quote = static_cast<const char*>(std::memchr(quote, '"', static_cast<size_t>(end_ - quote)));
      if (quote == nullptr) Fail();
      const char* slash = quote;
      while (slash[-1] == '\\') --slash;
      if ((quote - slash) % 2 == 0) break;
    }
    const size_t length = static_cast<size_t>(quote - at_ - 1);
    *escaped = length > 0 && std::memchr(at_ + 1, '\\', length) != nullptr;
    return quote + 1;
  }

  std::string_view String() {
    SkipSpace();
    if (at_ == end_ || *at_ != '"') Fail();
    bool escaped = false;
    const char* const after = StringEnd(&escaped);
    const std::string_view raw(at_ + 1, static_cast<size_t>(after - at_ - 2));
    const std::string_view text = escaped ? Unescape(raw) : raw;
    at_ = after;
    return text;
  }

  std::string_view Unescape(std::string_view raw) {
    // An escape is never shorter than what it stands for.
    char* const out = static_cast<char*>(pool_.Malloc(raw.size()));
    size_t n = 0;
    for (size_t i = 0; i < raw.size(); ++i) {
      const size_t run = std::min(raw.find('\\', i), raw.size()) - i;
      std::memcpy(out + n, raw.data() + i, run);
      n += run;
      i += run;
      if (i == raw.size()) break;
      if (++i == raw.size()) Fail();
      switch (raw[i]) {
        case '"':
        case '\\':
        case '/':
          out[n++] = raw[i];
          break;
        case 'b':
          out[n++] = '\b';
          break;
        case 'f':
          out[n++] = '\f';
          break;
        case 'n':
          out[n++] = '\n';
          break;
        case 'r':
          out[n++] = '\r';
          break;
        case 't':
          out[n++] = '\t';
          break;
        case 'u': {
          uint32_t code = Hex4(raw, i + 1);
          i += 4;
          if (code >= 0xD800 && code < 0xDC00) {
            if (i + 2 >= raw.size() || raw[i + 1] != '\\' || raw[i + 2] != 'u') Fail();
            const uint32_t low = Hex4(raw, i + 3);
            if (low < 0xDC00 || low > 0xDFFF) Fail();
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
          } else if (code >= 0xDC00 && code <= 0xDFFF) {
            Fail();
          }
          n += PutUtf8(out + n, code);
          break;
        }
        default:
          Fail();
      }
    }
    return {out, n};
  }

  uint32_t Hex4(std::string_view raw, size_t i) const {
    if (i + 4 > raw.size()) Fail();
    uint32_t code = 0;
    for (const char c : raw.substr(i, 4)) {
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        code = code * 16 + static_cast<uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        code = code * 16 + static_cast<uint32_t>(lower - 'a' + 10);
      } else {
        Fail();
      }
    }
    return code;
  }

  static size_t PutUtf8(char* out, uint32_t code) {
    const auto tail = [code](uint32_t shift) {
      return static_cast<char>(0x80 | ((code >> shift) & 0x3F));
    };
    if (code < 0x80) {
      out[0] = static_cast<char>(code);
      return 1;
    }
    if (code < 0x800) {
      out[0] = static_cast<char>(0xC0 | (code >> 6));
      out[1] = tail(0);
      return 2;
    }
    if (code < 0x10000) {
      out[0] = static_cast<char>(0xE0 | (code >> 12));
      out[1] = tail(6);
      out[2] = tail(0);
      return 3;
    }
    out[0] = static_cast<char>(0xF0 | (code >> 18));
    out[1] = tail(12);
    out[2] = tail(6);
    out[3] = tail(0);
    return 4;
  }

  Json Value(size_t depth) {
    if (depth > kMaxJsonDepth) Fail();
    SkipSpace();
    if (at_ == end_) Fail();
    switch (*at_) {
      case '"':
        return View(String());
      case '{':
        return Object(depth);
      case '[':
        return Array(depth);
      case 't':
        if (Literal("true")) return Json(true);
        break;
      case 'f':
        if (Literal("false")) return Json(false);
        break;
      case 'n':
        if (Literal("null")) return Json();
        break;
      default:
        return Number();
    }
    Fail();
  }

  Json Object(size_t depth) {
    Json object(rapidjson::kObjectType);
    Take('{');
    if (TryTake('}')) return object;
    do {
      const std::string_view key = String();
      Take(':');
      AddMember(object, key, Value(depth + 1));
    } while (TryTake(','));
    Take('}');
    return object;
  }

  Json Array(size_t depth) {
    Json array(rapidjson::kArrayType);
    Take('[');
    if (TryTake(']')) return array;
    do {
      Json element = Value(depth + 1);
      array.PushBack(element, pool_);
    } while (TryTake(','));
    Take(']');
    return array;
  }

  Json Number() {
    const char* const start = at_;
    SkipScalar();
    Json number;
    if (!ParseJsonNumber({start, static_cast<size_t>(at_ - start)}, &number)) {
      at_ = start;
      Fail();
    }
    return number;
  }

  void SkipScalar() {
    while (at_ != end_ && *at_ != ',' && *at_ != '}' && *at_ != ']' && *at_ != ' ' &&
           *at_ != '\n' && *at_ != '\r' && *at_ != '\t') {
      ++at_;
    }
  }

  void SkipValue() {
    SkipSpace();
    if (at_ == end_) Fail();
    bool escaped = false;
    if (*at_ == '"') {
      at_ = StringEnd(&escaped);
      return;
    }
    if (*at_ != '{' && *at_ != '[') {
      SkipScalar();
      return;
    }
    size_t open = 0;
    for (; at_ != end_; ++at_) {
      switch (*at_) {
        case '"':
          at_ = StringEnd(&escaped) - 1;
          break;
        case '{':
        case '[':
          ++open;
          break;
        case '}':
        case ']':
          if (--open == 0) {
            ++at_;
            return;
          }
          break;
        default:
          break;
      }
    }
    Fail();
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  JsonAllocator& pool_;
};

}  // namespace

Json ReadFields(const std::vector<std::string>& wanted, std::string_view text,
                JsonAllocator& pool) {
  return TextReader(text, pool).Fields(wanted);
}

}  // namespace ruvector::filter_internal
