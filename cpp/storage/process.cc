#include "storage/process.h"

#include <cstdlib>
#include <string>

#include "core/random.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>
#elif !defined(__EMSCRIPTEN__)
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#if defined(__APPLE__)
#include <sys/proc.h>
#include <sys/sysctl.h>
#endif
#endif

namespace ruvector {

uint64_t HashSpace(std::string_view host, std::string_view boot, std::string_view pid_namespace) {
  std::string all(host);
  all += '\n';
  all += boot;
  all += '\n';
  all += pid_namespace;
  return HashBytes(all);
}

#if defined(_WIN32)

namespace {

uint64_t StartOf(HANDLE process) {
  FILETIME created, exited, kernel, user;
  if (!GetProcessTimes(process, &created, &exited, &kernel, &user)) return 0;
  return static_cast<uint64_t>(created.dwHighDateTime) << 32 | created.dwLowDateTime;
}

class WindowsProcesses final : public ProcessTable {
 public:
  ProcessIdentity Self() const override {
    wchar_t wide[256];
    DWORD length = 256;
    std::string host;
    if (GetComputerNameExW(ComputerNameDnsHostname, wide, &length)) {
      char narrow[1024];
      const int bytes = WideCharToMultiByte(CP_UTF8, 0, wide, static_cast<int>(length), narrow,
                                            sizeof narrow, nullptr, nullptr);
      host.assign(narrow, bytes > 0 ? static_cast<size_t>(bytes) : 0);
    }
    return {GetCurrentProcessId(), StartOf(GetCurrentProcess()), HashSpace(host, "", "")};
  }

  bool IsAlive(uint64_t pid, uint64_t start) const override {
    if (pid > UINT32_MAX) return false;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE,
                                 static_cast<DWORD>(pid));
    if (process == nullptr) return GetLastError() != ERROR_INVALID_PARAMETER;
    const bool running = WaitForSingleObject(process, 0) != WAIT_OBJECT_0;
    const uint64_t its_start = StartOf(process);
    CloseHandle(process);
    return running && (start == 0 || its_start == 0 || its_start == start);
  }
};

}  // namespace

const ProcessTable& SystemProcesses() {
  static const WindowsProcesses* const processes = new WindowsProcesses;
  return *processes;
}

#elif !defined(__EMSCRIPTEN__)

namespace {

#if defined(__linux__)

// The first bytes of a small file, "" when it cannot be read.
std::string ReadSmallFile(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  char buffer[1024];
  ssize_t n = 0;
  do {
    n = read(fd, buffer, sizeof buffer);
  } while (n < 0 && errno == EINTR);
  close(fd);
  return std::string(buffer, n > 0 ? static_cast<size_t>(n) : 0);
}

struct Stat {
  bool found = false;
  char state = '?';
  uint64_t start = 0;
};

// Fields 3 and 22 of /proc/<who>/stat. Field 2, the command in parentheses, may hold anything.
Stat ReadStat(const std::string& who) {
  Stat stat;
  const std::string text = ReadSmallFile(("/proc/" + who + "/stat").c_str());
  size_t at = text.rfind(')');
  if (at == std::string::npos || at + 2 >= text.size()) return stat;
  at += 2;
  stat.found = true;
  stat.state = text[at];
  for (int field = 3; field < 22 && at != std::string::npos; ++field) {
    at = text.find(' ', at);
    if (at != std::string::npos) ++at;
  }
  if (at != std::string::npos) stat.start = std::strtoull(text.c_str() + at, nullptr, 10);
  return stat;
}

#endif

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return "";
  return name;
}

class PosixProcesses final : public ProcessTable {
 public:
  ProcessIdentity Self() const override {
    const uint64_t pid = CurrentPid();
#if defined(__linux__)
    std::string boot = ReadSmallFile("/proc/sys/kernel/random/boot_id");
    while (!boot.empty() && boot.back() <= ' ') boot.pop_back();
    char link[256];
    const ssize_t n = readlink("/proc/self/ns/pid", link, sizeof link);
    const std::string_view pid_namespace(link, n > 0 ? static_cast<size_t>(n) : 0);
    return {pid, ReadStat("self").start, HashSpace(HostName(), boot, pid_namespace)};
#elif defined(__APPLE__)
    struct kinfo_proc info {};
    return {pid, Read(pid, &info) ? StartOf(info) : 0, HashSpace(HostName(), "", "")};
#else
    return {pid, 0, HashSpace(HostName(), "", "")};
#endif
  }

  bool IsAlive(uint64_t pid, uint64_t start) const override {
#if defined(__linux__)
    const Stat stat = ReadStat(std::to_string(pid));
    if (stat.found) {
      // A killed process stays a zombie until its parent asks for it: in a container, perhaps for
      // ever.
      if (stat.state == 'Z' || stat.state == 'X') return false;
      return start == 0 || stat.start == 0 || stat.start == start;
    }
#elif defined(__APPLE__)
    struct kinfo_proc info {};
    if (Read(pid, &info)) {
      if (info.kp_proc.p_stat == SZOMB) return false;
      const uint64_t its_start = StartOf(info);
      if (its_start != 0 && start != 0 && its_start != start) return false;
    }
#else
    static_cast<void>(start);
#endif
    return pid > 0 && pid <= INT32_MAX && (kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
  }

 private:
#if defined(__APPLE__)
  // False when there is no such process.
  static bool Read(uint64_t pid, struct kinfo_proc* info) {
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, static_cast<int>(pid)};
    size_t size = sizeof *info;
    return sysctl(name, 4, info, &size, nullptr, 0) == 0 && size > 0;
  }
  static uint64_t StartOf(const struct kinfo_proc& info) {
    const timeval& start = info.kp_proc.p_starttime;
    return static_cast<uint64_t>(start.tv_sec) * 1000000 + static_cast<uint64_t>(start.tv_usec);
  }
#endif
};

}  // namespace

const ProcessTable& SystemProcesses() {
  static const PosixProcesses* const processes = new PosixProcesses;
  return *processes;
}

#endif

}  // namespace ruvector
