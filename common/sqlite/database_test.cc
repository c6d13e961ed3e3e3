#include "common/sqlite/database.h"

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "common/base/hex.h"
#include "common/base/random.h"
#include "common/base/text.h"

namespace rind::sqlite {
namespace {

using ::testing::HasSubstr;

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SystemRandom random;
    folder_ = Cat(::testing::TempDir(), "/rind-sqlite-", ToHex(random.Bytes(8)));
    ASSERT_TRUE(files_.MakeDirectories(folder_, 0700).ok());
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(files_, folder_).ok()); }
  std::string Path() const { return JoinPath(folder_, "state.db"); }

  LocalFileSystem files_;
  std::string folder_;
};

std::int64_t Count(Database& database, std::string_view table) {
  StatusOr<Statement> query = database.Prepare(Cat("SELECT COUNT(*) FROM ", table));
  EXPECT_TRUE(query.ok()) << query.status();
  EXPECT_TRUE(*query->Step());
  return query->Int(0);
}

TEST_F(DatabaseTest, KeepsEveryByteOfWhatIsBound) {
  Database database = *Database::Open(Path());
  ASSERT_TRUE(
      database.Execute("CREATE TABLE t (i INTEGER, t TEXT, b BLOB, n INTEGER, p BLOB)").ok());
  const std::string bytes("a\0b'\"\xff", 6);
  {
    Statement insert = *database.Prepare("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)");
    ASSERT_TRUE(insert.BindInt(1, -9)
                    .BindText(2, "")
                    .BindBlob(3, bytes)
                    .BindNull(4)
                    .BindBlobInPlace(5, bytes)
                    .Run()
                    .ok());
  }
  Statement query = *database.Prepare("SELECT i, t, b, n, p FROM t");
  ASSERT_TRUE(*query.Step());
  EXPECT_EQ(query.Int(0), -9);
  EXPECT_FALSE(query.IsNull(1));
  EXPECT_EQ(query.Text(1), "");
  EXPECT_EQ(query.Blob(2), bytes);
  EXPECT_TRUE(query.IsNull(3));
  EXPECT_EQ(query.Blob(4), bytes);
  EXPECT_FALSE(*query.Step());
}

TEST_F(DatabaseTest, WritesAheadAndSyncsEachCommit) {
  Database database = *Database::Open(Path());
  Statement mode = *database.Prepare("PRAGMA journal_mode");
  ASSERT_TRUE(*mode.Step());
  EXPECT_EQ(mode.Text(0), "wal");
  Statement level = *database.Prepare("PRAGMA synchronous");
  ASSERT_TRUE(*level.Step());
  EXPECT_EQ(level.Int(0), 2);  // FULL
}

TEST_F(DatabaseTest, RollsBackWhatIsNotCommitted) {
  Database database = *Database::Open(Path());
  ASSERT_TRUE(database.Execute("CREATE TABLE t (i INTEGER)").ok());
  {
    Transaction transaction = *Transaction::Begin(database);
    ASSERT_TRUE(database.Execute("INSERT INTO t VALUES (1)").ok());
  }
  EXPECT_EQ(Count(database, "t"), 0);
  {
    Transaction transaction = *Transaction::Begin(database);
    ASSERT_TRUE(database.Execute("INSERT INTO t VALUES (1)").ok());
    ASSERT_TRUE(transaction.Commit().ok());
    EXPECT_FALSE(transaction.Commit().ok());
  }
  EXPECT_EQ(Count(database, "t"), 1);
}

TEST_F(DatabaseTest, ErrorsNameTheFileAndSayWhatTheCallerCanDo) {
  Database database = *Database::Open(Path());
  ASSERT_TRUE(database.Execute("CREATE TABLE t (i INTEGER PRIMARY KEY, j CHECK (j > 0))").ok());
  ASSERT_TRUE(database.Execute("INSERT INTO t VALUES (1, 1)").ok());
  const Status twice = database.Execute("INSERT INTO t VALUES (1, 1)");
  EXPECT_TRUE(absl::IsAlreadyExists(twice)) << twice;
  EXPECT_THAT(std::string(MessageOf(twice)), HasSubstr(Path()));
  EXPECT_TRUE(absl::IsFailedPrecondition(database.Execute("INSERT INTO t VALUES (2, 0)")));
  EXPECT_TRUE(absl::IsInternal(database.Execute("SELEKT")));
  Statement insert = *database.Prepare("INSERT INTO t VALUES (?1, 1)");
  EXPECT_FALSE(insert.BindInt(7, 1).Run().ok());  // there is no ?7
  EXPECT_TRUE(insert.BindInt(1, 3).Run().ok());   // and the error is not kept
}

TEST_F(DatabaseTest, MissingAndForeignFilesAreToldApart) {
  EXPECT_TRUE(absl::IsNotFound(Database::Open(Path(), {.create = false}).status()));
  ASSERT_TRUE(files_.Create(Path(), std::string(4096, 'x'), 0600).ok());
  EXPECT_TRUE(absl::IsDataLoss(Database::Open(Path()).status()));
}

TEST_F(DatabaseTest, AWriterWaitsOnlyAsLongAsItMay) {
  Database first = *Database::Open(Path());
  Transaction held = *Transaction::Begin(first);
  Database second = *Database::Open(Path(), {.busy_timeout = absl::Milliseconds(1)});
  EXPECT_TRUE(absl::IsUnavailable(Transaction::Begin(second).status()));
}

TEST_F(DatabaseTest, MigratesStepByStepAndOnlyOnce) {
  const std::array<std::string_view, 1> one = {"CREATE TABLE a (i INTEGER)"};
  const std::array<std::string_view, 2> two = {one[0], "CREATE TABLE b (i INTEGER)"};
  {
    Database database = *Database::Open(Path());
    ASSERT_TRUE(Migrate(database, 7, one).ok());
    ASSERT_TRUE(Migrate(database, 7, one).ok());
    ASSERT_TRUE(Migrate(database, 7, two).ok());
  }
  Database database = *Database::Open(Path());
  EXPECT_EQ(Count(database, "b"), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(Migrate(database, 7, one)));
  EXPECT_TRUE(absl::IsFailedPrecondition(Migrate(database, 8, two)));
  EXPECT_TRUE(database.CheckIntegrity().ok());
}

TEST_F(DatabaseTest, AFailedMigrationLeavesNothingBehind) {
  const std::array<std::string_view, 1> broken = {"CREATE TABLE a (i INTEGER); SELEKT"};
  const std::array<std::string_view, 1> mended = {"CREATE TABLE a (i INTEGER)"};
  Database database = *Database::Open(Path());
  const Status failed = Migrate(database, 7, broken);
  EXPECT_THAT(std::string(MessageOf(failed)), HasSubstr("migration 1"));
  EXPECT_TRUE(Migrate(database, 7, mended).ok());
}

}  // namespace
}  // namespace rind::sqlite
