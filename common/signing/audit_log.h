// What a signer signed and refused, one line each, chained by hash.
//
// Promise: every line holds the sha256 of the line before it, so a line that was changed, cut out
// or moved is found by VerifyAuditLog(). Lines of a call are synced before its answer leaves. A
// torn last line is cut at Open(). The log is for people and monitors: the rules read the ledger.
// Format: docs/formats/ledger.md.
// Threading: one thread at a time; one process per file (flock).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"

namespace rind::signing {

struct AuditEntry {
  absl::Time time;
  std::string outcome;  // "signed", "repeated", "refused"
  std::string role;
  std::int64_t version = 0;  // 0: not known
  Sha256Digest sha256;       // of the canonical document
  std::string rule;          // of a refusal
  std::string text;
};

class AuditLog {
 public:
  // Opens or makes the log; DataLoss when its chain does not hold.
  static StatusOr<AuditLog> Open(FileSystem& files, const std::string& path);
  // Takes a line; written by Sync().
  void Add(const AuditEntry& entry);
  Status Sync();

  std::uint64_t lines() const { return lines_; }
  const Sha256Digest& head() const { return head_; }

 private:
  explicit AuditLog(AppendFile file) : file_(std::move(file)) {}
  AppendFile file_;
  std::string pending_;
  std::uint64_t lines_ = 0;
  Sha256Digest head_;
};

struct AuditSummary {
  std::uint64_t lines = 0;
  Sha256Digest head;              // sha256 of the last line
  std::uint64_t whole_bytes = 0;  // without a torn last line
};
// Checks the chain of a whole log; DataLoss names the first line that does not fit.
StatusOr<AuditSummary> VerifyAuditLog(const FileReader& files, const std::string& path);

std::string AuditLogPath(const std::string& folder);

}  // namespace rind::signing
