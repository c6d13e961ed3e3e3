// S-05 and S-06: what may stand in a bin.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/signing/refusal.h"
#include "common/signing/rules.h"

namespace rind::signing {
namespace {

// What kind of target a path names.
enum class PathKind { kFile, kProjectPage, kListPage };

StatusOr<PathKind> KindOf(std::string_view who, const std::string& path) {
  const auto parsed = tuf::TargetPath::Parse(path);
  RIND_RETURN_IF_ERROR(RefuseIfError(parsed.status(), "S-06", who));
  if (path == "simple/index.html" || path == "simple/index.json") return PathKind::kListPage;
  const std::vector<std::string> parts = Split(path, '/');
  if (parts.size() == 3 && parts[0] == "files") return PathKind::kFile;
  if (parts.size() == 3 && parts[0] == "simple" &&
      (parts[2] == "index.html" || parts[2] == "index.json")) {
    return PathKind::kProjectPage;
  }
  return Refuse("S-06", Cat(who, ": ", Printable(path),
                            ": wanted simple/PROJECT/index.html or "
                            "index.json, or files/PROJECT/NAME"));
}

// One syncer's word for one path.
struct Voucher {
  std::size_t key = 0;  // in policy.evidence_keys
  std::uint64_t length = 0;
  Sha256Digest sha256;
  std::int64_t serial = 0;
  absl::Time time;
};

// All words that were sent along, each verified once.
class Vouchers {
 public:
  static StatusOr<Vouchers> Check(std::string_view who,
                                  const std::vector<SuppliedEvidence>& supplied,
                                  const Policy& policy, absl::Time now) {
    Vouchers vouchers;
    for (const SuppliedEvidence& one : supplied) {
      RIND_RETURN_IF_ERROR(RefuseIfError(vouchers.Take(one, policy, now), "S-06", who));
    }
    return vouchers;
  }

  // The words for `path`; null without any.
  const std::vector<Voucher>* Find(const std::string& path) const {
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? nullptr : &found->second;
  }

 private:
  Status Take(const SuppliedEvidence& one, const Policy& policy, absl::Time now) {
    RIND_ASSIGN_OR_RETURN(const std::size_t key, KeyOf(one.evidence, policy));
    RIND_ASSIGN_OR_RETURN(const auto statement, evidence::DecodeEvidence(one.evidence.statement));
    const std::string what = Cat("evidence for ", statement.project);
    if (statement.repository != policy.repository) {
      return Refuse("S-09", Cat(what, ": is for repository ", Printable(statement.repository, 64),
                                ": wanted ", policy.repository));
    }
    if (statement.time > now + kClockTolerance) {
      return Refuse(
          "S-06", Cat(what, ": is of ", FormatUtc(statement.time), ", and it is ", FormatUtc(now)));
    }
    for (const VouchedLeaf& leaf : one.targets) {
      if (leaf.target.path.Project() != statement.project) {
        return Refuse("S-06", Cat(what, ": covers ", leaf.target.path.text(),
                                  ", which is another project's"));
      }
      RIND_RETURN_IF_ERROR(evidence::CheckAuditPath(leaf.target, leaf.index, statement.count,
                                                    leaf.path, statement.targets_root));
      by_path_[leaf.target.path.text()].push_back({.key = key,
                                                   .length = leaf.target.length,
                                                   .sha256 = leaf.target.sha256,
                                                   .serial = statement.serial,
                                                   .time = statement.time});
    }
    return OkStatus();
  }

  static StatusOr<std::size_t> KeyOf(const SignedStatement& statement, const Policy& policy) {
    for (std::size_t i = 0; i < policy.evidence_keys.size(); ++i) {
      if (evidence::StatementKeyId(policy.evidence_keys[i]) != statement.key_id) continue;
      RIND_RETURN_IF_ERROR(evidence::VerifyStatement(policy.evidence_keys[i], statement.statement,
                                                     statement.signature));
      return i;
    }
    return Refuse("S-06", Cat("evidence by key ", Printable(statement.key_id, 8),
                              ": is none of the ", policy.evidence_keys.size(), " configured"));
  }

