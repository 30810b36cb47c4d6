#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "core/coding.h"
#include "core/error.h"
#include "query/field_index.h"
#include "query/field_index_format.h"
#include "query/filter_walk.h"

namespace ruvector {

using namespace filter_internal;
using namespace field_index_format;

namespace {

constexpr size_t kRowsBetweenLooks = 512;  // at the clock

struct Number {
  NumberKind kind;
  uint64_t bits;
  Slot row;
  Json Value() const { return NumberOf(kind, bits); }
};

Number ToNumber(const Json& value, Slot row) {
  if (value.IsInt64()) return {kInt64, static_cast<uint64_t>(value.GetInt64()), row};
  if (value.IsUint64()) return {kUint64, value.GetUint64(), row};
  return {kDouble, BitsOf(value.GetDouble()), row};
}

/// Gathers the values of a field, rows in order.
class Gatherer {
 public:
  void Visit(const Json* value, Slot row) {
    if (value == nullptr) {
      missing_ = true;
      return;
    }
    exists_ = true;
    if (value->IsNumber()) {
      numbers_.push_back(ToNumber(*value, row));
    } else if (value->IsString()) {
      if (value->GetStringLength() > FieldIndex::kMaxIndexedString) {
        flags_ |= kHasLongStrings;
      } else {
        Add(StringList(JsonText(*value)), row);
        ++strings_rows_;
      }
    } else if (value->IsNull()) {
      Add(null_, row);
    } else if (value->IsBool()) {
      Add(value->IsTrue() ? true_ : false_, row);
    }
  }
  /// Memory in use, and as much again as Finish will write.
  size_t bytes() const {
    return (absent_.size() + present_.size()) * sizeof(Slot) +
           numbers_.size() * 2 * sizeof(Number) + string_bytes_ + strings_rows_ * 2 * sizeof(Slot);
  }
  void EndRow(Slot row) {
    (missing_ ? absent_ : present_).push_back(row);
    if (missing_ == exists_) odd_.push_back(row);
    missing_ = exists_ = false;
  }

  std::string Finish(Slot rows) {
    std::sort(numbers_.begin(), numbers_.end(), [](const Number& a, const Number& b) {
      // Of equal ones the same comes first on every target.
      const int order = CompareJson(a.Value(), b.Value());
      return order != 0 ? order < 0
                        : std::tie(a.row, a.kind, a.bits) < std::tie(b.row, b.kind, b.bits);
    });
    std::vector<const std::pair<const std::string, std::vector<Slot>>*> strings;
    for (const auto& entry : strings_) strings.push_back(&entry);
    std::sort(strings.begin(), strings.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });

    std::string bits, kinds, starts, lists, ends, text;
    uint32_t listed = 0;
    const auto list = [&](const std::vector<Slot>& of) {
      PutU32(starts, listed);
      for (const Slot row : of) PutU32(lists, row);
      listed += static_cast<uint32_t>(of.size());
    };
    const bool complement = absent_.size() > present_.size();
    if (complement) flags_ |= kMissingIsComplement;
    list(complement ? present_ : absent_);
    list(odd_);
    list(null_);
    list(false_);
    list(true_);
    uint32_t distinct = 0;
    for (size_t i = 0; i < numbers_.size(); ++distinct) {
      const Number& first = numbers_[i];
      PutU64(bits, first.bits);
      PutU8(kinds, first.kind);
      PutU32(starts, listed);
      const Json value = first.Value();
      for (Slot before = kNoSlot;
           i < numbers_.size() && CompareJson(numbers_[i].Value(), value) == 0; ++i) {
        if (numbers_[i].row == before) continue;
        before = numbers_[i].row;
        PutU32(lists, before);
        ++listed;
      }
    }
    for (const auto* entry : strings) {
      list(entry->second);
      text += entry->first;
      if (text.size() > UINT32_MAX) TooMuch();
      PutU32(ends, static_cast<uint32_t>(text.size()));
    }
    PutU32(starts, listed);
    if (lists.size() / 4 > UINT32_MAX) TooMuch();

    std::string out;
    out.reserve(kHeaderBytes + bits.size() + starts.size() + lists.size() + ends.size() +
                kinds.size() + text.size());
    for (const uint32_t word : {flags_, rows, distinct, static_cast<uint32_t>(strings.size()),
                                listed, static_cast<uint32_t>(text.size())})
      PutU32(out, word);
    for (const std::string* part : {&bits, &starts, &lists, &ends, &kinds, &text}) out += *part;
    return out;
  }

 private:
  [[noreturn]] static void TooMuch() {
    throw Error(ErrorCode::kUnsupported, "a metadata field has more than 4 GiB of values");
  }
  static void Add(std::vector<Slot>& list, Slot row) {
    if (list.empty() || list.back() != row) list.push_back(row);
  }
  std::vector<Slot>& StringList(std::string_view value) {
    key_.assign(value);  // no allocation where the value is known
    const auto [at, is_new] = strings_.try_emplace(key_);
    if (is_new) string_bytes_ += 2 * key_.size() + kBytesOfString;
    return at->second;
  }

  static constexpr size_t kBytesOfString = 96;  // what a map and a list take

  uint32_t flags_ = 0;
  bool missing_ = false, exists_ = false;  // in the row being read
  std::vector<Slot> absent_, present_, odd_, null_, false_, true_;
  std::vector<Number> numbers_;
  std::unordered_map<std::string, std::vector<Slot>> strings_;
  std::string key_;
  size_t string_bytes_ = 0, strings_rows_ = 0;
};

}  // namespace

std::string FieldIndex::Build(const Path& path, Slot begin, Slot end, const TextOfRow& text,
                              size_t most, const Interrupt* interrupt) {
  const std::vector<std::string> wanted{path[0].name};
  constexpr size_t kChunk = 65536;
  alignas(16) char buffer[8192];
  JsonAllocator pool(buffer, sizeof buffer, kChunk);
  Gatherer gatherer;
  for (Slot slot = begin; slot < end; ++slot) {
    if ((slot - begin) % kRowsBetweenLooks == 0) {
      if (interrupt != nullptr) interrupt->Check();
      if (gatherer.bytes() > most) return {};
    }
    pool.Clear();
    const Json document = ReadFields(wanted, text(slot), pool);
    StepCounter steps;
    WalkObject(path, 0, document, true, steps, [&](const Json* value) {
      gatherer.Visit(value, slot - begin);
      return false;
    });
    gatherer.EndRow(slot - begin);
  }
  if (gatherer.bytes() > most) return {};
  return gatherer.Finish(end - begin);
}

}  // namespace ruvector
