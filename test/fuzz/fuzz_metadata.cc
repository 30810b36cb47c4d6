// JSON text: what is accepted is written and read again as the same.
#include <cstdio>
#include <cstdlib>

#include "core/error.h"
#include "core/json.h"
#include "exercise.h"

using namespace ruvector;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string once;
  const bool accepted = fuzz::Survives([&] { once = WriteJson(ParseJson(text, "metadata")); });
  fuzz::Accepted(accepted);
  if (!accepted) return 0;
  std::string twice;
  if (!fuzz::Survives([&] { twice = WriteJson(ParseJson(once, "metadata")); }) || once != twice) {
    std::fprintf(stderr, "WRONG: what was written is read as something else\n");
    std::abort();
  }
  return 0;
}
