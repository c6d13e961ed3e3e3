// Prepared statements of the manager's tables.
//
// Promise: each is prepared once; a Query resets its statement when it goes, so that no read stays
// open behind a transaction.
// Threading: as the database that it belongs to.
#pragma once

#include <string>
#include <utility>

#include "common/base/status.h"
#include "common/sqlite/database.h"

namespace rind::delegation_manager {

class Query {
 public:
  explicit Query(sqlite::Statement& statement) : statement_(&statement) {}
  Query(Query&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Query& operator=(Query&&) = delete;
  ~Query() {
    if (statement_ != nullptr) statement_->Reset();
  }
  sqlite::Statement* operator->() const { return statement_; }

 private:
  sqlite::Statement* statement_;
};

class Prepared {
 public:
  Prepared(sqlite::Database& database, std::string sql)
      : database_(database), sql_(std::move(sql)) {}

  StatusOr<Query> Start() {
    if (!statement_) {
      RIND_ASSIGN_OR_RETURN(auto statement, database_.Prepare(sql_));
      statement_ = std::make_unique<sqlite::Statement>(std::move(statement));
    }
    statement_->Reset();
    return Query(*statement_);
  }

 private:
  sqlite::Database& database_;
  std::string sql_;
  std::unique_ptr<sqlite::Statement> statement_;
};

}  // namespace rind::delegation_manager
