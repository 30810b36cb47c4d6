#include "core/json.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "core/types.h"

namespace ruvector {
namespace {

using rapidjson::SizeType;

/// True when a decoded string holds a surrogate. Raw ones do not pass the encoding check, so this
/// one came from an escape without its partner.
bool HasSurrogate(const char* s, size_t n) {
  const char* const end = s + n;
  while (n >= 3 && (s = static_cast<const char*>(std::memchr(s, 0xED, n - 2))) != nullptr) {
    if (static_cast<unsigned char>(s[1]) >= 0xA0) return true;
    s += 3;
    n = s < end ? static_cast<size_t>(end - s) : 0;
  }
  return false;
}

/// Hands the reader's events to the document, and stops at what RapidJSON itself lets through.
class StrictHandler {
 public:
  using Ch = char;

  explicit StrictHandler(JsonDocument& document) : document_(document) {}

  bool Null() { return document_.Null(); }
  bool Bool(bool v) { return document_.Bool(v); }
  bool RawNumber(const char* s, SizeType n, bool /*copy*/) {
    Json number;
    if (!ParseJsonNumber({s, n}, &number)) return Refuse("number is too large for a double");
    if (number.IsInt64()) return document_.Int64(number.GetInt64());
    if (number.IsUint64()) return document_.Uint64(number.GetUint64());
    return document_.Double(number.GetDouble());
  }
  // Numbers arrive as text only.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }
  bool String(const char* s, SizeType n, bool copy) {
    return HasSurrogate(s, n) ? Refuse("lone surrogate") : document_.String(s, n, copy);
  }
  bool Key(const char* s, SizeType n, bool copy) {
    return HasSurrogate(s, n) ? Refuse("lone surrogate") : document_.Key(s, n, copy);
  }
  bool StartObject() { return Enter() && document_.StartObject(); }
  bool EndObject(SizeType n) { return Leave() && document_.EndObject(n); }
  bool StartArray() { return Enter() && document_.StartArray(); }
  bool EndArray(SizeType n) { return Leave() && document_.EndArray(n); }

  const std::string& reason() const { return reason_; }

 private:
  bool Refuse(const char* reason) {
    reason_ = reason;
    return false;
  }
  bool Enter() {
    if (++depth_ <= kMaxJsonDepth) return true;
    reason_ = "more than " + std::to_string(kMaxJsonDepth) + " nested values";
    return false;
  }
  bool Leave() {
    --depth_;
    return true;
  }

  JsonDocument& document_;
  size_t depth_ = 0;
  std::string reason_;
};

[[noreturn]] void ThrowAt(ErrorCode code, const char* what, std::string reason, size_t offset) {
  if (!reason.empty() && reason.back() == '.') reason.pop_back();
  const auto is_upper = [&](size_t i) { return reason[i] >= 'A' && reason[i] <= 'Z'; };
  if (reason.size() > 1 && is_upper(0) && !is_upper(1)) {
    reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
  }
  throw Error(code, std::string(what) + ": " + reason + " at byte " + std::to_string(offset));
}

/// An output stream of RapidJSON over a string.
struct StringSink {
  using Ch = char;
  void Put(char c) { out.push_back(c); }
  void Flush() {}
  std::string& out;
};

void CheckDepth(size_t depth) {
  if (depth > kMaxJsonDepth) {
    throw Error(ErrorCode::kInternal,
                "json nests deeper than " + std::to_string(kMaxJsonDepth) + " values");
  }
}

// RapidJSON's CopyFrom keeps pointers to strings that were made without a copy.
Json CopyValue(const Json& value, JsonAllocator& allocator, size_t depth) {
  CheckDepth(depth);
  if (value.IsString()) return JsonString(JsonText(value), allocator);
  if (value.IsArray()) {
    Json copy(rapidjson::kArrayType);
    copy.Reserve(value.Size(), allocator);
    for (const Json& element : value.GetArray()) {
      copy.PushBack(CopyValue(element, allocator, depth + 1), allocator);
    }
    return copy;
  }
  if (value.IsObject()) {
    Json copy(rapidjson::kObjectType);
    for (const auto& member : value.GetObject()) {
      copy.AddMember(JsonString(JsonText(member.name), allocator),
                     CopyValue(member.value, allocator, depth + 1), allocator);
    }
    return copy;
  }
  return Json(value, allocator);
}

void AppendValue(std::string& out, const Json& value, size_t depth) {
  CheckDepth(depth);
  switch (value.GetType()) {
    case rapidjson::kNullType:
      out += "null";
      return;
    case rapidjson::kFalseType:
      out += "false";
      return;
    case rapidjson::kTrueType:
      out += "true";
      return;
    case rapidjson::kStringType:
      AppendJsonString(out, JsonText(value));
      return;
    case rapidjson::kNumberType:
      if (value.IsInt64()) {
        AppendJsonInteger(out, value.GetInt64());
      } else if (value.IsUint64()) {
        AppendJsonInteger(out, value.GetUint64());
      } else {
        AppendJsonNumber(out, value.GetDouble());
      }
      return;
    case rapidjson::kArrayType: {
      out += '[';
      bool first = true;
      for (const Json& element : value.GetArray()) {
        if (!first) out += ',';
        first = false;
        AppendValue(out, element, depth + 1);
      }
      out += ']';
      return;
    }
    case rapidjson::kObjectType: {
      out += '{';
      bool first = true;
      for (const auto& member : value.GetObject()) {
        if (!first) out += ',';
        first = false;
        AppendJsonString(out, JsonText(member.name));
        out += ':';
        AppendValue(out, member.value, depth + 1);
      }
      out += '}';
      return;
    }
  }
}

template <typename T>
void AppendInteger(std::string& out, T v) {
  char digits[24];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, v);
  out.append(digits, end.ptr);
}

}  // namespace

