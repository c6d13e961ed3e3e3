#include <algorithm>

#include "common/base/text.h"
#include "services/delegation_manager/state/sqlite_tables.h"

namespace rind::delegation_manager {
namespace {

StatusOr<Project> ProjectFrom(const Query& row) {
  Project project;
  project.name = row->Text(0);
  RIND_ASSIGN_OR_RETURN(project.state, ParseProjectState(row->Text(1)));
  project.serial = row->Int(2);
  RIND_ASSIGN_OR_RETURN(project.targets_root, Sha256Digest::FromBytes(row->Blob(3)));
  project.evidence = {row->Blob(4), row->Text(5), row->Blob(6)};
  project.ingested = absl::FromUnixSeconds(row->Int(7));
  project.waiting = static_cast<std::uint64_t>(row->Int(8));
  return project;
}

StatusOr<Target> TargetFrom(const Query& row) {
  RIND_ASSIGN_OR_RETURN(auto path, tuf::TargetPath::Parse(row->Text(0)));
  RIND_ASSIGN_OR_RETURN(const auto sha256, Sha256Digest::FromBytes(row->Blob(2)));
  Target target{.path = std::move(path),
                .project = {},
                .length = static_cast<std::uint64_t>(row->Int(1)),
                .sha256 = sha256,
                .serial = {},
                .bin = {}};
  // The list of all projects has two segments and no project.
  const std::string& text = target.path.text();
  if (std::count(text.begin(), text.end(), '/') > 1) {
    target.project = std::string(target.path.Project());
  }
  if (!row->IsNull(3)) target.serial = row->Int(3);
  if (!row->IsNull(4)) target.bin = static_cast<std::uint32_t>(row->Int(4));
  return target;
}

StatusOr<std::vector<Target>> TargetsFrom(const Query& query) {
  std::vector<Target> targets;
  while (true) {
    RIND_ASSIGN_OR_RETURN(const bool more, query->Step());
    if (!more) return targets;
    RIND_ASSIGN_OR_RETURN(Target target, TargetFrom(query));
    targets.push_back(std::move(target));
  }
}

// Appends the rows of a statement with `path >= ?1 AND path < ?2` for files/NAME/ and simple/NAME/.
// "0" is the byte after "/". Without a name: the two lists of all projects.
StatusOr<std::vector<Target>> InRanges(Prepared& range, std::string_view project) {
  std::vector<std::pair<std::string, std::string>> ranges;
  if (project.empty()) {
    ranges = {{"simple/index.html", "simple/index.html0"},
              {"simple/index.json", "simple/index.json0"}};
  } else {
    ranges = {{Cat("files/", project, "/"), Cat("files/", project, "0")},
              {Cat("simple/", project, "/"), Cat("simple/", project, "0")}};
  }
  std::vector<Target> all;
  for (const auto& [first, end] : ranges) {
    RIND_ASSIGN_OR_RETURN(const Query query, range.Start());
    query->BindText(1, first).BindText(2, end);
    RIND_ASSIGN_OR_RETURN(std::vector<Target> some, TargetsFrom(query));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

SqliteProjectTable::SqliteProjectTable(sqlite::Database& database)
    : find_(database,
            "SELECT name, state, serial, targets_root, evidence_statement, evidence_key, "
            "evidence_signature, ingested, waiting FROM projects WHERE name = ?1"),
      list_(database,
            "SELECT name, state, serial, targets_root, evidence_statement, evidence_key, "
            "evidence_signature, ingested, waiting FROM projects WHERE name > ?1 "
            "ORDER BY name LIMIT ?2"),
      put_(database,
           "INSERT INTO projects VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
           "ON CONFLICT(name) DO UPDATE SET state = ?2, serial = ?3, targets_root = ?4, "
           "evidence_statement = ?5, evidence_key = ?6, evidence_signature = ?7, ingested = ?8, "
           "waiting = ?9"),
      published_(database, "UPDATE projects SET waiting = 0 WHERE waiting > 0 AND waiting <= ?1"),
      totals_(database, "SELECT name, value FROM totals"),
      waiting_(database, "SELECT count(*) FROM projects WHERE waiting > 0"),
      newest_(database, "SELECT max(serial), (SELECT max(ingested) FROM projects) FROM projects") {}

StatusOr<std::optional<Project>> SqliteProjectTable::Find(std::string_view name) {
  RIND_ASSIGN_OR_RETURN(const Query query, find_.Start());
  query->BindText(1, name);
  RIND_ASSIGN_OR_RETURN(const bool found, query->Step());
  if (!found) return std::optional<Project>();
  RIND_ASSIGN_OR_RETURN(Project project, ProjectFrom(query));
  return std::optional<Project>(std::move(project));
}

StatusOr<std::vector<Project>> SqliteProjectTable::List(std::string_view after, int limit) {
  RIND_ASSIGN_OR_RETURN(const Query query, list_.Start());
  query->BindText(1, after).BindInt(2, limit);
  std::vector<Project> projects;
  while (true) {
    RIND_ASSIGN_OR_RETURN(const bool more, query->Step());
    if (!more) return projects;
    RIND_ASSIGN_OR_RETURN(Project project, ProjectFrom(query));
    projects.push_back(std::move(project));
  }
}

Status SqliteProjectTable::Put(const Project& project) {
  RIND_ASSIGN_OR_RETURN(const Query query, put_.Start());
  query->BindText(1, project.name)
      .BindText(2, NameOf(project.state))
      .BindInt(3, project.serial)
      .BindBlob(4, project.targets_root.Bytes())
      .BindBlob(5, project.evidence.statement)
      .BindText(6, project.evidence.key_id)
      .BindBlob(7, project.evidence.signature)
      .BindInt(8, absl::ToUnixSeconds(project.ingested))
      .BindInt(9, static_cast<std::int64_t>(project.waiting));
  return query->Run();
}

Status SqliteProjectTable::Published(std::uint64_t change) {
  RIND_ASSIGN_OR_RETURN(const Query query, published_.Start());
  query->BindInt(1, static_cast<std::int64_t>(change));
  return query->Run();
}

StatusOr<Counts> SqliteProjectTable::Count() {
  Counts counts;
  {
    RIND_ASSIGN_OR_RETURN(const Query query, totals_.Start());
    while (true) {
      RIND_ASSIGN_OR_RETURN(const bool more, query->Step());
      if (!more) break;
      const std::string name = query->Text(0);
      const auto value = static_cast<std::uint64_t>(query->Int(1));
      if (name == "projects") counts.projects = value;
      if (name == "targets") counts.targets = value;
      if (name == "files") counts.files = value;
      if (name == "bytes") counts.bytes = value;
    }
  }
  {
    RIND_ASSIGN_OR_RETURN(const Query query, waiting_.Start());
    RIND_RETURN_IF_ERROR(query->Step().status());
    counts.waiting = static_cast<std::uint64_t>(query->Int(0));
  }
  RIND_ASSIGN_OR_RETURN(const Query query, newest_.Start());
  RIND_RETURN_IF_ERROR(query->Step().status());
  counts.serial = query->Int(0);
  counts.last_ingest = absl::FromUnixSeconds(query->Int(1));
  return counts;
}

SqliteTargetTable::SqliteTargetTable(sqlite::Database& database)
    : range_(database,
             "SELECT path, length, sha256, serial, bin FROM targets "
             "WHERE path >= ?1 AND path < ?2 ORDER BY path"),
      in_bin_(database,
              "SELECT path, length, sha256, serial, bin FROM targets WHERE bin = ?1 ORDER BY path"),
      put_(database,
           "INSERT INTO targets VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT(path) DO UPDATE SET "
           "length = ?2, sha256 = ?3, serial = ?4, bin = ?5"),
      remove_(database, "DELETE FROM targets WHERE path = ?1"),
      depart_(database,
              "INSERT INTO departed VALUES (?1, ?2, ?3) ON CONFLICT(path) DO UPDATE SET "
              "length = ?2, sha256 = ?3"),
      departed_(database,
                "SELECT path, length, sha256, NULL, NULL FROM departed "
                "WHERE path >= ?1 AND path < ?2 ORDER BY path"),
      returned_(database, "DELETE FROM departed WHERE path = ?1") {}

StatusOr<std::vector<Target>> SqliteTargetTable::OfProject(std::string_view project) {
  return InRanges(range_, project);
}

StatusOr<std::vector<Target>> SqliteTargetTable::InBin(std::uint32_t bin) {
  RIND_ASSIGN_OR_RETURN(const Query query, in_bin_.Start());
  query->BindInt(1, bin);
  return TargetsFrom(query);
}

Status SqliteTargetTable::Put(const Target& target) {
  RIND_ASSIGN_OR_RETURN(const Query query, put_.Start());
  query->BindText(1, target.path.text())
      .BindInt(2, static_cast<std::int64_t>(target.length))
      .BindBlob(3, target.sha256.Bytes());
  if (target.serial) query->BindInt(4, *target.serial);
  if (target.bin) query->BindInt(5, *target.bin);
  RIND_RETURN_IF_ERROR(query->Run());
  RIND_ASSIGN_OR_RETURN(const Query returned, returned_.Start());
  returned->BindText(1, target.path.text());
  return returned->Run();
}

Status SqliteTargetTable::Remove(const Target& target) {
  {
    RIND_ASSIGN_OR_RETURN(const Query query, remove_.Start());
    query->BindText(1, target.path.text());
    RIND_RETURN_IF_ERROR(query->Run());
  }
  if (!target.path.text().starts_with("files/")) return OkStatus();
  RIND_ASSIGN_OR_RETURN(const Query query, depart_.Start());
  query->BindText(1, target.path.text())
      .BindInt(2, static_cast<std::int64_t>(target.length))
      .BindBlob(3, target.sha256.Bytes());
  return query->Run();
}

StatusOr<std::vector<Target>> SqliteTargetTable::Departed(std::string_view project) {
  return InRanges(departed_, project);
}

SqliteBinTable::SqliteBinTable(sqlite::Database& database)
    : database_(database),
      insert_(database, "INSERT INTO bins VALUES (?1, 1)"),
      count_(database, "SELECT count(*) FROM bins"),
      mark_(database, "UPDATE bins SET dirty = ?2 WHERE number = ?1"),
      dirty_(database, "SELECT number, dirty FROM bins WHERE dirty > 0 ORDER BY number"),
      clean_(database, "UPDATE bins SET dirty = 0 WHERE number = ?1 AND dirty = ?2") {}

Status SqliteBinTable::Create(std::uint32_t count) {
  RIND_RETURN_IF_ERROR(database_.Execute("DELETE FROM bins"));
  for (std::uint32_t bin = 0; bin < count; ++bin) {
    RIND_ASSIGN_OR_RETURN(const Query query, insert_.Start());
    query->BindInt(1, bin);
    RIND_RETURN_IF_ERROR(query->Run());
  }
  return OkStatus();
}

StatusOr<std::uint32_t> SqliteBinTable::Count() {
  RIND_ASSIGN_OR_RETURN(const Query query, count_.Start());
  RIND_RETURN_IF_ERROR(query->Step().status());
  return static_cast<std::uint32_t>(query->Int(0));
}

Status SqliteBinTable::MarkDirty(std::uint32_t bin, std::uint64_t change) {
  RIND_ASSIGN_OR_RETURN(const Query query, mark_.Start());
  query->BindInt(1, bin).BindInt(2, static_cast<std::int64_t>(change));
  return query->Run();
}

StatusOr<std::vector<DirtyBin>> SqliteBinTable::Dirty() {
  RIND_ASSIGN_OR_RETURN(const Query query, dirty_.Start());
  std::vector<DirtyBin> bins;
  while (true) {
    RIND_ASSIGN_OR_RETURN(const bool more, query->Step());
    if (!more) return bins;
    bins.push_back(
        {static_cast<std::uint32_t>(query->Int(0)), static_cast<std::uint64_t>(query->Int(1))});
  }
}

Status SqliteBinTable::MarkClean(const std::vector<DirtyBin>& bins) {
  for (const DirtyBin& bin : bins) {
    RIND_ASSIGN_OR_RETURN(const Query query, clean_.Start());
    query->BindInt(1, bin.bin).BindInt(2, static_cast<std::int64_t>(bin.change));
    RIND_RETURN_IF_ERROR(query->Run());
  }
  return OkStatus();
}

}  // namespace rind::delegation_manager
