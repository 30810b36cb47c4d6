#include <utility>

#include "core/error.h"
#include "core/random.h"
#include "storage/file_header.h"
#include "storage/wal.h"
#include "storage/wal_format.h"

namespace ruvector {

namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;
constexpr uint64_t kCommitBytes = 32;

// The header of a file whose first transaction will be `next_sequence`.
std::string NewHeader(uint64_t number, const DatabaseId& database, uint64_t next_sequence,
                      uint32_t* salt) {
  FillRandomBytes(salt, sizeof *salt);
  FileHeader header;
  header.word12 = *salt;
  header.database = database;
  header.word48 = number;
  header.word56 = static_cast<uint32_t>(next_sequence);
  std::string bytes;
  AppendFileHeader(bytes, kWalMagic, header);
  return bytes;
}

}  // namespace

std::string WalName(uint64_t number) { return "wal-" + Hex16(number); }

WalWriter::WalWriter(std::unique_ptr<File> file, std::string path, uint64_t number, uint32_t salt,
                     uint64_t committed_bytes, uint64_t next_sequence)
    : file_(std::move(file)),
      path_(std::move(path)),
      number_(number),
      salt_(salt),
      committed_bytes_(committed_bytes),
      next_sequence_(next_sequence) {}

std::unique_ptr<WalWriter> WalWriter::Create(Directory& directory, uint64_t number,
                                             const DatabaseId& database, uint64_t next_sequence,
                                             bool aside) {
  const std::string name = WalName(number) + (aside ? ".tmp" : "");
  if (aside) directory.Remove(name);
  uint32_t salt = 0;
  const std::string bytes = NewHeader(number, database, next_sequence, &salt);
  std::unique_ptr<WalWriter> writer(new WalWriter(nullptr, directory.path() + "/" + name, number,
                                                  salt, bytes.size(), next_sequence));
  writer->file_ = directory.Open(name, OpenMode::kCreate);
  try {
    writer->file_->Append(bytes.data(), bytes.size());
    writer->file_->Sync();
  } catch (...) {
    writer.reset();
    try {
      directory.Remove(name);
    } catch (const std::exception&) {
      // The first failure is the one to report; replay takes what is left for a torn creation.
    }
    throw;
  }
  return writer;
}

std::unique_ptr<WalWriter> WalWriter::Continue(Directory& directory, uint64_t number,
                                               const DatabaseId& database, uint64_t valid_bytes,
                                               uint64_t next_sequence) {
  const std::string name = WalName(number);
  const std::string path = directory.path() + "/" + name;
  std::unique_ptr<File> file = directory.Open(name, OpenMode::kAppend);
  char bytes[kFileHeaderBytes];
  const uint64_t size = file->Size();
  if (valid_bytes < kFileHeaderBytes || valid_bytes > size || valid_bytes % 8 != 0) {
    throw Error(ErrorCode::kCorrupt, path + ": has " + std::to_string(size) +
                                         " bytes, cannot be continued at " +
                                         std::to_string(valid_bytes));
  }
  file->ReadAt(0, bytes, sizeof bytes);
  const FileHeader header = ReadFileHeader({bytes, sizeof bytes}, kWalMagic, path);
  if (header.database != database || header.word48 != number) {
    throw Error(ErrorCode::kCorrupt, path + ": belongs to another database or place in the log");
  }
  if (valid_bytes > kFileHeaderBytes) {
    char commit[kCommitBytes] = {};
    if (valid_bytes >= kFileHeaderBytes + kCommitBytes) {
      file->ReadAt(valid_bytes - kCommitBytes, commit, kCommitBytes);
    }
    if (LoadU64(commit + 8) + 1 != next_sequence) {
      throw Error(ErrorCode::kCorrupt,
                  path + ": ends with transaction " + std::to_string(LoadU64(commit + 8)) +
                      ", cannot be continued with " + std::to_string(next_sequence));
    }
  }
  uint32_t salt = header.word12;
  if (valid_bytes == kFileHeaderBytes && header.word56 != static_cast<uint32_t>(next_sequence)) {
    // Prepared for a checkpoint that failed, while the file before went on. A kill between these
    // calls leaves a torn creation.
    const std::string fresh = NewHeader(number, database, next_sequence, &salt);
    file->Truncate(0);
    file->Sync();
    file->Append(fresh.data(), fresh.size());
    file->Sync();
  } else if (size > valid_bytes) {
    file->Truncate(valid_bytes);
    // On disk before anything new is: after a power cut, old records may not stand behind new ones.
    file->Sync();
  }
  std::unique_ptr<WalWriter> writer(
      new WalWriter(std::move(file), path, number, salt, valid_bytes, next_sequence));
  writer->commits_unsynced_ = valid_bytes > kFileHeaderBytes;
  return writer;
}

