// What each method file offers to the table in call.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "binding/arguments.h"
#include "binding/call.h"
#include "collection/verification.h"

namespace ruvector {

/// What a method works with. Throws Error; Call catches.
struct MethodContext {
  Session& session;
  const Json& json;
  const Arguments& args;
  std::span<const BufferView> buffers;

  Opened opened() const;
  /// Throws kInvalidOption when it is missing.
  const BufferView& Buffer(size_t index) const;
};

/// Throws kInvalidOption when there is none.
const BufferView& FirstBuffer(std::span<const BufferView> buffers);

struct Method {
  std::string_view name;
  Reply (*run)(const MethodContext& context);
  /// It reads what is there and computes; others wait for disks, locks and turns too.
  bool computes = false;
};

// methods_database.cc: opening, closing, persistence.
std::span<const Method> DatabaseMethods();
// methods_collection.cc: making, listing and dropping collections.
std::span<const Method> CollectionMethods();
// methods_read.cc: get, count, scan, projection.
std::span<const Method> ReadMethods();
// methods_search.cc: search and explain.
std::span<const Method> SearchMethods();
// methods_write.cc: insert, update, delete.
std::span<const Method> WriteMethods();
// methods_job.cc: long calls.
std::span<const Method> JobMethods();

/// Gives a collection a handle and tells what it is.
Reply DescribeOpened(Session& session, const Opened& opened);
/// [{"file", "detail"}]
std::string DamageJson(const std::vector<Damage>& damage);
/// {"value": v}
Reply ValueReply(bool value);
Reply ValueReply(size_t value);

}  // namespace ruvector
