#include "common/base/file_system.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"

namespace rind {
namespace {

class FileSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = Cat(testing::TempDir(), "rind-files-", ::getpid());
    ASSERT_TRUE(files_.MakeDirectories(folder_, 0700).ok());
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(files_, folder_).ok()); }
  std::string At(std::string_view name) const { return JoinPath(folder_, name); }

  LocalFileSystem files_;
  std::string folder_;
};

TEST_F(FileSystemTest, D02CreateNeverReplacesOtherBytes) {
  ASSERT_TRUE(files_.Create(At("a"), "one", 0644).ok());
  EXPECT_TRUE(files_.Create(At("a"), "one", 0644).ok()) << "a repeat after a crash";
  EXPECT_TRUE(absl::IsAlreadyExists(files_.Create(At("a"), "two", 0644)));
  EXPECT_EQ(*files_.Read(At("a"), 10), "one");
  EXPECT_EQ(files_.List(folder_)->size(), 1u) << "no temporary file stays";
}

TEST_F(FileSystemTest, D02ReplaceSetsModeAndContent) {
  ASSERT_TRUE(files_.Replace(At("a"), "one", 0600).ok());
  ASSERT_TRUE(files_.Replace(At("a"), "two", 0640).ok());
  EXPECT_EQ(*files_.Read(At("a"), 10), "two");
  EXPECT_EQ(files_.Stat(At("a"))->mode, 0640u);
}

TEST_F(FileSystemTest, ReadsAFileOfAnySizePieceByPieceAndEndsWhenTheSinkSaysSo) {
  const std::string large(3'000'000, 'x');
  ASSERT_TRUE(files_.Create(At("a"), large, 0644).ok());
  std::string seen;
  std::size_t largest = 0;
  ASSERT_TRUE(files_
                  .ReadPieces(At("a"),
                              [&](std::string_view piece) {
                                largest = std::max(largest, piece.size());
                                seen.append(piece);
                                return OkStatus();
                              })
                  .ok());
  EXPECT_TRUE(seen == large);
  EXPECT_LT(largest, large.size());
  EXPECT_TRUE(absl::IsCancelled(
      files_.ReadPieces(At("a"), [](std::string_view) { return Cancelled("enough"); })));
  EXPECT_TRUE(
      absl::IsNotFound(files_.ReadPieces(At("b"), [](std::string_view) { return OkStatus(); })));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      files_.ReadPieces(folder_, [](std::string_view) { return OkStatus(); })));
}

TEST_F(FileSystemTest, P01ReadIsBounded) {
  ASSERT_TRUE(files_.Create(At("a"), "12345", 0644).ok());
  EXPECT_EQ(*files_.Read(At("a"), 5), "12345");
  EXPECT_TRUE(absl::IsResourceExhausted(files_.Read(At("a"), 4).status()));
  EXPECT_TRUE(absl::IsNotFound(files_.Read(At("b"), 4).status()));
  EXPECT_FALSE(files_.Read("/dev/zero", 4).ok());
}

TEST_F(FileSystemTest, LinkGivesASecondNameAndReplacesTheOld) {
  ASSERT_TRUE(files_.Create(At("a"), "one", 0644).ok());
  ASSERT_TRUE(files_.Create(At("b"), "two", 0644).ok());
  ASSERT_TRUE(files_.Link(At("a"), At("b")).ok());
  ASSERT_TRUE(files_.Link(At("a"), At("b")).ok()) << "again";
  EXPECT_EQ(files_.Stat(At("a"))->inode, files_.Stat(At("b"))->inode);
  EXPECT_EQ(files_.List(folder_)->size(), 2u);
}

TEST_F(FileSystemTest, MoveNewRefusesAnExistingName) {
  ASSERT_TRUE(files_.Create(At("a"), "one", 0644).ok());
  ASSERT_TRUE(files_.Create(At("b"), "two", 0644).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(files_.MoveNew(At("a"), At("b"))));
  EXPECT_TRUE(files_.MoveNew(At("a"), At("c")).ok());
  EXPECT_TRUE(absl::IsNotFound(files_.Stat(At("a")).status()));
}

TEST_F(FileSystemTest, RemoveTreeFollowsNoSymbolicLink) {
  ASSERT_TRUE(files_.MakeDirectories(At("keep"), 0700).ok());
  ASSERT_TRUE(files_.Create(At("keep/file"), "x", 0600).ok());
  ASSERT_TRUE(files_.MakeDirectories(At("tree/below"), 0700).ok());
  ASSERT_EQ(::symlink(At("keep").c_str(), At("tree/below/link").c_str()), 0);
  ASSERT_TRUE(RemoveTree(files_, At("tree")).ok());
  EXPECT_TRUE(files_.Stat(At("keep/file")).ok());
  EXPECT_TRUE(absl::IsNotFound(files_.Stat(At("tree")).status()));
}

TEST_F(FileSystemTest, AppendFileHasOneWriterAndCanBeCut) {
  {
    auto log = AppendFile::Open(At("log"), 0600);
    ASSERT_TRUE(log.ok());
    EXPECT_FALSE(AppendFile::Open(At("log"), 0600).ok());
    ASSERT_TRUE(log->Append("abc").ok());
    ASSERT_TRUE(log->Append("def").ok());
    ASSERT_TRUE(log->Sync().ok());
    ASSERT_TRUE(log->Truncate(4).ok());
    ASSERT_TRUE(log->Append("X").ok());
  }
  EXPECT_EQ(*files_.Read(At("log"), 10), "abcdX");
  EXPECT_TRUE(AppendFile::Open(At("log"), 0600).ok());
}

TEST(LocalFileSystem, CreatesManyFilesWithTheirFoldersOrRefusesOtherBytes) {
  LocalFileSystem files;
  const std::string top = Cat(::testing::TempDir(), "rind-many-", ::getpid());
  for (const std::size_t count : {3U, 100U}) {  // one fsync each; one for all
    std::vector<std::string> contents;
    for (std::size_t i = 0; i < count; ++i) contents.push_back(Cat("content ", i));
    std::vector<NewFile> batch;
    for (std::size_t i = 0; i < count; ++i) {
      batch.push_back({Cat(top, "/", count, "/", i % 7, "/x/", i), contents[i]});
    }
    ASSERT_TRUE(files.CreateMany(batch, 0640, 0750).ok());
    ASSERT_TRUE(files.CreateMany(batch, 0640, 0750).ok()) << "a repeat after a crash";
    for (const NewFile& file : batch) {
      EXPECT_EQ(files.Read(file.path, 100).value(), file.bytes);
      EXPECT_EQ(files.Stat(file.path)->mode, 0640U);
    }
    batch.back().bytes = "something else";
    EXPECT_TRUE(absl::IsAlreadyExists(files.CreateMany(batch, 0640, 0750)));
    EXPECT_EQ(files.List(ParentPath(batch.back().path))->size(), (count + 6 - (count - 1) % 7) / 7)
        << "no temporary file stays";
  }
  ASSERT_TRUE(RemoveTree(files, top).ok());
}

TEST_F(FileSystemTest, ALockHasOneHolderUntilItEnds) {
  {
    const auto held = FileLock::Acquire(At(".lock"), absl::ZeroDuration());
    ASSERT_TRUE(held.ok()) << held.status();
    EXPECT_TRUE(
        absl::IsDeadlineExceeded(FileLock::Acquire(At(".lock"), absl::Milliseconds(10)).status()));
  }
  EXPECT_TRUE(FileLock::Acquire(At(".lock"), absl::ZeroDuration()).ok());
}

}  // namespace
}  // namespace rind
