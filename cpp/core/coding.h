// Little-endian numbers of fixed width, and a reader that cannot run past its end. See
// storage/FORMAT.md.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ruvector {

namespace coding_internal {

template <typename T>
inline T LittleEndian(T v) {
  if constexpr (std::endian::native == std::endian::little) {
    return v;
  } else {
    T out = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
      out = static_cast<T>((out << 8) | (v & 0xff));
      v = static_cast<T>(v >> 8);
    }
    return out;
  }
}

template <typename T>
inline T Load(const void* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return LittleEndian(v);
}

template <typename T>
inline void Store(void* p, T v) {
  v = LittleEndian(v);
  std::memcpy(p, &v, sizeof v);
}

}  // namespace coding_internal

/// The integer at `p`, which needs no alignment.
inline uint16_t LoadU16(const void* p) { return coding_internal::Load<uint16_t>(p); }
inline uint32_t LoadU32(const void* p) { return coding_internal::Load<uint32_t>(p); }
inline uint64_t LoadU64(const void* p) { return coding_internal::Load<uint64_t>(p); }

inline float LoadF32(const void* p) {
  const uint32_t bits = LoadU32(p);
  float v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}

/// Writes the integer at `p`, which needs no alignment.
inline void StoreU16(void* p, uint16_t v) { coding_internal::Store(p, v); }
inline void StoreU32(void* p, uint32_t v) { coding_internal::Store(p, v); }
inline void StoreU64(void* p, uint64_t v) { coding_internal::Store(p, v); }

/// Appends to `out`.
void PutU8(std::string& out, uint8_t v);
void PutU16(std::string& out, uint16_t v);
void PutU32(std::string& out, uint32_t v);
void PutU64(std::string& out, uint64_t v);
void PutF32(std::string& out, float v);
void PutBytes(std::string& out, std::string_view bytes);
void PutBytes(std::string& out, const void* data, size_t n);

/// Appends zeros until out.size() is a multiple of `alignment`.
void PutPadding(std::string& out, size_t alignment);

/// Reads front to back from bytes it does not own. Reading past the end throws kCorrupt "<what>:
/// …".
class Reader {
 public:
  /// `what` names the source in messages and must outlive the reader.
  Reader(std::string_view bytes, const char* what) : bytes_(bytes), what_(what) {}

  uint8_t U8();
  uint16_t U16();
  uint32_t U32();
  uint64_t U64();
  /// The next `n` bytes, as a view into the source.
  std::string_view Bytes(uint64_t n);
  void Skip(uint64_t n) { Bytes(n); }

  size_t Remaining() const { return bytes_.size() - position_; }
  size_t position() const { return position_; }

 private:
  const char* Take(uint64_t n);

  std::string_view bytes_;
  const char* what_;
  size_t position_ = 0;
};

/// 16 lower-case hexadecimal digits.
std::string Hex16(uint64_t v);
/// 8 lower-case hexadecimal digits.
std::string Hex8(uint32_t v);
/// Reads 1 … 16 hexadecimal digits of either case; false, with `*out` untouched, for anything else.
bool ParseHex(std::string_view text, uint64_t* out);

}  // namespace ruvector
