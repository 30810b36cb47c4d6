// A test program's few words: cases that register themselves, checks that say where they failed.
#pragma once

#include <ruvector.h>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

struct Case {
  const char* name;
  void (*run)();
};
inline std::vector<Case>& Cases() {
  static std::vector<Case> cases;
  return cases;
}
struct Registration {
  Registration(const char* name, void (*run)()) { Cases().push_back({name, run}); }
};

struct Failed {
  std::string what;
};
inline void Check(bool holds, const char* what, const char* file, int line) {
  if (!holds) throw Failed{std::string(file) + ":" + std::to_string(line) + ": " + what};
}

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEST(name)                                                                   \
  static void JOIN(Run, __LINE__)();                                                 \
  static const Registration JOIN(registration, __LINE__)(name, JOIN(Run, __LINE__)); \
  static void JOIN(Run, __LINE__)()
#define CHECK(...) Check(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
/// The call throws ruvector::Error with this code, and a message that holds this text.
#define THROWS(error, text, ...)                                                         \
  CheckThrows([&] { static_cast<void>(__VA_ARGS__); }, ruvector::ErrorCode::error, text, \
              #__VA_ARGS__, __FILE__, __LINE__)

template <typename F>
void CheckThrows(const F& f, ruvector::ErrorCode code, const std::string& text, const char* what,
                 const char* file, int line) {
  std::string got = "nothing";
  try {
    f();
  } catch (const ruvector::Error& e) {
    got = std::string(ruvector::CodeName(e.code())) + ": " + e.what();
    if (e.code() == code && std::string(e.what()).find(text) != std::string::npos) return;
  }
  throw Failed{std::string(file) + ":" + std::to_string(line) + ": " + what + " threw " + got +
               ", expected " + ruvector::CodeName(code) + ": …" + text};
}

/// Runs every case; the last line is "N passed, N failed".
inline int RunCases() {
  size_t failed = 0;
  for (const Case& c : Cases()) {
    std::string what;
    try {
      c.run();
    } catch (const Failed& f) {
      what = f.what;
    } catch (const std::exception& e) {
      what = std::string("threw ") + e.what();
    }
    if (what.empty()) continue;
    ++failed;
    std::printf("FAILED %s\n  %s\n", c.name, what.c_str());
  }
  std::printf("%zu passed, %zu failed\n", Cases().size() - failed, failed);
  return failed == 0 ? 0 : 1;
}
