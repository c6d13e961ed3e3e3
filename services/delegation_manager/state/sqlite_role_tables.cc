#include "common/base/text.h"
#include "services/delegation_manager/state/sqlite_tables.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kRoleColumns =
    "SELECT name, version, expires, sha256, length FROM roles ";
constexpr std::string_view kNextChange = "next-change";

StatusOr<RoleRecord> RoleFrom(const Query& row) {
  RoleRecord role;
  RIND_ASSIGN_OR_RETURN(role.name, tuf::RoleName::Parse(row->Text(0)));
  RIND_ASSIGN_OR_RETURN(role.version, tuf::Version::Create(row->Int(1)));
  role.expires = absl::FromUnixSeconds(row->Int(2));
  RIND_ASSIGN_OR_RETURN(role.sha256, Sha256Digest::FromBytes(row->Blob(3)));
  role.length = static_cast<std::uint64_t>(row->Int(4));
  return role;
}

StatusOr<std::vector<RoleRecord>> RolesFrom(const Query& query) {
  std::vector<RoleRecord> roles;
  while (true) {
    RIND_ASSIGN_OR_RETURN(const bool more, query->Step());
    if (!more) return roles;
    RIND_ASSIGN_OR_RETURN(RoleRecord role, RoleFrom(query));
    roles.push_back(std::move(role));
  }
}

}  // namespace

SqliteRoleTable::SqliteRoleTable(sqlite::Database& database)
    : find_(database, Cat(kRoleColumns, "WHERE name = ?1")),
      all_(database, Cat(kRoleColumns, "ORDER BY name")),
      expiring_(database, Cat(kRoleColumns, "WHERE expires < ?1 ORDER BY expires, name")),
      put_(database,
           "INSERT INTO roles VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT(name) DO UPDATE SET "
           "version = ?2, expires = ?3, sha256 = ?4, length = ?5"),
      put_file_(database,
                "INSERT INTO role_files VALUES (?1, ?2) ON CONFLICT(name) DO UPDATE SET file = ?2"),
      file_(database, "SELECT file FROM role_files WHERE name = ?1") {}

StatusOr<std::optional<RoleRecord>> SqliteRoleTable::Find(const tuf::RoleName& name) {
  RIND_ASSIGN_OR_RETURN(const Query query, find_.Start());
  query->BindText(1, name.text());
  RIND_ASSIGN_OR_RETURN(const bool found, query->Step());
  if (!found) return std::optional<RoleRecord>();
  RIND_ASSIGN_OR_RETURN(RoleRecord role, RoleFrom(query));
  return std::optional<RoleRecord>(std::move(role));
}

StatusOr<std::vector<RoleRecord>> SqliteRoleTable::All() {
  RIND_ASSIGN_OR_RETURN(const Query query, all_.Start());
  return RolesFrom(query);
}

StatusOr<std::vector<RoleRecord>> SqliteRoleTable::ExpiringBefore(absl::Time time) {
  RIND_ASSIGN_OR_RETURN(const Query query, expiring_.Start());
  query->BindInt(1, absl::ToUnixSeconds(time));
  return RolesFrom(query);
}

Status SqliteRoleTable::Put(const RoleRecord& role, std::string_view file) {
  {
    RIND_ASSIGN_OR_RETURN(const Query query, put_.Start());
    query->BindText(1, role.name.text())
        .BindInt(2, role.version.value())
        .BindInt(3, absl::ToUnixSeconds(role.expires))
        .BindBlob(4, role.sha256.Bytes())
        .BindInt(5, static_cast<std::int64_t>(role.length));
    RIND_RETURN_IF_ERROR(query->Run());
  }
  if (file.empty()) return OkStatus();
  RIND_ASSIGN_OR_RETURN(const Query query, put_file_.Start());
  query->BindText(1, role.name.text()).BindBlob(2, file);
  return query->Run();
}

StatusOr<std::string> SqliteRoleTable::File(const tuf::RoleName& name) {
  RIND_ASSIGN_OR_RETURN(const Query query, file_.Start());
  query->BindText(1, name.text());
  RIND_ASSIGN_OR_RETURN(const bool found, query->Step());
  if (!found) return NotFound(Cat(name.text(), ": was never published"));
  return query->Blob(0);
}

SqliteStagingTable::SqliteStagingTable(sqlite::Database& database)
    : put_role_(database,
                "INSERT INTO staged_roles VALUES (?1, ?2, ?3, ?4) ON CONFLICT(name) DO UPDATE SET "
                "version = ?2, file = ?3, change = ?4"),
      roles_(database, "SELECT name, version, file, change FROM staged_roles ORDER BY name"),
      put_page_(database,
                "INSERT INTO staged_pages VALUES (?1, ?2, ?3, ?4) "
                "ON CONFLICT(path, sha256) DO UPDATE SET change = ?4"),
      pages_(database, "SELECT path, sha256, content, change FROM staged_pages ORDER BY path"),
      drop_roles_(database, "DELETE FROM staged_roles WHERE change <= ?1"),
      drop_pages_(database, "DELETE FROM staged_pages WHERE change <= ?1") {}

