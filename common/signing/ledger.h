// What a signer remembers, on disk: an append-only file of checked frames.
//
// Promise: Append() returns OK only when the records are synced; until then nothing may be signed.
// A frame is written and read whole: Open() cuts a last frame that is incomplete or damaged (its
// signatures never left: they leave after the sync) and refuses to start over damage anywhere else.
// Opening without a file is refused: a signer whose memory is lost must not begin again from zero.
// Format: docs/formats/ledger.md.
// Threading: one thread at a time; one process per file (flock).
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "common/base/file_system.h"
#include "common/base/status.h"
#include "common/signing/memory.h"

namespace rind::signing {

// Whose ledger it is: the first record, never changed.
struct LedgerIdentity {
  std::string repository;
  std::string signer;                       // "release", "content", "offline"
  std::map<std::string, std::string> keys;  // role (or "bins") -> public key, hexadecimal
  bool operator==(const LedgerIdentity&) const = default;
};

using LedgerRecord = std::variant<LedgerIdentity, Intent, Done>;

class Ledger {
 public:
  // Makes a new ledger in `folder`; AlreadyExists when there is one.
  static Status Init(FileSystem& files, const std::string& folder, const LedgerIdentity& identity);
  // Opens and replays it. FailedPrecondition: there is none, or it is of another signer,
  // repository or key. DataLoss: damaged; the message names the byte and the way out.
  static StatusOr<Ledger> Open(FileSystem& files, const std::string& folder,
                               const LedgerIdentity& wanted);

  const Memory& memory() const { return memory_; }
  std::uint64_t entries() const { return entries_; }
  std::uint64_t cut_bytes() const { return cut_bytes_; }  // of a torn last frame, at Open()

  // Takes the intent into memory; it is on disk after the next Sync(). No signature before that.
  void Stage(const Intent& intent);
  // Writes what was staged as one frame and syncs it. After an error the ledger takes no more: the
  // process must start again (a page that could not be written may be gone).
  Status Sync();
  // Remembers a signature. It reaches the disk with the next Sync(): Ed25519 gives the same
  // signature for the same document, so one that is lost in a crash is made again.
  void Remember(const Done& done);
  // Whether intents are staged that are not on disk.
  bool staged() const { return staged_intents_ > 0; }

 private:
  explicit Ledger(AppendFile file) : file_(std::move(file)) {}

  AppendFile file_;
  Memory memory_;
  std::vector<LedgerRecord> pending_;
  int staged_intents_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t cut_bytes_ = 0;
  bool broken_ = false;
};

std::string LedgerPath(const std::string& folder);

}  // namespace rind::signing
