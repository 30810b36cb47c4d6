// Finds the values in a JSON text too large to be parsed whole: an export.
#pragma once

#include <string>
#include <string_view>

namespace ruvector {
inline namespace v1 {
namespace internal {

/// Reads front to back; what is inside a value is left to ParseJson. Throws kInvalidOption.
class JsonPieces {
 public:
  JsonPieces(std::string_view text, const char* what) : text_(text), what_(what) {}

  /// Calls f(key) before each value of an object; f takes the value with Value or ForEach….
  template <typename F>
  void ForEachMember(const F& f) {
    Expect('{');
    if (Accept('}')) return;
    do {
      const std::string key = Key();
      Expect(':');
      f(key);
    } while (Accept(','));
    Expect('}');
  }
  /// Calls f() before each value of an array.
  template <typename F>
  void ForEachElement(const F& f) {
    Expect('[');
    if (Accept(']')) return;
    do {
      f();
    } while (Accept(','));
    Expect(']');
  }
  /// The text of the next value, which need not be JSON.
  std::string_view Value();
  void RequireEnd();

 private:
  [[noreturn]] void Fail(const std::string& expected) const;
  std::string Key();
  void SkipSpace();
  bool Accept(char c);
  void Expect(char c);
  void SkipString();

  std::string_view text_;
  const char* what_;
  size_t at_ = 0;
};

}  // namespace internal
}  // namespace v1
}  // namespace ruvector
