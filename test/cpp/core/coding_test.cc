#include "core/coding.h"

#include "core/error.h"
#include "support/catch.h"
#include "support/test_folder.h"

namespace ruvector {
namespace {

TEST_CASE("coding: integers are little-endian and round trip") {
  std::string out;
  PutU8(out, 0xfe);
  PutU16(out, 0x0102);
  PutU32(out, 0x03040506u);
  PutU64(out, 0x0708090a0b0c0d0eu);
  PutBytes(out, "xyz");
  CHECK(out == std::string("\xfe\x02\x01\x06\x05\x04\x03\x0e\x0d\x0c\x0b\x0a\x09\x08\x07xyz"));
  CHECK(LoadU16(&out[1]) == 0x0102);
  CHECK(LoadU32(&out[3]) == 0x03040506u);
  CHECK(LoadU64(&out[7]) == 0x0708090a0b0c0d0eu);
  Reader reader(out, "text");
  CHECK(reader.U8() == 0xfe);
  CHECK(reader.U16() == 0x0102);
  CHECK(reader.U32() == 0x03040506u);
  CHECK(reader.U64() == 0x0708090a0b0c0d0eu);
  CHECK(reader.Remaining() == 3);
  CHECK(reader.Bytes(3) == "xyz");
  CHECK(reader.Remaining() == 0);
  StoreU16(&out[0], 0xa1b2);
  StoreU32(&out[2], 0xdeadbeefu);
  CHECK(LoadU16(&out[0]) == 0xa1b2);
  CHECK(LoadU32(&out[2]) == 0xdeadbeefu);
}

TEST_CASE("coding: reading past the end is CORRUPT and moves nothing") {
  const std::string bytes(7, 'a');
  Reader reader(bytes, "manifest");
  reader.Skip(1);
  for (const uint64_t n : {uint64_t{7}, uint64_t{1} << 32, UINT64_MAX}) {
    const Error error = ErrorOf([&] { reader.Bytes(n); });
    CHECK(error.code() == ErrorCode::kCorrupt);
    CHECK(std::string(error.what()).substr(0, 10) == "manifest: ");
  }
  CHECK(ErrorOf([&] { reader.U64(); }).code() == ErrorCode::kCorrupt);
  CHECK(reader.Remaining() == 6);
  CHECK(reader.Bytes(0).empty());
}

TEST_CASE("coding: padding and hexadecimal") {
  std::string out = "abc";
  PutPadding(out, 8);
  CHECK(out == std::string("abc\0\0\0\0\0", 8));
  PutPadding(out, 8);
  CHECK(out.size() == 8);

  CHECK(Hex16(0) == "0000000000000000");
  CHECK(Hex16(0x0123456789abcdefu) == "0123456789abcdef");
  CHECK(Hex8(0xdeadbeefu) == "deadbeef");
  uint64_t v = 1;
  CHECK(ParseHex("ffffffffffffffff", &v));
  CHECK(v == UINT64_MAX);
  CHECK(ParseHex("2A", &v));
  CHECK(v == 42);
  for (const char* bad : {"", "g", "0x1", " 1", "1 ", "-1", "00000000000000001"}) {
    CHECK_FALSE(ParseHex(bad, &v));
  }
  CHECK(v == 42);
}

}  // namespace
}  // namespace ruvector
