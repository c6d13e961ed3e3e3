// SQLite, thinly: a database file, its statements and transactions.
//
// Promise: a database opens in WAL mode with synchronous=FULL, foreign keys on and a busy timeout,
// so a committed transaction survives a crash. Every value is bound, never pasted into SQL. What is
// not committed is rolled back when its Transaction goes. Errors: ResourceExhausted (disk full, too
// big), Unavailable (locked by another for longer than the busy timeout), DataLoss (corrupt, I/O
// error), PermissionDenied (read-only, can't open), AlreadyExists (a UNIQUE or primary key
// constraint), FailedPrecondition (another constraint), Internal (wrong SQL); each names the file.
// Threading: a Database and all that comes from it belong to one thread at a time; open one per
// thread or guard it with a lock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rind::sqlite {

namespace internal {
struct Connection;
}

// A prepared statement. Bind, step until false, Reset(), bind again.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // `index` counts from 1, as SQL's ?1. A wrong index is kept and returned by the next Step().
  Statement& BindInt(int index, std::int64_t value);
  Statement& BindText(int index, std::string_view value);
  Statement& BindBlob(int index, std::string_view value);
  // Without a copy: `value` must stay as it is until the statement is reset.
  Statement& BindBlobInPlace(int index, std::string_view value);
  Statement& BindNull(int index);

  // True: there is a row. False: done.
  StatusOr<bool> Step();
  // For statements that give no rows: steps to the end and resets, bindings cleared.
  Status Run();
  // Ready for the next round; bindings are cleared.
  void Reset();

  // Columns of the current row count from 0. NULL reads as 0 or "".
  std::int64_t Int(int column) const;
  std::string Text(int column) const;
  std::string Blob(int column) const;
  bool IsNull(int column) const;

 private:
  friend class Database;
  Statement(std::shared_ptr<internal::Connection> connection, sqlite3_stmt* statement);
  void Keep(int code);

  std::shared_ptr<internal::Connection> connection_;
  sqlite3_stmt* statement_;
  int bind_error_ = 0;
};

struct OpenOptions {
  bool create = true;  // NotFound when false and there is no such file
  bool read_only = false;
  absl::Duration busy_timeout = absl::Seconds(5);
};

class Database {
 public:
  // `path` may be ":memory:" in tests.
  static StatusOr<Database> Open(const std::string& path, const OpenOptions& options = {});
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // One or more statements without values and rows.
  Status Execute(std::string_view sql);
  StatusOr<Statement> Prepare(std::string_view sql);
  // Rows that the last INSERT, UPDATE or DELETE touched.
  std::int64_t Changes() const;
  std::int64_t LastRowId() const;
  // PRAGMA integrity_check; DataLoss with its first line when it is not "ok".
  Status CheckIntegrity();
  const std::string& path() const;

 private:
  explicit Database(std::shared_ptr<internal::Connection> connection);
  std::shared_ptr<internal::Connection> connection_;
};

// BEGIN IMMEDIATE at once, so a writer waits at the start and never deadlocks in the middle;
// ROLLBACK unless committed. Transactions don't nest.
class Transaction {
 public:
  static StatusOr<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null: committed or moved away
};

// Brings a database to version migrations.size(): runs those that it has not seen, each with its
// version in one transaction. migrations[0] makes version 1. FailedPrecondition for a database of a
// newer version, or of another kind (`application_id`, a number that is this kind's own).
Status Migrate(Database& database, std::uint32_t application_id,
               std::span<const std::string_view> migrations);

}  // namespace rind::sqlite
