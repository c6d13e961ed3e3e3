#include "common/sqlite/database.h"

#include <utility>

#include <sqlite3.h>

#include "common/base/text.h"

namespace rind::sqlite {

namespace internal {
struct Connection {
  std::string path;
  sqlite3* handle = nullptr;
  ~Connection() { sqlite3_close_v2(handle); }
};
}  // namespace internal

namespace {

Status MakeStatus(int code, const std::string& message) {
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return OkStatus();
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
      return ResourceExhausted(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
      return DataLoss(message);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return PermissionDenied(message);
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
          code == SQLITE_CONSTRAINT_ROWID) {
        return AlreadyExists(message);
      }
      return FailedPrecondition(message);
    default:
      return Internal(message);
  }
}

Status ErrorOf(const internal::Connection& connection, int code) {
  const char* said = sqlite3_errmsg(connection.handle);
  // errmsg speaks of the connection's last call; it is about this one only when the codes agree.
  const bool agrees = (sqlite3_errcode(connection.handle) & 0xff) == (code & 0xff);
  return MakeStatus(code, Cat(connection.path, ": ", agrees ? said : sqlite3_errstr(code)));
}

std::string Bytes(const void* data, int size) {
  if (data == nullptr || size <= 0) return {};
  return std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

}  // namespace

Statement::Statement(std::shared_ptr<internal::Connection> connection, sqlite3_stmt* statement)
    : connection_(std::move(connection)), statement_(statement) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(std::move(other.connection_)),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_error_(other.bind_error_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(statement_);
    connection_ = std::move(other.connection_);
    statement_ = std::exchange(other.statement_, nullptr);
    bind_error_ = other.bind_error_;
  }
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::Keep(int code) {
  if (code != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = code;
}

Statement& Statement::BindInt(int index, std::int64_t value) {
  Keep(sqlite3_bind_int64(statement_, index, value));
  return *this;
}

Statement& Statement::BindText(int index, std::string_view value) {
  // A null pointer would bind NULL, and an empty view may hold one.
  Keep(sqlite3_bind_text64(statement_, index, value.empty() ? "" : value.data(), value.size(),
                           SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view value) {
  Keep(sqlite3_bind_blob64(statement_, index, value.empty() ? "" : value.data(), value.size(),
                           SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::BindBlobInPlace(int index, std::string_view value) {
  Keep(sqlite3_bind_blob64(statement_, index, value.empty() ? "" : value.data(), value.size(),
                           SQLITE_STATIC));
  return *this;
}

Statement& Statement::BindNull(int index) {
  Keep(sqlite3_bind_null(statement_, index));
  return *this;
}

StatusOr<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) return ErrorOf(*connection_, bind_error_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return ErrorOf(*connection_, code);
}

Status Statement::Run() {
  Status result;
  while (true) {
    const StatusOr<bool> row = Step();
    if (!row.ok()) result = row.status();
    if (!row.ok() || !*row) break;
  }
  Reset();
  return result;
}

void Statement::Reset() {
  // The code that reset returns repeats the error of the last step, which was returned already.
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bind_error_ = SQLITE_OK;
}

std::int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::Text(int column) const {
  const void* data = sqlite3_column_text(statement_, column);
  return Bytes(data, sqlite3_column_bytes(statement_, column));
}

std::string Statement::Blob(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  return Bytes(data, sqlite3_column_bytes(statement_, column));
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Database::Database(std::shared_ptr<internal::Connection> connection)
    : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

StatusOr<Database> Database::Open(const std::string& path, const OpenOptions& options) {
  auto connection = std::make_shared<internal::Connection>();
  connection->path = path;
  int flags = SQLITE_OPEN_FULLMUTEX;
  if (options.read_only) {
    flags |= SQLITE_OPEN_READONLY;
  } else {
    flags |= SQLITE_OPEN_READWRITE | (options.create ? SQLITE_OPEN_CREATE : 0);
  }
  const int code = sqlite3_open_v2(path.c_str(), &connection->handle, flags, nullptr);
  if (connection->handle == nullptr) return ResourceExhausted(Cat(path, ": no memory to open it"));
  if (code != SQLITE_OK) {
    return code == SQLITE_CANTOPEN && (options.read_only || !options.create)
               ? NotFound(Cat(path, ": no such database, or it can't be opened"))
               : ErrorOf(*connection, code);
  }
  sqlite3_extended_result_codes(connection->handle, 1);
  sqlite3_busy_timeout(connection->handle,
                       static_cast<int>(absl::ToInt64Milliseconds(options.busy_timeout)));
  Database database(connection);
  RIND_RETURN_IF_ERROR(database.Execute("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"));
  if (!options.read_only) {
    // WAL with FULL: each commit is fsynced, and readers don't block the writer.
    RIND_RETURN_IF_ERROR(database.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"));
  }
  return database;
}

Status Database::Execute(std::string_view sql) {
  const std::string text(sql);
  const int code = sqlite3_exec(connection_->handle, text.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? OkStatus() : ErrorOf(*connection_, code);
}

StatusOr<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection_->handle, sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  if (code != SQLITE_OK) return ErrorOf(*connection_, code);
  if (statement == nullptr) return InvalidArgument(Cat(connection_->path, ": empty SQL"));
  return Statement(connection_, statement);
}

std::int64_t Database::Changes() const { return sqlite3_changes64(connection_->handle); }
std::int64_t Database::LastRowId() const { return sqlite3_last_insert_rowid(connection_->handle); }
const std::string& Database::path() const { return connection_->path; }

Status Database::CheckIntegrity() {
  RIND_ASSIGN_OR_RETURN(Statement check, Prepare("PRAGMA integrity_check(1)"));
  RIND_ASSIGN_OR_RETURN(const bool row, check.Step());
  const std::string found = row ? check.Text(0) : "no answer";
  if (found != "ok") return DataLoss(Cat(path(), ": ", found));
  return OkStatus();
}

StatusOr<Transaction> Transaction::Begin(Database& database) {
  RIND_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // SQLite rolls back by itself after some errors; then there is nothing to do and this one is
  // moot.
  if (database_ != nullptr) (void)database_->Execute("ROLLBACK");
}

Status Transaction::Commit() {
  if (database_ == nullptr) return Internal("a transaction was committed twice");
  RIND_RETURN_IF_ERROR(database_->Execute("COMMIT"));
  database_ = nullptr;
  return OkStatus();
}

namespace {

StatusOr<std::int64_t> ReadPragma(Database& database, std::string_view pragma) {
  RIND_ASSIGN_OR_RETURN(Statement query, database.Prepare(Cat("PRAGMA ", pragma)));
  RIND_ASSIGN_OR_RETURN(const bool row, query.Step());
  return row ? query.Int(0) : 0;
}

}  // namespace

Status Migrate(Database& database, std::uint32_t application_id,
               std::span<const std::string_view> migrations) {
  RIND_ASSIGN_OR_RETURN(const std::int64_t kind, ReadPragma(database, "application_id"));
  RIND_ASSIGN_OR_RETURN(const std::int64_t version, ReadPragma(database, "user_version"));
  const auto newest = static_cast<std::int64_t>(migrations.size());
  const bool is_new = kind == 0 && version == 0;
  if (!is_new && kind != static_cast<std::int64_t>(application_id)) {
    return FailedPrecondition(Cat(database.path(), ": a database of another kind: application_id ",
                                  kind, ", wanted ", application_id));
  }
  if (version > newest) {
    return FailedPrecondition(
        Cat(database.path(), ": database version ", version, ", this program knows ", newest));
  }
  for (std::int64_t next = version + 1; next <= newest; ++next) {
    RIND_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database));
    Status step = database.Execute(migrations[static_cast<std::size_t>(next - 1)]);
    if (step.ok()) step = database.Execute(Cat("PRAGMA user_version = ", next));
    if (step.ok()) step = database.Execute(Cat("PRAGMA application_id = ", application_id));
    if (step.ok()) step = transaction.Commit();
    RIND_RETURN_IF_ERROR(Annotate(step, Cat("migration ", next)));
  }
  return OkStatus();
}

}  // namespace rind::sqlite
