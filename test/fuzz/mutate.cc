#include "mutate.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <limits>
#include <string_view>
#include <vector>

#include "core/coding.h"
#include "core/random.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

namespace ruvector::fuzz {
namespace {

struct Span {
  size_t begin, end;
  size_t size() const { return end - begin; }
};

// Where the parts of a JSON text lie, as far as it is one.
struct JsonParts {
  std::vector<Span> values;  // strings, numbers, words, arrays, objects
  std::vector<Span> keys;
  std::vector<Span> items;  // elements, and members with their keys
};

JsonParts PartsOf(std::string_view text) {
  struct Open {
    size_t begin;
    char close;
    size_t item;
    bool key;
  };
  JsonParts parts;
  std::vector<Open> open;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const size_t begin = at;
    if (c == '{' || c == '[') {
      open.push_back({at, c == '{' ? '}' : ']', at + 1, c == '{'});
      ++at;
    } else if (c == '}' || c == ']' || c == ',') {
      if (open.empty() || (c != ',' && open.back().close != c)) break;
      if (at > open.back().item) parts.items.push_back({open.back().item, at});
      ++at;
      open.back().item = at;
      open.back().key = open.back().close == '}';
      if (c == ',') continue;
      parts.values.push_back({open.back().begin, at});
      open.pop_back();
    } else if (c == ':') {
      if (!open.empty()) open.back().key = false;
      ++at;
    } else if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\';
      if (at >= text.size()) break;
      ++at;
      (!open.empty() && open.back().key ? parts.keys : parts.values).push_back({begin, at});
    } else {
      at = std::min(text.find_first_of("{}[],:\"", at), text.size());
      parts.values.push_back({begin, at});
    }
  }
  return parts;
}

constexpr const char* kValues[] = {"null",
                                   "true",
                                   "false",
                                   "0",
                                   "-0",
                                   "1",
                                   "-1",
                                   "2",
                                   "3",
                                   "64",
                                   "255",
                                   "256",
                                   "512",
                                   "513",
                                   "65535",
                                   "65536",
                                   "65537",
                                   "2147483647",
                                   "4294967294",
                                   "4294967295",
                                   "4294967296",
                                   "9007199254740993",
                                   "9007199254740993.0",
                                   "9223372036854775808",
                                   "-9223372036854775808",
                                   "18446744073709551615",
                                   "18446744073709551616",
                                   "1.0",
                                   "1e2",
                                   "0.1",
                                   "1.7976931348623157e308",
                                   "5e-324",
                                   "1e999",
                                   "\"\"",
                                   "\"a\"",
                                   "\"0\"",
                                   "\"1\"",
                                   "\"default\"",
                                   "\"7fffffffffffffff\"",
                                   "\"ffffffffffffffff\"",
                                   "\"fffffffffffffffe\"",
                                   "\"euclidean\"",
                                   "\"dot\"",
                                   "\"manhattan\"",
                                   "\"hnsw\"",
                                   "\"\\u0000\"",
                                   "\"\\ud83d\\ude00\"",
                                   "\"\\\\\\\"\\n\"",
                                   "[]",
                                   "{}",
                                   "[[]]",
                                   "[null]",
                                   "[1,2,3]",
                                   "{\"a\":1}",
                                   "[{\"b\":1},{\"b\":[2,3]}]"};
constexpr const char* kKeys[] = {
    "\"\"",     "\"a\"",        "\"a.b\"",  "\"a.0\"",       "\"a.b.c\"",      "\"$eq\"",
    "\"$ne\"",  "\"$gt\"",      "\"$gte\"", "\"$lt\"",       "\"$lte\"",       "\"$in\"",
    "\"$nin\"", "\"$exists\"",  "\"$all\"", "\"$size\"",     "\"$elemMatch\"", "\"$not\"",
    "\"$and\"", "\"$or\"",      "\"$nor\"", "\"$contains\"", "\"$between\"",   "\"$\"",
    "\"0\"",    "\"__proto__\""};

template <typename T>
const T& OneOf(const std::vector<T>& list, Dice& dice) {
  return list[dice.Below(list.size())];
}

void Replace(std::string& text, Span span, std::string_view with) {
  text.replace(span.begin, span.size(), with);
}

}  // namespace

uint64_t Dice::Next() { return SplitMix64(state_ += 0x9e3779b97f4a7c15u); }

void MutateBytes(std::string& bytes, size_t most, Dice&) {
  const size_t size = bytes.size();
  bytes.resize(std::max(most, size));
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(bytes.data()), size, bytes.size()));
}

