// The tables of state_store.h in SQLite. Only sqlite_*.cc include this.
//
// Promise: that of state_store.h.
// Threading: one thread at a time; the store's lock sees to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/delegation_manager/state/sqlite_query.h"
#include "services/delegation_manager/state/state_store.h"

namespace rind::delegation_manager {

class SqliteProjectTable final : public ProjectTable {
 public:
  explicit SqliteProjectTable(sqlite::Database& database);
  StatusOr<std::optional<Project>> Find(std::string_view name) override;
  StatusOr<std::vector<Project>> List(std::string_view after, int limit) override;
  Status Put(const Project& project) override;
  Status Published(std::uint64_t change) override;
  StatusOr<Counts> Count() override;

 private:
  Prepared find_, list_, put_, published_, totals_, waiting_, newest_;
};

class SqliteTargetTable final : public TargetTable {
 public:
  explicit SqliteTargetTable(sqlite::Database& database);
  StatusOr<std::vector<Target>> OfProject(std::string_view project) override;
  StatusOr<std::vector<Target>> InBin(std::uint32_t bin) override;
  Status Put(const Target& target) override;
  Status Remove(const Target& target) override;
  StatusOr<std::vector<Target>> Departed(std::string_view project) override;

 private:
  Prepared range_, in_bin_, put_, remove_, depart_, departed_, returned_;
};

class SqliteBinTable final : public BinTable {
 public:
  explicit SqliteBinTable(sqlite::Database& database);
  Status Create(std::uint32_t count) override;
  StatusOr<std::uint32_t> Count() override;
  Status MarkDirty(std::uint32_t bin, std::uint64_t change) override;
  StatusOr<std::vector<DirtyBin>> Dirty() override;
  Status MarkClean(const std::vector<DirtyBin>& bins) override;

 private:
  sqlite::Database& database_;
  Prepared insert_, count_, mark_, dirty_, clean_;
};

class SqliteRoleTable final : public RoleTable {
 public:
  explicit SqliteRoleTable(sqlite::Database& database);
  StatusOr<std::optional<RoleRecord>> Find(const tuf::RoleName& name) override;
  StatusOr<std::vector<RoleRecord>> All() override;
  StatusOr<std::vector<RoleRecord>> ExpiringBefore(absl::Time time) override;
  Status Put(const RoleRecord& role, std::string_view file) override;
  StatusOr<std::string> File(const tuf::RoleName& name) override;

 private:
  Prepared find_, all_, expiring_, put_, put_file_, file_;
};

class SqliteStagingTable final : public StagingTable {
 public:
  explicit SqliteStagingTable(sqlite::Database& database);
  Status PutRole(const StagedRole& role) override;
  StatusOr<std::vector<StagedRole>> Roles() override;
  Status PutPage(const StagedPage& page) override;
  StatusOr<std::vector<StagedPage>> Pages() override;
  Status Drop(std::uint64_t change) override;

 private:
  Prepared put_role_, roles_, put_page_, pages_, drop_roles_, drop_pages_;
};

class SqliteClaimTable final : public ClaimTable {
 public:
  explicit SqliteClaimTable(sqlite::Database& database);
  StatusOr<std::optional<Claim>> Find(std::string_view project) override;
  StatusOr<std::vector<Claim>> List(std::optional<ProjectState> state) override;
  Status Put(const Claim& claim) override;
  Status Remove(std::string_view project) override;

 private:
  Status ReadSignatures(Claim& claim);
  Prepared find_, list_, put_, remove_, signatures_, put_signature_, remove_signatures_;
};

class SqliteSettingTable final : public SettingTable {
 public:
  explicit SqliteSettingTable(sqlite::Database& database);
  StatusOr<std::optional<std::string>> Find(std::string_view name) override;
  Status Put(std::string_view name, std::string_view value) override;
  StatusOr<std::uint64_t> NextChange() override;

 private:
  Prepared find_, put_;
};

class SqliteJournalTable final : public JournalTable {
 public:
  explicit SqliteJournalTable(sqlite::Database& database);
  StatusOr<std::optional<JournalEntry>> Read() override;
  Status Write(const JournalEntry& entry) override;
  Status Clear() override;

 private:
  Prepared read_, write_, clear_;
};

}  // namespace rind::delegation_manager