  std::map<std::string, std::vector<Voucher>> by_path_;
};

// One entry of the proposed bin, judged against all else.
class EntryJudge {
 public:
  EntryJudge(std::string_view who, const tuf::Targets* previous, const Memory& memory,
             const Policy& policy, const Vouchers& vouchers)
      : who_(who), previous_(previous), memory_(memory), policy_(policy), vouchers_(vouchers) {}

  Status Judge(const std::string& path, const tuf::TargetFile& entry) const {
    RIND_ASSIGN_OR_RETURN(const PathKind kind, KindOf(who_, path));
    RIND_RETURN_IF_ERROR(CheckForm(path, entry, kind));
    const tuf::TargetFile* before = FindIn(previous_, path);
    if (before != nullptr && *before == entry) return OkStatus();
    // The list of all projects is the manager's own; docs/trust-model.md says what that means.
    if (kind == PathKind::kListPage) return OkStatus();
    if (kind == PathKind::kFile) return JudgeFile(path, entry, before);
    return JudgePage(path, entry, before);
  }

  static const tuf::TargetFile* FindIn(const tuf::Targets* document, const std::string& path) {
    if (document == nullptr) return nullptr;
    const auto found = document->targets.find(path);
    return found == document->targets.end() ? nullptr : &found->second;
  }

 private:
  std::string Where(const std::string& path) const { return Cat(who_, ": ", path); }

  Status CheckForm(const std::string& path, const tuf::TargetFile& entry, PathKind kind) const {
    if (!entry.hashes.sha256().has_value() || !entry.hashes.OnlySha256()) {
      return Refuse("S-06", Cat(Where(path), ": wanted sha256 and no other hash"));
    }
    if (!entry.custom.empty()) {
      return Refuse("S-06", Cat(Where(path), ": has a custom member that is not a serial"));
    }
    if (kind == PathKind::kProjectPage && !entry.serial.has_value()) {
      return Refuse("S-06", Cat(Where(path), ": has no serial: wanted its evidence's"));
    }
    if (kind == PathKind::kFile && entry.serial.has_value()) {
      return Refuse("S-06", Cat(Where(path), ": is a file and has a serial"));
    }
    return OkStatus();
  }

  // S-05: the first hash of a file is its only one, also after it left.
  Status JudgeFile(const std::string& path, const tuf::TargetFile& entry,
                   const tuf::TargetFile* before) const {
    const Sha256Digest found = *entry.hashes.sha256();
    if (before != nullptr) {
      const auto first = before->hashes.sha256();
      return Refuse("S-05",
                    Cat(Where(path), ": a file keeps its hash and length: found sha256 ",
                        found.Short(), " and ", entry.length, " bytes, wanted ",
                        first.has_value() ? first->Short() : "another", " and ", before->length));
    }
    const Tombstone* departed = memory_.FindTombstone(Sha256(path));
    if (departed != nullptr && departed->sha256 != found) {
      return Refuse("S-05", Cat(Where(path), ": left with sha256 ", departed->sha256.Short(),
                                " and would return with ", found.Short()));
    }
    return CheckVouched(path, entry, departed);
  }

  // S-05: the serial of a page never goes back, also after the page left.
  Status JudgePage(const std::string& path, const tuf::TargetFile& entry,
                   const tuf::TargetFile* before) const {
    const Tombstone* departed = before == nullptr ? memory_.FindTombstone(Sha256(path)) : nullptr;
    std::int64_t floor = 0;
    if (before != nullptr) floor = before->serial.value_or(0);
    if (departed != nullptr) floor = departed->serial;
    if (*entry.serial < floor) {
      return Refuse("S-05", Cat(Where(path), ": has serial ", *entry.serial, ": wanted at least ",
                                floor, ", which it had"));
    }
    return CheckVouched(path, entry, departed);
  }