void WalWriter::Publish(Directory& directory) {
  SyncFile();
  directory.Rename(WalName(number_) + ".tmp", WalName(number_));
  path_ = directory.path() + "/" + WalName(number_);
}

void WalWriter::CheckUsable() const {
  if (broken_) {
    throw Error(ErrorCode::kReadOnly, path_ +
                                          ": a sync or cut failed before, and nobody knows what is "
                                          "on disk; reopen the database to write again");
  }
}

void WalWriter::AppendRecord(WalRecordType type, uint32_t collection,
                             std::initializer_list<std::string_view> pieces) {
  uint64_t payload = 0;
  for (const std::string_view piece : pieces) payload += piece.size();
  if (payload > kMaxWalPayloadBytes) {
    throw Error(ErrorCode::kInternal, path_ + ": a record of " + std::to_string(payload) +
                                          " bytes, expected at most " +
                                          std::to_string(kMaxWalPayloadBytes));
  }
  const size_t start = buffer_.size();
  PutU32(buffer_, static_cast<uint32_t>(payload));
  PutU32(buffer_, 0);
  PutU64(buffer_, next_sequence_);
  PutU8(buffer_, static_cast<uint8_t>(type));
  PutU8(buffer_, commits_unsynced_ ? 0 : kWalFlagSynced);
  PutU16(buffer_, 0);
  PutU32(buffer_, collection);
  for (const std::string_view piece : pieces) PutBytes(buffer_, piece);
  const uint32_t crc =
      Crc32c(buffer_.data() + start + 8, buffer_.size() - start - 8, WalSaltCrc(salt_));
  StoreU32(buffer_.data() + start + 4, crc);
  buffer_.append(static_cast<size_t>(WalRecordBytes(payload)) - (buffer_.size() - start), '\0');
}

void WalWriter::FlushBuffer() {
  if (cut_unsynced_) SyncFile();
  written_through_ = true;
  file_->Append(buffer_.data(), buffer_.size());
  buffer_.clear();
}

void WalWriter::SyncFile() {
  try {
    file_->Sync();
  } catch (...) {
    broken_ = true;
    throw;
  }
  cut_unsynced_ = false;
  commits_unsynced_ = false;
}

void WalWriter::Add(WalRecordType type, uint32_t collection,
                    std::initializer_list<std::string_view> pieces) {
  CheckUsable();
  try {
    AppendRecord(type, collection, pieces);
    ++records_;
    if (buffer_.size() >= kBufferBytes) FlushBuffer();
  } catch (...) {
    Rollback();
    throw;
  }
}

uint64_t WalWriter::Commit(bool sync) {
  CheckUsable();
  const uint64_t sequence = next_sequence_;
  uint64_t end = 0;
  try {
    char count[4];
    StoreU32(count, records_);
    AppendRecord(WalRecordType::kCommit, 0, {std::string_view(count, sizeof count)});
    FlushBuffer();
    end = file_->Size();
  } catch (...) {
    Rollback();
    throw;
  }
  // Written, hence replayed should only the process die: from here on the sequence is used up.
  committed_bytes_ = end;
  ++next_sequence_;
  records_ = 0;
  written_through_ = false;
  commits_unsynced_ = true;
  // A large transaction's buffer is not kept.
  if (buffer_.capacity() > 4 * kBufferBytes) std::string().swap(buffer_);
  if (sync) SyncFile();
  return sequence;
}

void WalWriter::Rollback() noexcept {
  buffer_.clear();
  records_ = 0;
  if (!written_through_) return;
  written_through_ = false;
  try {
    file_->Truncate(committed_bytes_);
    cut_unsynced_ = true;
  } catch (...) {
    broken_ = true;
  }
}

void WalWriter::MarkClosed() {
  CheckUsable();
  Rollback();
  const uint64_t before = committed_bytes_;
  Add(WalRecordType::kClosed, 0, {});
  try {
    Commit(true);
  } catch (...) {
    // A marker that may not be on disk must not make the next writer trust this file.
    try {
      file_->Truncate(before);
    } catch (const std::exception&) {
      // A disk that refuses this, too.
    }
    throw;
  }
}

void WalWriter::Sync() {
  CheckUsable();
  SyncFile();
}

}  // namespace ruvector
