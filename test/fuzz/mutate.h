// Mutations that know what they change: JSON by its values, files by their frames. What they make
// is mostly whole, so that the fuzzer spends its time behind the outer checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ruvector::fuzz {

/// Random choices of one mutation.
class Dice {
 public:
  explicit Dice(unsigned seed) : state_(seed) {}
  uint64_t Next();
  /// 0 … n - 1; 0 for n = 0.
  size_t Below(size_t n) { return n == 0 ? 0 : static_cast<size_t>(Next() % n); }
  bool OneIn(size_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

/// As libFuzzer mutates; the result has at most `most` bytes.
using Mutation = void (*)(std::string& bytes, size_t most, Dice& dice);

void MutateBytes(std::string& bytes, size_t most, Dice& dice);
/// Values, keys, members and elements of a JSON text.
void MutateJson(std::string& text, size_t most, Dice& dice);
/// One little-endian integer of `width` bytes: a limit, a neighbour of `near`, another's value.
void MutateWord(std::string& bytes, size_t width, uint64_t near, Dice& dice);
/// One float of many: what is no number, too large, too small, another's value.
void MutateFloat(std::string& bytes, Dice& dice);

/// Files with their headers; checksums are put right later (checksums.h).
void MutateSegment(std::string& file, size_t most, Dice& dice);
void MutateWal(std::string& file, size_t most, Dice& dice);
void MutateContainer(std::string& file, size_t most, Dice& dice);

/// LLVMFuzzerCustomMutator: `mutation`, now and then a blind one.
size_t Mutate(uint8_t* data, size_t size, size_t most, unsigned seed, Mutation mutation);

}  // namespace ruvector::fuzz

/// Makes `mutation` the target's own.
#define RUVECTOR_MUTATE_WITH(mutation)                                               \
  extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, \
                                            unsigned seed) {                         \
    return ruvector::fuzz::Mutate(data, size, most, seed, ruvector::fuzz::mutation); \
  }
