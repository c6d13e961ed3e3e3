#include "services/delegation_manager/state/schema.h"

#include <array>

namespace rind::delegation_manager {
namespace {

// A target's project is the second segment of its path, so a project's targets are two ranges of
// the primary key and need no index of their own. `bin` is NULL for what a project's own role
// lists.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE projects(
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  serial INTEGER NOT NULL,
  targets_root BLOB NOT NULL,
  evidence_statement BLOB NOT NULL,
  evidence_key TEXT NOT NULL,
  evidence_signature BLOB NOT NULL,
  ingested INTEGER NOT NULL,
  waiting INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX projects_waiting ON projects(waiting) WHERE waiting > 0;
CREATE INDEX projects_serial ON projects(serial);
CREATE INDEX projects_ingested ON projects(ingested);

CREATE TABLE targets(
  path TEXT PRIMARY KEY,
  length INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  serial INTEGER,
  bin INTEGER) WITHOUT ROWID;
CREATE INDEX targets_by_bin ON targets(bin) WHERE bin IS NOT NULL;

CREATE TABLE departed(
  path TEXT PRIMARY KEY,
  length INTEGER NOT NULL,
  sha256 BLOB NOT NULL) WITHOUT ROWID;

-- Counted as rows come and go: counting 25 million of them for a status takes seconds.
CREATE TABLE totals(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO totals VALUES ('projects', 0), ('targets', 0), ('files', 0), ('bytes', 0);
CREATE TRIGGER count_project AFTER INSERT ON projects BEGIN
  UPDATE totals SET value = value + 1 WHERE name = 'projects';
END;
CREATE TRIGGER uncount_project AFTER DELETE ON projects BEGIN
  UPDATE totals SET value = value - 1 WHERE name = 'projects';
END;
CREATE TRIGGER count_target AFTER INSERT ON targets BEGIN
  UPDATE totals SET value = value + CASE name WHEN 'bytes' THEN NEW.length ELSE 1 END
  WHERE name = 'targets' OR (name IN ('files', 'bytes') AND NEW.path GLOB 'files/*'
                             AND NEW.path NOT GLOB '*.metadata');
END;
CREATE TRIGGER uncount_target AFTER DELETE ON targets BEGIN
  UPDATE totals SET value = value - CASE name WHEN 'bytes' THEN OLD.length ELSE 1 END
  WHERE name = 'targets' OR (name IN ('files', 'bytes') AND OLD.path GLOB 'files/*'
                             AND OLD.path NOT GLOB '*.metadata');
END;

CREATE TABLE bins(number INTEGER PRIMARY KEY, dirty INTEGER NOT NULL);
CREATE INDEX bins_dirty ON bins(dirty) WHERE dirty > 0;

CREATE TABLE roles(
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  length INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX roles_by_expiry ON roles(expires);
CREATE TABLE role_files(name TEXT PRIMARY KEY, file BLOB NOT NULL);

CREATE TABLE staged_roles(
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  file BLOB NOT NULL,
  change INTEGER NOT NULL);
CREATE TABLE staged_pages(
  path TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  content BLOB NOT NULL,
  change INTEGER NOT NULL,
  PRIMARY KEY(path, sha256));

CREATE TABLE claims(
  project TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  statement BLOB NOT NULL,
  role_file BLOB NOT NULL,
  index_html BLOB NOT NULL,
  index_json BLOB NOT NULL,
  since INTEGER NOT NULL,
  detail TEXT NOT NULL);
CREATE TABLE claim_signatures(
  project TEXT NOT NULL,
  position INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY(project, position)) WITHOUT ROWID;

CREATE TABLE journal(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  kind TEXT NOT NULL,
  step TEXT NOT NULL,
  payload BLOB NOT NULL);
)sql";

constexpr std::array<std::string_view, 1> kMigrations = {kFirst};

constexpr std::string_view kClear = R"sql(
DELETE FROM settings;
DELETE FROM projects;
DELETE FROM targets;
DELETE FROM departed;
DELETE FROM bins;
DELETE FROM roles;
DELETE FROM role_files;
DELETE FROM staged_roles;
DELETE FROM staged_pages;
DELETE FROM claims;
DELETE FROM claim_signatures;
DELETE FROM journal;
UPDATE totals SET value = 0;
)sql";

}  // namespace

std::string_view ClearEverything() { return kClear; }

std::span<const std::string_view> Migrations() { return kMigrations; }

}  // namespace rind::delegation_manager
