#include "collection/log_records.h"

#include <cstring>

#include "core/coding.h"
#include "core/error.h"

namespace ruvector {

void LogOperation(WalWriter& wal, const Operation& op) {
  static const char zeros[4] = {};
  const uint32_t collection = op.collection->id();
  std::string head;
  switch (op.kind) {
    case Operation::Kind::kPut: {
      PutU32(head, static_cast<uint32_t>(op.id.size()));
      PutU32(head, static_cast<uint32_t>(op.metadata.size()));
      const size_t over = (op.id.size() + op.metadata.size()) % 4;
      const size_t vector_bytes = op.collection->options().dimensions * sizeof(float);
      wal.Add(WalRecordType::kPut, collection,
              {head, op.id, op.metadata, std::string_view(zeros, over == 0 ? 0 : 4 - over),
               std::string_view(reinterpret_cast<const char*>(op.vector), vector_bytes)});
      return;
    }
    case Operation::Kind::kDelete:
      wal.Add(WalRecordType::kDelete, collection, {op.id});
      return;
    case Operation::Kind::kClear:
      wal.Add(WalRecordType::kClear, collection, {});
      return;
    case Operation::Kind::kSetMetadata:
      PutU32(head, static_cast<uint32_t>(op.id.size()));
      wal.Add(WalRecordType::kSetMetadata, collection, {head, op.id, op.metadata});
      return;
  }
}

Operation ReadOperation(const WalRecord& record, Collection& collection,
                        std::deque<std::vector<float>>& vectors) {
  Reader reader(record.payload, "log record");
  Operation op;
  op.collection = &collection;
  switch (record.type) {
    case WalRecordType::kPut: {
      op.kind = Operation::Kind::kPut;
      const uint32_t id_bytes = reader.U32(), metadata_bytes = reader.U32();
      op.id = reader.Bytes(id_bytes);
      op.metadata = reader.Bytes(metadata_bytes);
      if (const size_t over = (uint64_t{id_bytes} + metadata_bytes) % 4; over != 0)
        reader.Skip(4 - over);
      const size_t dimensions = collection.options().dimensions;
      const std::string_view vector = reader.Bytes(dimensions * sizeof(float));
      std::memcpy(vectors.emplace_back(dimensions).data(), vector.data(), vector.size());
      op.vector = vectors.back().data();
      break;
    }
    case WalRecordType::kDelete:
      op.kind = Operation::Kind::kDelete;
      op.id = reader.Bytes(reader.Remaining());
      break;
    case WalRecordType::kClear:
      op.kind = Operation::Kind::kClear;
      break;
    case WalRecordType::kSetMetadata: {
      op.kind = Operation::Kind::kSetMetadata;
      const uint32_t id_bytes = reader.U32();
      op.id = reader.Bytes(id_bytes);
      op.metadata = reader.Bytes(reader.Remaining());
      break;
    }
    default:
      throw Error(ErrorCode::kCorrupt, "log holds a record of type " +
                                           std::to_string(static_cast<int>(record.type)) +
                                           " where an operation on rows was expected");
  }
  if (reader.Remaining() != 0)
    throw Error(ErrorCode::kCorrupt, "log record is longer than its content");
  return op;
}

}  // namespace ruvector
