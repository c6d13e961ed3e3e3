#include "common/signing/ledger.h"

#include <utility>

#include "common/base/text.h"
#include "common/signing/ledger_codec.h"

namespace rind::signing {
namespace {

// 256 MiB: some ten million signatures; a signer that holds more needs a compacted ledger.
constexpr std::uint64_t kMaxLedgerBytes = 256ULL * 1024 * 1024;

std::string Recovery(const std::string& path) {
  return Cat(
      path,
      ": a signer without its memory could sign two documents for one version. Put back the "
      "newest copy of this file; if there is none, retire the keys: `destroy`, `init`, and a "
      "ceremony that names the new ones");
}

Status CheckIdentity(const LedgerIdentity& found, const LedgerIdentity& wanted,
                     const std::string& path) {
  if (found.repository != wanted.repository) {
    return FailedPrecondition(Cat("S-09: ", path, ": is of repository ", found.repository,
                                  ", the config says ", wanted.repository));
  }
  if (found.signer != wanted.signer) {
    return FailedPrecondition(Cat("S-09: ", path, ": is of a ", found.signer,
                                  " signer, the config says ", wanted.signer));
  }
  if (found.keys != wanted.keys) {
    return FailedPrecondition(
        Cat("S-09: ", path, ": was made for other keys than those in the keys folder"));
  }
  return OkStatus();
}

struct Replay {
  LedgerIdentity identity;
  Memory memory;
  std::uint64_t entries = 0;
  std::size_t good_bytes = 0;
};

// Takes one frame's records into `replay`; false when they are in no order that Append() makes.
bool Take(const std::vector<LedgerRecord>& records, bool first, Replay& replay) {
  for (const LedgerRecord& record : records) {
    if (const auto* identity = std::get_if<LedgerIdentity>(&record)) {
      if (!first) return false;
      replay.identity = *identity;
    } else if (const auto* intent = std::get_if<Intent>(&record)) {
      if (first) return false;
      replay.memory.Apply(*intent);
    } else if (const auto* done = std::get_if<Done>(&record)) {
      if (first || replay.memory.Find(done->role) == nullptr) return false;
      replay.memory.Apply(*done);
    }
    ++replay.entries;
  }
  return true;
}

StatusOr<Replay> ReadAll(std::string_view bytes, const std::string& path) {
  if (!bytes.starts_with(kLedgerMagic)) {
    return DataLoss(Cat("byte 0: does not begin as a ledger. ", Recovery(path)));
  }
  Replay replay;
  std::size_t at = kLedgerMagic.size();
  bool first = true;
  while (at < bytes.size()) {
    const Frame frame = DecodeFrame(bytes.substr(at));
    if (frame.kind == Frame::Kind::kTorn) break;
    if (frame.kind == Frame::Kind::kDamaged || !Take(frame.records, first, replay)) {
      return DataLoss(Cat("byte ", at, ": is damaged, and not at the end. ", Recovery(path)));
    }
    first = false;
    at += frame.size;
  }
  if (first) return DataLoss(Cat("byte ", at, ": the first record is not whole. ", Recovery(path)));
  replay.good_bytes = at;
  return replay;
}

}  // namespace

std::string LedgerPath(const std::string& folder) { return JoinPath(folder, "ledger.log"); }

Status Ledger::Init(FileSystem& files, const std::string& folder, const LedgerIdentity& identity) {
  RIND_RETURN_IF_ERROR(files.MakeDirectories(folder, 0700));
  if (files.Stat(LedgerPath(folder)).ok()) {
    return AlreadyExists(Cat(LedgerPath(folder), ": is there already"));
  }
  return files.Create(LedgerPath(folder), Cat(kLedgerMagic, EncodeFrame({identity})), 0600);
}

StatusOr<Ledger> Ledger::Open(FileSystem& files, const std::string& folder,
                              const LedgerIdentity& wanted) {
  const std::string path = LedgerPath(folder);
  if (absl::IsNotFound(files.Stat(path).status())) {
    return FailedPrecondition(
        Cat("there is no ledger. For a new signer run `init`. ", Recovery(path)));
  }
  RIND_ASSIGN_OR_RETURN(AppendFile file, AppendFile::Open(path, 0600));
  RIND_ASSIGN_OR_RETURN(const std::string bytes, files.Read(path, kMaxLedgerBytes));
  RIND_ASSIGN_OR_RETURN(Replay replay, ReadAll(bytes, path));
  RIND_RETURN_IF_ERROR(CheckIdentity(replay.identity, wanted, path));
  if (replay.good_bytes < bytes.size()) {
    RIND_RETURN_IF_ERROR(file.Truncate(replay.good_bytes));
  }
  Ledger ledger(std::move(file));
  ledger.memory_ = std::move(replay.memory);
  ledger.entries_ = replay.entries;
  ledger.cut_bytes_ = bytes.size() - replay.good_bytes;
  return ledger;
}

void Ledger::Stage(const Intent& intent) {
  memory_.Apply(intent);
  pending_.emplace_back(intent);
  ++staged_intents_;
}

void Ledger::Remember(const Done& done) {
  memory_.Apply(done);
  pending_.emplace_back(done);
}

Status Ledger::Sync() {
  if (broken_) {
    return DataLoss("ledger: a write failed before; the signer must be started again");
  }
  if (pending_.empty()) return OkStatus();
  broken_ = true;
  RIND_RETURN_IF_ERROR(file_.Append(EncodeFrame(pending_)));
  RIND_RETURN_IF_ERROR(file_.Sync());
  broken_ = false;
  entries_ += pending_.size();
  pending_.clear();
  staged_intents_ = 0;
  return OkStatus();
}

}  // namespace rind::signing
