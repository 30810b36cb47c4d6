#include "query/field_index.h"

#include <algorithm>

#include "core/coding.h"
#include "core/error.h"
#include "query/field_index_format.h"

namespace ruvector {

using filter_internal::CompareJson;
using filter_internal::Node;
using filter_internal::Op;
using namespace field_index_format;

namespace {

[[noreturn]] void Damaged(const char* what) {
  throw Error(ErrorCode::kCorrupt, std::string("a field index ") + what);
}

bool Holds(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

FieldIndex::FieldIndex(std::string_view bytes, Slot begin, Slot end)
    : bytes_(bytes), begin_(begin), end_(end) {
  const uint32_t rows = end - begin;
  if (bytes.size() < kHeaderBytes) Damaged("is cut short");
  const char* at = bytes.data();
  flags_ = LoadU32(at);
  if (LoadU32(at + 4) != rows) Damaged("is of another number of rows");
  numbers_ = LoadU32(at + 8);
  strings_ = LoadU32(at + 12);
  postings_ = LoadU32(at + 16);
  string_bytes_ = LoadU32(at + 20);
  const uint64_t lists = uint64_t{kSpecials} + numbers_ + strings_;
  const uint64_t expected = kHeaderBytes + uint64_t{numbers_} * 9 + (lists + 1) * 4 +
                            uint64_t{postings_} * 4 + uint64_t{strings_} * 4 + string_bytes_;
  if (expected != bytes.size()) Damaged("is of another size than its counts");
  if (lists > kNoSlot) Damaged("has too many values");
  number_bits_ = at + kHeaderBytes;
  starts_ = number_bits_ + uint64_t{numbers_} * 8;
  rows_ = starts_ + (lists + 1) * 4;
  string_ends_ = rows_ + uint64_t{postings_} * 4;
  number_kinds_ = string_ends_ + uint64_t{strings_} * 4;
  text_ = number_kinds_ + numbers_;
  uint32_t before = 0;
  for (uint64_t list = 0; list <= lists; ++list) {
    const uint32_t start = Start(static_cast<uint32_t>(list));
    if (start < before || start > postings_) Damaged("has lists of rows that go backwards");
    before = start;
  }
  if (Start(0) != 0 || before != postings_) Damaged("has rows outside its lists");
  for (uint32_t list = 0, i = 0; list < lists; ++list) {
    uint64_t least = 0;
    for (; i < Start(list + 1); ++i) {
      const uint32_t row = LoadU32(rows_ + uint64_t{i} * 4);
      if (row >= rows) Damaged("names a row that does not exist");
      if (row < least) Damaged("has rows that go backwards");
      least = uint64_t{row} + 1;
    }
  }
  before = 0;
  for (uint32_t i = 0; i < strings_; ++i) {
    const uint32_t string_end = LoadU32(string_ends_ + uint64_t{i} * 4);
    if (string_end < before || string_end > string_bytes_) Damaged("has strings that go backwards");
    before = string_end;
  }
  for (uint32_t i = 0; i < numbers_; ++i) {
    const auto kind = static_cast<uint8_t>(number_kinds_[i]);
    if (kind > kDouble || !IsNumber(kind, LoadU64(number_bits_ + uint64_t{i} * 8)))
      Damaged("has a number that is none");
  }
}

std::shared_ptr<const FieldIndex> FieldIndex::Own(std::string bytes, Slot begin, Slot end) {
  auto index = std::make_shared<FieldIndex>(bytes, begin, end);
  // The views of a long string stay right when it moves; an index has a header, so it is long.
  index->owned_ = std::move(bytes);
  return index;
}

uint32_t FieldIndex::Start(uint32_t list) const { return LoadU32(starts_ + uint64_t{list} * 4); }

std::string_view FieldIndex::StringAt(uint32_t i) const {
  const uint32_t from = i == 0 ? 0 : LoadU32(string_ends_ + uint64_t{i - 1} * 4);
  return {text_ + from, LoadU32(string_ends_ + uint64_t{i} * 4) - from};
}

Json FieldIndex::ValueAt(uint32_t list) const {
  const uint32_t i = list - kSpecials;
  if (i >= numbers_) {
    const std::string_view s = StringAt(i - numbers_);
    return Json(Json::StringRefType(s.data(), static_cast<rapidjson::SizeType>(s.size())));
  }
  return NumberOf(static_cast<uint8_t>(number_kinds_[i]), LoadU64(number_bits_ + uint64_t{i} * 8));
}

uint32_t FieldIndex::LowerBound(const Json& value, uint32_t begin, uint32_t end) const {
  while (begin < end) {
    const uint32_t middle = begin + (end - begin) / 2;
    if (CompareJson(ValueAt(middle), value) < 0) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

uint32_t FieldIndex::UpperBound(const Json& value, uint32_t begin, uint32_t end) const {
  const uint32_t at = LowerBound(value, begin, end);
  return at < end && CompareJson(ValueAt(at), value) == 0 ? at + 1 : at;
}

void FieldIndex::SetLists(uint32_t begin, uint32_t end, Bitset& rows) const {
  const uint32_t last = Start(end);
  for (uint32_t i = Start(begin); i < last; ++i)
    rows.Set(begin_ + LoadU32(rows_ + uint64_t{i} * 4));
}

void FieldIndex::SetMissing(Bitset& rows) const {
  if ((flags_ & kMissingIsComplement) == 0) return SetLists(kMissing, kMissing + 1, rows);
  // The rows of the list are those that miss nothing, ascending.
  Slot next = begin_;
  for (uint32_t i = Start(kMissing); i < Start(kMissing + 1); ++i) {
    const Slot present = begin_ + LoadU32(rows_ + uint64_t{i} * 4);
    for (; next < present; ++next) rows.Set(next);
    next = present + 1;
  }
  for (; next < end_; ++next) rows.Set(next);
}

bool FieldIndex::SetEqual(const Json& value, Bitset& rows) const {
  if (value.IsNull()) {
    SetMissing(rows);
    SetLists(kNull, kNull + 1, rows);
    return true;
  }
  return SetRange(&value, true, &value, true, rows);
}

// The values of a type lie side by side, so what a condition asks for is one range of lists.
bool FieldIndex::SetRange(const Json* low, bool low_included, const Json* high, bool high_included,
                          Bitset& rows) const {
  const Json& typed = low != nullptr ? *low : *high;
  uint32_t begin = 0, end = 0;
  if (typed.IsBool()) {
    begin = low == nullptr ? uint32_t{kFalse}
                           : (low->IsTrue() ? uint32_t{kTrue} : uint32_t{kFalse}) + !low_included;
    end = high == nullptr ? uint32_t{kTrue} + 1
                          : (high->IsTrue() ? uint32_t{kTrue} : uint32_t{kFalse}) + high_included;
  } else if (typed.IsNumber() || typed.IsString()) {
    // A long string is not here, so it must not be able to lie in the range.
    if (typed.IsString() && (flags_ & kHasLongStrings) != 0 &&
        !(low == high && typed.GetStringLength() <= kMaxIndexedString))
      return false;
    const uint32_t first = kSpecials + (typed.IsString() ? numbers_ : 0);
    const uint32_t last = kSpecials + numbers_ + (typed.IsString() ? strings_ : 0);
    begin = low == nullptr
                ? first
                : (low_included ? LowerBound(*low, first, last) : UpperBound(*low, first, last));
    end = high == nullptr
              ? last
              : (high_included ? UpperBound(*high, first, last) : LowerBound(*high, first, last));
  } else {
    return false;  // objects and arrays
  }
  if (begin < end) SetLists(begin, end, rows);
  return true;
}

FieldIndex::Answer FieldIndex::Match(const Node& condition, Bitset& rows) const {
  const Json& operand = condition.operand;
  const auto exact = [](bool known) { return known ? Answer::kExact : Answer::kUnknown; };
  switch (condition.op) {
    case Op::kEq:
      return exact(SetEqual(operand, rows));
    case Op::kGt:
      return exact(SetRange(&operand, false, nullptr, false, rows));
    case Op::kGte:
      return exact(SetRange(&operand, true, nullptr, false, rows));
    case Op::kLt:
      return exact(SetRange(nullptr, false, &operand, false, rows));
    case Op::kLte:
      return exact(SetRange(nullptr, false, &operand, true, rows));
    case Op::kBetween:
      return exact(SetRange(&operand[0], true, &operand[1], true, rows));
    case Op::kIn:
      for (const Json& member : operand.GetArray()) {
        if (member.IsObject() || member.IsArray()) return Answer::kUnknown;
      }
      for (const Json& member : operand.GetArray()) {
        if (!SetEqual(member, rows)) return Answer::kUnknown;
      }
      return Answer::kExact;
    case Op::kExists: {
      Bitset missing(rows.size());
      SetMissing(missing);
      Bitset odd(rows.size());
      SetLists(kOddExistence, kOddExistence + 1, odd);
      for (Slot s = begin_; s < end_; ++s) {
        if (missing.Test(s) == odd.Test(s)) rows.Set(s);
      }
      return Answer::kExact;
    }
    case Op::kContains: {
      // An element of an array, or a part of a string: an element is seen as a value too.
      if (!operand.IsString())
        return SetEqual(operand, rows) ? Answer::kSuperset : Answer::kUnknown;
      if ((flags_ & kHasLongStrings) != 0) return Answer::kUnknown;
      const std::string_view part = JsonText(operand);
      for (uint32_t i = 0; i < strings_; ++i) {
        if (Holds(StringAt(i), part))
          SetLists(kSpecials + numbers_ + i, kSpecials + numbers_ + i + 1, rows);
      }
      return Answer::kSuperset;
    }
    case Op::kSize:
    case Op::kElemMatchQuery:
    case Op::kElemMatchValue:
    case Op::kAnd:
    case Op::kOr:
      break;
  }
  return Answer::kUnknown;
}

}  // namespace ruvector
