// What each method file offers to the table in call.cc.
#pragma once

#include <span>
#include <string_view>

#include "binding/arguments.h"
#include "binding/call.h"

namespace ruvector {

/// What a method works with. Throws Error; Call catches.
struct MethodContext {
  Session& session;
  const Json& json;
  const Arguments& args;
  std::span<const BufferView> buffers;

  std::shared_ptr<Database> database() const;
  /// Throws kInvalidOption when it is missing.
  const BufferView& Buffer(size_t index) const;
};

struct Method {
  std::string_view name;
  Reply (*run)(const MethodContext& context);
};

// methods_database.cc: opening, closing, persistence.
std::span<const Method> DatabaseMethods();
// methods_read.cc: get, search, scan.
std::span<const Method> ReadMethods();
// methods_write.cc: insert, update, delete.
std::span<const Method> WriteMethods();

/// {"value": v}
Reply ValueReply(bool value);
Reply ValueReply(size_t value);

}  // namespace ruvector
