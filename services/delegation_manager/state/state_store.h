// The manager's memory: tables, reached inside of a transaction.
//
// Promise: Transact() runs its body alone; what the body did is durable when Transact() returned
// OK, and undone when the body or the commit failed. Nothing of SQLite shows here. Errors: those of
// common/sqlite, with the table's name. Threading: StateStore is thread-safe. Tables belong to the
// body that they were given to and must not leave it; a body must not call Transact() again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/delegation_manager/state/records.h"

namespace rind::delegation_manager {

class ProjectTable {
 public:
  virtual ~ProjectTable() = default;
  virtual StatusOr<std::optional<Project>> Find(std::string_view name) = 0;
  // Sorted by name, those after `after`, at most `limit`.
  virtual StatusOr<std::vector<Project>> List(std::string_view after, int limit) = 0;
  virtual Status Put(const Project& project) = 0;
  // Marks as published what waited up to `change`.
  virtual Status Published(std::uint64_t change) = 0;
  virtual StatusOr<Counts> Count() = 0;
};

class TargetTable {
 public:
  virtual ~TargetTable() = default;
  // Sorted by path.
  virtual StatusOr<std::vector<Target>> OfProject(std::string_view project) = 0;
  virtual StatusOr<std::vector<Target>> InBin(std::uint32_t bin) = 0;
  virtual Status Put(const Target& target) = 0;
  // Takes a target out; a file (not a page) is remembered as departed, with its hash.
  virtual Status Remove(const Target& target) = 0;
  // Files of a project that left, by path: they may return with that hash only.
  virtual StatusOr<std::vector<Target>> Departed(std::string_view project) = 0;
};

class BinTable {
 public:
  virtual ~BinTable() = default;
  // Makes `count` bins, all dirty; replaces what was there.
  virtual Status Create(std::uint32_t count) = 0;
  virtual StatusOr<std::uint32_t> Count() = 0;  // 0: no repository yet
  virtual Status MarkDirty(std::uint32_t bin, std::uint64_t change) = 0;
  virtual StatusOr<std::vector<DirtyBin>> Dirty() = 0;
  // Those that did not change again since they were read become clean.
  virtual Status MarkClean(const std::vector<DirtyBin>& bins) = 0;
};

class RoleTable {
 public:
  virtual ~RoleTable() = default;
  virtual StatusOr<std::optional<RoleRecord>> Find(const tuf::RoleName& name) = 0;
  // Sorted by name; every role that was ever published.
  virtual StatusOr<std::vector<RoleRecord>> All() = 0;
  virtual StatusOr<std::vector<RoleRecord>> ExpiringBefore(absl::Time time) = 0;
  // `file` empty: the record alone (bins, whose files are read from where they are published).
  virtual Status Put(const RoleRecord& role, std::string_view file) = 0;
  // The whole file of a role that is not a bin; NotFound when it was never published.
  virtual StatusOr<std::string> File(const tuf::RoleName& name) = 0;
};

class StagingTable {
 public:
  virtual ~StagingTable() = default;
  virtual Status PutRole(const StagedRole& role) = 0;
  virtual StatusOr<std::vector<StagedRole>> Roles() = 0;
  virtual Status PutPage(const StagedPage& page) = 0;
  virtual StatusOr<std::vector<StagedPage>> Pages() = 0;
  // Drops what was staged up to `change`.
  virtual Status Drop(std::uint64_t change) = 0;
};

class ClaimTable {
 public:
  virtual ~ClaimTable() = default;
  virtual StatusOr<std::optional<Claim>> Find(std::string_view project) = 0;
  // Sorted by project; in `state` only, when given.
  virtual StatusOr<std::vector<Claim>> List(std::optional<ProjectState> state) = 0;
  virtual Status Put(const Claim& claim) = 0;
  virtual Status Remove(std::string_view project) = 0;
};

class SettingTable {
 public:
  virtual ~SettingTable() = default;
  virtual StatusOr<std::optional<std::string>> Find(std::string_view name) = 0;
  virtual Status Put(std::string_view name, std::string_view value) = 0;
  // A number above all that were given before; marks what changed since a release was planned.
  virtual StatusOr<std::uint64_t> NextChange() = 0;
};

class JournalTable {
 public:
  virtual ~JournalTable() = default;
  virtual StatusOr<std::optional<JournalEntry>> Read() = 0;
  // Replaces what was there.
  virtual Status Write(const JournalEntry& entry) = 0;
  virtual Status Clear() = 0;
};

struct Tables {
  ProjectTable& projects;
  TargetTable& targets;
  BinTable& bins;
  RoleTable& roles;
  StagingTable& staging;
  ClaimTable& claims;
  SettingTable& settings;
  JournalTable& journal;
};

class StateStore {
 public:
  virtual ~StateStore() = default;
  virtual Status Transact(const std::function<Status(Tables&)>& body) = 0;
  // Forgets everything, at once or not at all: a repository can be created anew (`rind destroy`).
  virtual Status Clear() = 0;
};

// Names in SettingTable. The dirty ones hold a change, or "0" once a release has published it.
// The claims officer's public key in hex, as the offline signer pinned it at the creation; empty:
// there is no officer, so no project can be claimed.
inline constexpr std::string_view kSettingClaimsOfficer = "claims-officer";
inline constexpr std::string_view kSettingProfile = "profile";
inline constexpr std::string_view kSettingRecentlyClaimedDirty = "recently-claimed-dirty";
inline constexpr std::string_view kSettingProjectListDirty = "project-list-dirty";
inline constexpr std::string_view kSettingProjectListTime = "project-list-time";  // of the last

// Opens or makes the database file; migrates it. FailedPrecondition while another process has it.
StatusOr<std::unique_ptr<StateStore>> OpenStateStore(const std::string& path);

}  // namespace rind::delegation_manager