void MutateJson(std::string& text, size_t most, Dice& dice) {
  const JsonParts parts = PartsOf(text);
  if (parts.values.empty() || dice.OneIn(16)) return MutateBytes(text, most, dice);
  const Span value = OneOf(parts.values, dice);
  const std::string old = text.substr(value.begin, value.size());
  switch (dice.Below(parts.items.empty() ? 5 : 10)) {
    case 0:
    case 1:
      Replace(text, value, kValues[dice.Below(std::size(kValues))]);
      break;
    case 2: {
      const Span other = OneOf(parts.values, dice);
      Replace(text, value, text.substr(other.begin, other.size()));
      break;
    }
    case 3: {
      const bool quoted = old.size() >= 2 && old[0] == '"';
      std::string inner = quoted ? old.substr(1, old.size() - 2) : old;
      MutateBytes(inner, inner.size() + 8, dice);
      Replace(text, value, quoted ? "\"" + inner + "\"" : inner);
      break;
    }
    case 4:
      Replace(text, value,
              dice.OneIn(2)
                  ? "[" + old + "]"
                  : "{" + std::string(kKeys[dice.Below(std::size(kKeys))]) + ":" + old + "}");
      break;
    case 5: {
      Span item = OneOf(parts.items, dice);
      if (item.end < text.size() && text[item.end] == ',') {
        ++item.end;
      } else if (item.begin > 0 && text[item.begin - 1] == ',') {
        --item.begin;
      }
      text.erase(item.begin, item.size());
      break;
    }
    case 6: {
      const Span item = OneOf(parts.items, dice), other = OneOf(parts.items, dice);
      text.insert(item.begin, text.substr(other.begin, other.size()) + ",");
      break;
    }
    case 7: {
      const Span item = OneOf(parts.items, dice), other = OneOf(parts.items, dice);
      if (item.end > other.begin) break;
      const std::string later = text.substr(other.begin, other.size());
      const std::string earlier = text.substr(item.begin, item.size());
      Replace(text, other, earlier);
      Replace(text, item, later);
      break;
    }
    case 8:
      if (parts.keys.empty()) break;
      Replace(text, OneOf(parts.keys, dice), kKeys[dice.Below(std::size(kKeys))]);
      break;
    case 9: {
      const Span item = OneOf(parts.items, dice);
      const std::string value_text = kValues[dice.Below(std::size(kValues))];
      const bool member = text[item.begin] == '"' &&
                          text.substr(item.begin, item.size()).find("\":") != std::string::npos;
      text.insert(item.begin, (member ? std::string(kKeys[dice.Below(std::size(kKeys))]) + ":"
                                      : std::string()) +
                                  value_text + ",");
      break;
    }
  }
  if (text.size() > most) text.resize(most);
}

void MutateWord(std::string& bytes, size_t width, uint64_t near, Dice& dice) {
  const size_t words = bytes.size() / width;
  if (words == 0) return;
  char* at = bytes.data() + dice.Below(words) * width;
  const char* other = bytes.data() + dice.Below(words) * width;
  uint64_t word = width == 8 ? LoadU64(at) : LoadU32(at);
  switch (dice.Below(7)) {
    case 0:
      word = near + dice.Below(5) - 2;
      break;
    case 1:
      word = dice.Below(static_cast<size_t>(near) + 1);
      break;
    case 2:
      word += dice.Below(5) - 2;
      break;
    case 3:
      word = ~uint64_t{0} - dice.Below(3);
      break;
    case 4:
      word ^= uint64_t{1} << dice.Below(width * 8);
      break;
    case 5:
      word = dice.Below(4);
      break;
    case 6:
      word = width == 8 ? LoadU64(other) : LoadU32(other);
      break;
  }
  if (width == 8) {
    StoreU64(at, word);
  } else {
    StoreU32(at, static_cast<uint32_t>(word));
  }
}

void MutateFloat(std::string& bytes, Dice& dice) {
  const size_t words = bytes.size() / 4;
  if (words == 0) return;
  constexpr float kFloats[] = {0.0f,
                               -0.0f,
                               1.0f,
                               -1.0f,
                               1e-30f,
                               1e17f,
                               3e38f,
                               -3e38f,
                               std::numeric_limits<float>::denorm_min(),
                               std::numeric_limits<float>::infinity(),
                               -std::numeric_limits<float>::infinity(),
                               std::numeric_limits<float>::quiet_NaN()};
  const size_t to = dice.Below(words) * 4, from = dice.Below(words) * 4;
  const size_t row = std::min(bytes.size() - std::max(to, from), 4 * (1 + dice.Below(4)));
  switch (dice.Below(3)) {
    case 0:
      StoreU32(bytes.data() + to, std::bit_cast<uint32_t>(kFloats[dice.Below(std::size(kFloats))]));
      break;
    case 1:  // often makes two vectors the same
      std::memmove(bytes.data() + to, bytes.data() + from, row);
      break;
    case 2:
      StoreU32(bytes.data() + to, static_cast<uint32_t>(dice.Next()));
      break;
  }
}

size_t Mutate(uint8_t* data, size_t size, size_t most, unsigned seed, Mutation mutation) {
  Dice dice(seed);
  if (size == 0 || dice.OneIn(16)) return LLVMFuzzerMutate(data, size, most);
  std::string bytes(reinterpret_cast<const char*>(data), size);
  mutation(bytes, most, dice);
  if (bytes.size() > most || bytes.empty()) return LLVMFuzzerMutate(data, size, most);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace ruvector::fuzz