  // S-06: enough distinct syncers saw exactly this.
  Status CheckVouched(const std::string& path, const tuf::TargetFile& entry,
                      const Tombstone* departed) const {
    std::set<std::size_t> keys;
    const std::vector<Voucher>* vouchers = vouchers_.Find(path);
    for (const Voucher& voucher : vouchers == nullptr ? std::vector<Voucher>{} : *vouchers) {
      const bool same = voucher.sha256 == *entry.hashes.sha256() && voucher.length == entry.length;
      const bool same_serial = !entry.serial.has_value() || *entry.serial == voucher.serial;
      // What left may come back only with evidence made since: an old one was true once.
      const bool fresh =
          departed == nullptr || voucher.time + kClockTolerance >= departed->departed;
      if (same && same_serial && fresh) keys.insert(voucher.key);
    }
    if (keys.size() >= static_cast<std::size_t>(policy_.evidence_threshold)) return OkStatus();
    return Refuse(
        "S-06",
        Cat(Where(path), ": is new or changed (sha256 ", entry.hashes.sha256()->Short(), ", ",
            entry.length, " bytes", entry.serial.has_value() ? Cat(", serial ", *entry.serial) : "",
            "): found evidence by ", keys.size(), " syncers, wanted ", policy_.evidence_threshold));
  }

  std::string_view who_;
  const tuf::Targets* previous_;
  const Memory& memory_;
  const Policy& policy_;
  const Vouchers& vouchers_;
};

// The first `bits` bits of a path's hash.
std::uint32_t FirstBits(const Sha256Digest& hash, int bits) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(hash.Bytes()[i]);
  return value >> (32 - bits);
}

// S-06: every path hashes into this bin, for one number of bins that its name allows. (A name has
// as many digits as the last bin's, so "bin-3f" may be one of 128 or of 256. Clients look where
// `unclaimed` tells them; what stands elsewhere is never found.)
Status CheckPlaces(std::string_view who, const std::string& role, const tuf::Targets& document,
                   int configured_bits) {
  const std::string digits = role.substr(tuf::kBinPrefix.size() + 1);
  const int most = 4 * static_cast<int>(digits.size());
  std::uint32_t number = 0;
  for (const char c : digits) {
    number = number << 4 | static_cast<std::uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  if (configured_bits > 0 && (configured_bits > most || configured_bits <= most - 4)) {
    return Refuse("S-06", Cat(who, ": is no bin of ", std::uint64_t{1} << configured_bits));
  }
  std::string stray;
  for (int bits = most; bits > most - 4; --bits) {
    if (configured_bits > 0 && bits != configured_bits) continue;
    const auto other = std::find_if(
        document.targets.begin(), document.targets.end(),
        [&](const auto& entry) { return FirstBits(Sha256(entry.first), bits) != number; });
    if (other == document.targets.end()) return OkStatus();
    if (stray.empty()) stray = other->first;
  }
  return Refuse("S-06", Cat(who, ": ", Printable(stray), ": does not hash into this bin"));
}

}  // namespace

StatusOr<std::vector<Tombstone>> JudgeBin(std::string_view who, const Proposal& proposal,
                                          const tuf::Targets& proposed,
                                          const tuf::Targets* previous, const Memory& memory,
                                          const Policy& policy, absl::Time now) {
  if (proposed.delegations.has_value()) {
    return Refuse("S-08", Cat(who, ": delegates, and no bin may"));
  }
  RIND_RETURN_IF_ERROR(CheckPlaces(who, proposal.role.text(), proposed, policy.bin_bits));
  RIND_ASSIGN_OR_RETURN(const Vouchers vouchers,
                        Vouchers::Check(who, proposal.vouched, policy, now));
  const EntryJudge judge(who, previous, memory, policy, vouchers);
  for (const auto& [path, entry] : proposed.targets) {
    RIND_RETURN_IF_ERROR(judge.Judge(path, entry));
  }
  std::vector<Tombstone> departed;
  if (previous == nullptr) return departed;
  for (const auto& [path, entry] : previous->targets) {
    if (proposed.targets.contains(path)) continue;
    Tombstone tombstone = {
        .path = Sha256(path), .sha256 = {}, .serial = entry.serial.value_or(0), .departed = now};
    if (path.starts_with("files/")) {
      tombstone.sha256 = entry.hashes.sha256().value_or(Sha256Digest());
    }
    departed.push_back(tombstone);
  }
  return departed;
}

}  // namespace rind::signing
