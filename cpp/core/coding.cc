#include "core/coding.h"

#include "core/error.h"

namespace ruvector {

namespace {

template <typename T>
void Put(std::string& out, T v) {
  char bytes[sizeof(T)];
  coding_internal::Store(bytes, v);
  out.append(bytes, sizeof(T));
}

std::string Hex(uint64_t v, size_t digits) {
  std::string out(digits, '0');
  for (size_t i = digits; i-- > 0; v >>= 4) out[i] = "0123456789abcdef"[v & 15];
  return out;
}

}  // namespace

void PutU8(std::string& out, uint8_t v) { out.push_back(static_cast<char>(v)); }
void PutU16(std::string& out, uint16_t v) { Put(out, v); }
void PutU32(std::string& out, uint32_t v) { Put(out, v); }
void PutU64(std::string& out, uint64_t v) { Put(out, v); }
void PutF32(std::string& out, float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  PutU32(out, bits);
}

void PutBytes(std::string& out, std::string_view bytes) { out.append(bytes); }
void PutBytes(std::string& out, const void* data, size_t n) {
  out.append(static_cast<const char*>(data), n);
}

void PutPadding(std::string& out, size_t alignment) {
  const size_t over = out.size() % alignment;
  if (over != 0) out.append(alignment - over, '\0');
}

const char* Reader::Take(uint64_t n) {
  if (n > Remaining()) {
    throw Error(ErrorCode::kCorrupt, std::string(what_) + ": " + std::to_string(n) +
                                         " bytes expected at offset " + std::to_string(position_) +
                                         ", " + std::to_string(Remaining()) + " left");
  }
  const char* p = bytes_.data() + position_;
  position_ += static_cast<size_t>(n);
  return p;
}

uint8_t Reader::U8() { return static_cast<uint8_t>(*Take(1)); }
uint16_t Reader::U16() { return LoadU16(Take(2)); }
uint32_t Reader::U32() { return LoadU32(Take(4)); }
uint64_t Reader::U64() { return LoadU64(Take(8)); }

std::string_view Reader::Bytes(uint64_t n) {
  const char* p = Take(n);
  return {p, static_cast<size_t>(n)};
}

std::string Hex16(uint64_t v) { return Hex(v, 16); }
std::string Hex8(uint32_t v) { return Hex(v, 8); }

bool ParseHex(std::string_view text, uint64_t* out) {
  if (text.empty() || text.size() > 16) return false;
  uint64_t v = 0;
  for (const char c : text) {
    uint64_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<uint64_t>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<uint64_t>(c - 'A') + 10;
    } else {
      return false;
    }
    v = v << 4 | digit;
  }
  *out = v;
  return true;
}

}  // namespace ruvector
