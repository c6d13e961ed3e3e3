#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/file_system.h"
#include "common/base/text.h"
#include "services/delegation_manager/state/schema.h"
#include "services/delegation_manager/state/sqlite_tables.h"

namespace rind::delegation_manager {
namespace {

class SqliteStateStore final : public StateStore {
 public:
  SqliteStateStore(sqlite::Database database, std::optional<AppendFile> lock)
      : lock_(std::move(lock)), database_(std::move(database)) {}

  Status Transact(const std::function<Status(Tables&)>& body) override {
    const absl::MutexLock hold(&mu_);
    RIND_ASSIGN_OR_RETURN(auto transaction, sqlite::Transaction::Begin(database_));
    RIND_RETURN_IF_ERROR(body(tables_));
    return transaction.Commit();
  }

  Status Clear() override {
    const absl::MutexLock hold(&mu_);
    RIND_ASSIGN_OR_RETURN(auto transaction, sqlite::Transaction::Begin(database_));
    RIND_RETURN_IF_ERROR(database_.Execute(ClearEverything()));
    return transaction.Commit();
  }

 private:
  absl::Mutex mu_;
  // D-07: one manager per database. The lock goes with the process, however it ends.
  std::optional<AppendFile> lock_;
  sqlite::Database database_ ABSL_GUARDED_BY(mu_);
  SqliteProjectTable projects_{database_};
  SqliteTargetTable targets_{database_};
  SqliteBinTable bins_{database_};
  SqliteRoleTable roles_{database_};
  SqliteStagingTable staging_{database_};
  SqliteClaimTable claims_{database_};
  SqliteSettingTable settings_{database_};
  SqliteJournalTable journal_{database_};
  Tables tables_{projects_, targets_, bins_, roles_, staging_, claims_, settings_, journal_};
};

}  // namespace

StatusOr<std::unique_ptr<StateStore>> OpenStateStore(const std::string& path) {
  std::optional<AppendFile> lock;
  if (path != ":memory:") {
    RIND_ASSIGN_OR_RETURN(AppendFile held, AppendFile::Open(Cat(path, ".lock"), 0600));
    lock = std::move(held);
  }
  RIND_ASSIGN_OR_RETURN(sqlite::Database database, sqlite::Database::Open(path));
  RIND_RETURN_IF_ERROR(sqlite::Migrate(database, kApplicationId, Migrations()));
  return std::make_unique<SqliteStateStore>(std::move(database), std::move(lock));
}

}  // namespace rind::delegation_manager