Status SqliteStagingTable::PutRole(const StagedRole& role) {
  RIND_ASSIGN_OR_RETURN(const Query query, put_role_.Start());
  query->BindText(1, role.role.text())
      .BindInt(2, role.version.value())
      .BindBlob(3, role.file)
      .BindInt(4, static_cast<std::int64_t>(role.change));
  return query->Run();
}

StatusOr<std::vector<StagedRole>> SqliteStagingTable::Roles() {
  RIND_ASSIGN_OR_RETURN(const Query query, roles_.Start());
  std::vector<StagedRole> roles;
  while (true) {
    RIND_ASSIGN_OR_RETURN(const bool more, query->Step());
    if (!more) return roles;
    StagedRole role;
    RIND_ASSIGN_OR_RETURN(role.role, tuf::RoleName::Parse(query->Text(0)));
    RIND_ASSIGN_OR_RETURN(role.version, tuf::Version::Create(query->Int(1)));
    role.file = query->Blob(2);
    role.change = static_cast<std::uint64_t>(query->Int(3));
    roles.push_back(std::move(role));
  }
}

Status SqliteStagingTable::PutPage(const StagedPage& page) {
  RIND_ASSIGN_OR_RETURN(const Query query, put_page_.Start());
  query->BindText(1, page.path.text())
      .BindBlob(2, page.sha256.Bytes())
      .BindBlob(3, page.content)
      .BindInt(4, static_cast<std::int64_t>(page.change));
  return query->Run();
}

StatusOr<std::vector<StagedPage>> SqliteStagingTable::Pages() {
  RIND_ASSIGN_OR_RETURN(const Query query, pages_.Start());
  std::vector<StagedPage> pages;
  while (true) {
    RIND_ASSIGN_OR_RETURN(const bool more, query->Step());
    if (!more) return pages;
    RIND_ASSIGN_OR_RETURN(auto path, tuf::TargetPath::Parse(query->Text(0)));
    RIND_ASSIGN_OR_RETURN(const auto sha256, Sha256Digest::FromBytes(query->Blob(1)));
    pages.push_back(
        {std::move(path), sha256, query->Blob(2), static_cast<std::uint64_t>(query->Int(3))});
  }
}

Status SqliteStagingTable::Drop(std::uint64_t change) {
  for (Prepared* const statement : {&drop_roles_, &drop_pages_}) {
    RIND_ASSIGN_OR_RETURN(const Query query, statement->Start());
    query->BindInt(1, static_cast<std::int64_t>(change));
    RIND_RETURN_IF_ERROR(query->Run());
  }
  return OkStatus();
}

SqliteSettingTable::SqliteSettingTable(sqlite::Database& database)
    : find_(database, "SELECT value FROM settings WHERE name = ?1"),
      put_(database,
           "INSERT INTO settings VALUES (?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2") {}

StatusOr<std::optional<std::string>> SqliteSettingTable::Find(std::string_view name) {
  RIND_ASSIGN_OR_RETURN(const Query query, find_.Start());
  query->BindText(1, name);
  RIND_ASSIGN_OR_RETURN(const bool found, query->Step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(query->Text(0));
}

Status SqliteSettingTable::Put(std::string_view name, std::string_view value) {
  RIND_ASSIGN_OR_RETURN(const Query query, put_.Start());
  query->BindText(1, name).BindText(2, value);
  return query->Run();
}

StatusOr<std::uint64_t> SqliteSettingTable::NextChange() {
  RIND_ASSIGN_OR_RETURN(const auto text, Find(kNextChange));
  // 1 is what BinTable::Create() marks with.
  std::uint64_t change = 2;
  if (text) {
    const auto found = ParseUnsigned(*text, INT64_MAX - 1);
    if (!found) return DataLoss(Cat("settings: ", kNextChange, " is '", *text, "'"));
    change = *found;
  }
  RIND_RETURN_IF_ERROR(Put(kNextChange, Cat(change + 1)));
  return change;
}

SqliteJournalTable::SqliteJournalTable(sqlite::Database& database)
    : read_(database, "SELECT kind, step, payload FROM journal WHERE one = 1"),
      write_(database,
             "INSERT INTO journal VALUES (1, ?1, ?2, ?3) ON CONFLICT(one) DO UPDATE SET "
             "kind = ?1, step = ?2, payload = ?3"),
      clear_(database, "DELETE FROM journal") {}

StatusOr<std::optional<JournalEntry>> SqliteJournalTable::Read() {
  RIND_ASSIGN_OR_RETURN(const Query query, read_.Start());
  RIND_ASSIGN_OR_RETURN(const bool found, query->Step());
  if (!found) return std::optional<JournalEntry>();
  return std::optional<JournalEntry>({query->Text(0), query->Text(1), query->Blob(2)});
}

Status SqliteJournalTable::Write(const JournalEntry& entry) {
  RIND_ASSIGN_OR_RETURN(const Query query, write_.Start());
  // Of many bins it is some 100 MB.
  query->BindText(1, entry.kind).BindText(2, entry.step).BindBlobInPlace(3, entry.payload);
  return query->Run();
}

Status SqliteJournalTable::Clear() {
  RIND_ASSIGN_OR_RETURN(const Query query, clear_.Start());
  return query->Run();
}

}  // namespace rind::delegation_manager
