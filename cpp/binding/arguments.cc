#include "binding/arguments.h"

#include <cmath>

#include "core/suggest.h"

namespace ruvector {

std::string ShowValue(const Json& value) {
  if (value.IsString()) {
    const std::string_view text = JsonText(value);
    if (text == "NaN" || text == "Infinity" || text == "-Infinity") return std::string(text);
    return QuoteForMessage(text);
  }
  if (value.IsObject() || value.IsArray()) return JsonTypeName(value);
  return WriteJson(value);
}

Arguments::Arguments(const Json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object.IsObject()) {
    throw Error(ErrorCode::kInvalidOption,
                (where_.empty() ? "options" : where_.substr(0, where_.size() - 1)) + " is " +
                    ShowValue(object) + ", expected an object");
  }
}

void Arguments::RequireKnown(std::span<const std::string_view> known) const {
  for (auto at = object_.MemberBegin(); at != object_.MemberEnd(); ++at) {
    const std::string_view key = JsonText(at->name);
    bool found = false;
    for (const std::string_view k : known) found = found || k == key;
    if (!found) {
      throw Error(
          ErrorCode::kInvalidOption,
          "unknown option " + QuoteForMessage(where_ + std::string(key)) + DidYouMean(key, known));
    }
  }
}

void Arguments::Refuse(std::string_view key, const std::string& expected, const Json& got,
                       ErrorCode code) const {
  throw Error(code, where_ + std::string(key) + " is " + ShowValue(got) + ", expected " + expected);
}

const Json& Arguments::Get(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr)
    throw Error(ErrorCode::kInvalidOption, where_ + std::string(key) + " is missing");
  return *value;
}

std::optional<size_t> Arguments::Whole(std::string_view key, size_t lo, size_t hi,
                                       ErrorCode code) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const double number = value->IsNumber() ? value->GetDouble() : NAN;
  if (!(number >= static_cast<double>(lo) && number <= static_cast<double>(hi)) ||
      number != std::floor(number)) {
    Refuse(key, "a whole number from " + std::to_string(lo) + " to " + std::to_string(hi), *value,
           code);
  }
  return static_cast<size_t>(number);
}

std::optional<double> Arguments::Number(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->IsNumber()) Refuse(key, "a number", *value);
  return value->GetDouble();
}

std::optional<bool> Arguments::Flag(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->IsBool()) Refuse(key, "true or false", *value);
  return value->GetBool();
}

std::optional<std::string> Arguments::Text(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->IsString()) Refuse(key, "a string", *value);
  return std::string(JsonText(*value));
}

std::optional<size_t> Arguments::Word(std::string_view key,
                                      std::span<const std::string_view> words) const {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  std::string list;
  for (size_t i = 0; i < words.size(); ++i) {
    if (value->IsString() && JsonText(*value) == words[i]) return i;
    list += (i == 0 ? "\"" : ", \"") + std::string(words[i]) + "\"";
  }
  Refuse(key, "one of " + list + (value->IsString() ? DidYouMean(JsonText(*value), words) : ""),
         *value);
}

}  // namespace ruvector