namespace json_internal {

void AssertionFailed(const char* condition) {
  throw Error(ErrorCode::kInternal, std::string("json value used as what it is not: ") + condition);
}

}  // namespace json_internal

JsonDocument ParseJson(std::string_view text, const char* what, ErrorCode code) {
  if (text.size() >= 0xFFFFFFFFu) ThrowAt(code, what, "text of 4 GiB or more", 0);
  if (text.substr(0, 3) == "\xEF\xBB\xBF") ThrowAt(code, what, "byte-order mark", 0);
  // RapidJSON takes a NUL for the end, whatever follows.
  if (const size_t nul = text.find('\0'); nul != text.npos) {
    ThrowAt(code, what, "NUL byte", nul);
  }

  JsonDocument document;
  StrictHandler handler(document);
  rapidjson::ParseResult result;
  auto generate = [&](JsonDocument&) {
    using Reader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>,
                                            json_internal::CheckedAllocator>;
    Reader reader;
    rapidjson::MemoryStream stream(text.data() == nullptr ? "" : text.data(), text.size());
    constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                                rapidjson::kParseValidateEncodingFlag |
                                rapidjson::kParseNumbersAsStringsFlag;
    result = reader.Parse<kFlags>(stream, handler);
    return !result.IsError();
  };
  document.Populate(generate);
  if (result.IsError()) {
    ThrowAt(
        code, what,
        handler.reason().empty() ? rapidjson::GetParseError_En(result.Code()) : handler.reason(),
        result.Offset());
  }
  return document;
}

std::string WriteJson(const Json& value) {
  std::string out;
  AppendJson(out, value);
  return out;
}

void AppendJson(std::string& out, const Json& value) { AppendValue(out, value, 0); }

void AppendJsonString(std::string& out, std::string_view s) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  size_t clean = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(s[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(s.data() + clean, i - clean);
    clean = i + 1;
    out += '\\';
    switch (c) {
      case '"':
      case '\\':
        out += static_cast<char>(c);
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      default:
        out += "u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(s.data() + clean, s.size() - clean);
  out += '"';
}

void AppendJsonNumber(std::string& out, double v) {
  if (!std::isfinite(v)) {
    throw Error(ErrorCode::kInternal, "a number that is not finite has no JSON form");
  }
  StringSink sink{out};
  rapidjson::Writer<StringSink, rapidjson::UTF8<>, rapidjson::UTF8<>,
                    json_internal::CheckedAllocator>
      writer(sink);
  writer.Double(v);
}

void AppendJsonInteger(std::string& out, int64_t v) { AppendInteger(out, v); }
void AppendJsonInteger(std::string& out, uint64_t v) { AppendInteger(out, v); }

std::string QuoteForMessage(std::string_view s) {
  constexpr size_t kLimit = 80;
  std::string out;
  if (s.size() <= kLimit) {
    AppendJsonString(out, s);
    return out;
  }
  size_t cut = kLimit;
  // Not inside a character: continuation bytes are 10xxxxxx.
  while (cut > 0 && (static_cast<unsigned char>(s[cut]) & 0xC0) == 0x80) --cut;
  AppendJsonString(out, s.substr(0, cut));
  out.insert(out.size() - 1, "…");
  return out;
}

const char* JsonTypeName(const Json& value) {
  switch (value.GetType()) {
    case rapidjson::kNullType:
      return "null";
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return "a boolean";
    case rapidjson::kObjectType:
      return "an object";
    case rapidjson::kArrayType:
      return "an array";
    case rapidjson::kStringType:
      return "a string";
    case rapidjson::kNumberType:
      return "a number";
  }
  return "an unknown value";
}

const Json* FindMember(const Json& object, std::string_view key) {
  if (!object.IsObject()) return nullptr;
  for (auto it = object.MemberBegin(); it != object.MemberEnd(); ++it) {
    if (it->name.GetStringLength() == key.size() &&
        std::memcmp(it->name.GetString(), key.data(), key.size()) == 0) {
      return &it->value;
    }
  }
  return nullptr;
}

bool JsonDeeperThan(const Json& value, size_t depth) {
  if (value.IsArray()) {
    if (depth == 0) return true;
    for (const Json& element : value.GetArray()) {
      if (JsonDeeperThan(element, depth - 1)) return true;
    }
  } else if (value.IsObject()) {
    if (depth == 0) return true;
    for (const auto& member : value.GetObject()) {
      if (JsonDeeperThan(member.value, depth - 1)) return true;
    }
  }
  return false;
}

Json CopyJson(const Json& value, JsonAllocator& allocator) {
  return CopyValue(value, allocator, 0);
}

}  // namespace ruvector
