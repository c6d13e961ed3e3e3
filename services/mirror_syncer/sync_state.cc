#include "services/mirror_syncer/sync_state.h"

#include <array>
#include <string_view>
#include <utility>

namespace rind::mirror_syncer {
namespace {

constexpr std::uint32_t kApplicationId = 0x72734d53;  // "rsMS"
constexpr std::array<std::string_view, 1> kMigrations = {R"sql(
CREATE TABLE projects (
  name TEXT PRIMARY KEY,
  etag TEXT NOT NULL,
  serial INTEGER,
  sent_serial INTEGER NOT NULL,
  newest_releases INTEGER NOT NULL,
  targets_root BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE files (
  project TEXT NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
  filename TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  size INTEGER NOT NULL,
  metadata BLOB,
  PRIMARY KEY (project, filename)
) WITHOUT ROWID;
CREATE TABLE requirements (
  project TEXT NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
  required TEXT NOT NULL,
  PRIMARY KEY (project, required)
) WITHOUT ROWID;
CREATE TABLE last_run (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  started INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  serial INTEGER NOT NULL,
  error TEXT NOT NULL
);
)sql"};

}  // namespace

StatusOr<std::unique_ptr<SyncState>> SyncState::Open(const std::string& path) {
  RIND_ASSIGN_OR_RETURN(sqlite::Database database, sqlite::Database::Open(path));
  RIND_RETURN_IF_ERROR(sqlite::Migrate(database, kApplicationId, kMigrations));
  return std::unique_ptr<SyncState>(new SyncState(std::move(database)));
}

StatusOr<std::optional<ProjectState>> SyncState::Load(const pypi::ProjectName& project) {
  const absl::MutexLock lock(&mutex_);
  ProjectState state;
  RIND_ASSIGN_OR_RETURN(sqlite::Statement row,
                        database_.Prepare("SELECT etag, serial, sent_serial, newest_releases, "
                                          "targets_root FROM projects WHERE name = ?1"));
  RIND_ASSIGN_OR_RETURN(const bool found, row.BindText(1, project.text()).Step());
  if (!found) return std::optional<ProjectState>();
  state.etag = row.Text(0);
  if (!row.IsNull(1)) state.serial = row.Int(1);
  state.sent_serial = row.Int(2);
  state.newest_releases = static_cast<int>(row.Int(3));
  RIND_ASSIGN_OR_RETURN(state.targets_root, Sha256Digest::FromBytes(row.Blob(4)));

  RIND_ASSIGN_OR_RETURN(
      sqlite::Statement file,
      database_.Prepare("SELECT filename, sha256, size, metadata FROM files WHERE project = ?1"));
  file.BindText(1, project.text());
  while (true) {
    RIND_ASSIGN_OR_RETURN(const bool more, file.Step());
    if (!more) break;
    KnownFile known;
    RIND_ASSIGN_OR_RETURN(known.sha256, Sha256Digest::FromBytes(file.Blob(1)));
    known.size = static_cast<std::uint64_t>(file.Int(2));
    if (!file.IsNull(3)) {
      RIND_ASSIGN_OR_RETURN(known.metadata, Sha256Digest::FromBytes(file.Blob(3)));
    }
    state.files.emplace(file.Text(0), known);
  }
  return std::optional(std::move(state));
}

Status SyncState::SaveFiles(const std::string& project, const ProjectState& state) {
  RIND_ASSIGN_OR_RETURN(sqlite::Statement file,
                        database_.Prepare("INSERT INTO files VALUES (?1, ?2, ?3, ?4, ?5)"));
  for (const auto& [filename, known] : state.files) {
    file.BindText(1, project).BindText(2, filename).BindBlob(3, known.sha256.Bytes());
    file.BindInt(4, static_cast<std::int64_t>(known.size));
    if (known.metadata) {
      file.BindBlob(5, known.metadata->Bytes());
    } else {
      file.BindNull(5);
    }
    RIND_RETURN_IF_ERROR(file.Run());
  }
  RIND_ASSIGN_OR_RETURN(sqlite::Statement required,
                        database_.Prepare("INSERT INTO requirements VALUES (?1, ?2)"));
  for (const pypi::ProjectName& name : state.requires_projects) {
    RIND_RETURN_IF_ERROR(required.BindText(1, project).BindText(2, name.text()).Run());
  }
  return OkStatus();
}

Status SyncState::Save(const pypi::ProjectName& project, const ProjectState& state) {
  const absl::MutexLock lock(&mutex_);
  RIND_ASSIGN_OR_RETURN(sqlite::Transaction transaction, sqlite::Transaction::Begin(database_));
  RIND_ASSIGN_OR_RETURN(sqlite::Statement drop,
                        database_.Prepare("DELETE FROM projects WHERE name = ?1"));
  RIND_RETURN_IF_ERROR(drop.BindText(1, project.text()).Run());
  RIND_ASSIGN_OR_RETURN(sqlite::Statement row,
                        database_.Prepare("INSERT INTO projects VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
  row.BindText(1, project.text()).BindText(2, state.etag);
  if (state.serial) {
    row.BindInt(3, *state.serial);
  } else {
    row.BindNull(3);
  }
  row.BindInt(4, state.sent_serial).BindInt(5, state.newest_releases);
  RIND_RETURN_IF_ERROR(row.BindBlob(6, state.targets_root.Bytes()).Run());
  RIND_RETURN_IF_ERROR(SaveFiles(project.text(), state));
  return transaction.Commit();
}

StatusOr<Totals> SyncState::CountAll() {
  const absl::MutexLock lock(&mutex_);
  RIND_ASSIGN_OR_RETURN(sqlite::Statement row,
                        database_.Prepare("SELECT (SELECT COUNT(*) FROM projects), COUNT(*), "
                                          "COALESCE(SUM(size), 0) FROM files"));
  RIND_RETURN_IF_ERROR(row.Step().status());
  return Totals{.projects = static_cast<std::uint64_t>(row.Int(0)),
                .files = static_cast<std::uint64_t>(row.Int(1)),
                .bytes = static_cast<std::uint64_t>(row.Int(2))};
}

StatusOr<std::vector<std::string>> SyncState::MissingDependencies(
    const std::set<std::string>& others) {
  const absl::MutexLock lock(&mutex_);
  RIND_ASSIGN_OR_RETURN(
      sqlite::Statement row,
      database_.Prepare("SELECT DISTINCT required FROM requirements "
                        "WHERE required NOT IN (SELECT name FROM projects) ORDER BY required"));
  std::vector<std::string> names;
  while (true) {
    RIND_ASSIGN_OR_RETURN(const bool more, row.Step());
    if (!more) return names;
    if (std::string name = row.Text(0); !others.contains(name)) names.push_back(std::move(name));
  }
}

StatusOr<RunRecord> SyncState::LastRun() {
  const absl::MutexLock lock(&mutex_);
  RIND_ASSIGN_OR_RETURN(
      sqlite::Statement row,
      database_.Prepare("SELECT started, finished, serial, error FROM last_run WHERE id = 1"));
  RIND_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return RunRecord{};
  return RunRecord{row.Int(0), row.Int(1), row.Int(2), row.Text(3)};
}

Status SyncState::SaveRun(const RunRecord& run) {
  const absl::MutexLock lock(&mutex_);
  RIND_ASSIGN_OR_RETURN(
      sqlite::Statement row,
      database_.Prepare("INSERT OR REPLACE INTO last_run VALUES (1, ?1, ?2, ?3, ?4)"));
  return row.BindInt(1, run.started)
      .BindInt(2, run.finished)
      .BindInt(3, run.serial)
      .BindText(4, run.error)
      .Run();
}

}  // namespace rind::mirror_syncer
