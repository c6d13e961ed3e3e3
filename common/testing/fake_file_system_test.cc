#include "common/testing/fake_file_system.h"

#include <functional>

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"

namespace rind::testing {
namespace {

// Runs the same calls on the fake and on a real folder: the fake is only worth something if it
// answers alike.
void ForBoth(const std::function<void(FileSystem&, const std::string& root)>& check) {
  FakeFileSystem fake;
  ASSERT_TRUE(fake.MakeDirectories("/fake", 0700).ok());
  {
    SCOPED_TRACE("fake");
    check(fake, "/fake");
  }
  LocalFileSystem local;
  const std::string root = Cat(::testing::TempDir(), "rind-contract-", ::getpid());
  ASSERT_TRUE(RemoveTree(local, root).ok());
  ASSERT_TRUE(local.MakeDirectories(root, 0700).ok());
  {
    SCOPED_TRACE("local");
    check(local, root);
  }
  ASSERT_TRUE(RemoveTree(local, root).ok());
}

TEST(FileSystemContract, FilesAreMadeOnceAndReplacedAtWill) {
  ForBoth([](FileSystem& files, const std::string& root) {
    const std::string path = JoinPath(root, "a");
    EXPECT_TRUE(files.Create(path, "one", 0600).ok());
    EXPECT_TRUE(files.Create(path, "one", 0600).ok());
    EXPECT_TRUE(absl::IsAlreadyExists(files.Create(path, "two", 0600)));
    EXPECT_TRUE(files.Replace(path, "two", 0640).ok());
    EXPECT_EQ(*files.Read(path, 3), "two");
    EXPECT_TRUE(absl::IsResourceExhausted(files.Read(path, 2).status()));
    std::string pieces;
    EXPECT_TRUE(files
                    .ReadPieces(path,
                                [&pieces](std::string_view piece) {
                                  pieces.append(piece);
                                  return OkStatus();
                                })
                    .ok());
    EXPECT_EQ(pieces, "two");
    EXPECT_EQ(files.Stat(path)->mode, 0640U);
    EXPECT_EQ(files.Stat(path)->size, 3U);
    EXPECT_TRUE(absl::IsNotFound(files.Read(JoinPath(root, "none"), 9).status()));
    EXPECT_TRUE(absl::IsNotFound(files.Create(JoinPath(root, "none/x"), "", 0600)));
  });
}

TEST(FileSystemContract, MovesAndLinksKeepTheInode) {
  ForBoth([](FileSystem& files, const std::string& root) {
    const std::string a = JoinPath(root, "a");
    const std::string b = JoinPath(root, "b");
    const std::string c = JoinPath(root, "c");
    ASSERT_TRUE(files.Create(a, "one", 0600).ok());
    EXPECT_TRUE(files.Link(a, b).ok());
    EXPECT_EQ(files.Stat(a)->inode, files.Stat(b)->inode);
    EXPECT_TRUE(files.MoveNew(b, c).ok());
    EXPECT_TRUE(absl::IsNotFound(files.Stat(b).status()));
    EXPECT_TRUE(absl::IsAlreadyExists(files.MoveNew(a, c)));
    EXPECT_TRUE(absl::IsNotFound(files.MoveNew(b, a)));
    EXPECT_TRUE(files.Remove(a).ok());
    EXPECT_TRUE(absl::IsNotFound(files.Remove(a)));
  });
}

TEST(FileSystemContract, FoldersListSortedAndGoOnlyWhenEmpty) {
  ForBoth([](FileSystem& files, const std::string& root) {
    ASSERT_TRUE(files.MakeDirectories(JoinPath(root, "x/y"), 0700).ok());
    ASSERT_TRUE(files.MakeDirectories(JoinPath(root, "x/y"), 0700).ok());
    ASSERT_TRUE(files.Create(JoinPath(root, "x/b"), "", 0600).ok());
    ASSERT_TRUE(files.Create(JoinPath(root, "x/a"), "", 0600).ok());
    const auto entries = files.List(JoinPath(root, "x"));
    ASSERT_TRUE(entries.ok());
    ASSERT_EQ(entries->size(), 3U);
    EXPECT_EQ((*entries)[0].name, "a");
    EXPECT_EQ((*entries)[2].name, "y");
    EXPECT_EQ((*entries)[2].kind, FileKind::kDirectory);
    EXPECT_TRUE(absl::IsAlreadyExists(files.Remove(JoinPath(root, "x"))));
    EXPECT_TRUE(absl::IsAlreadyExists(files.MakeDirectories(JoinPath(root, "x/a"), 0700)));
    EXPECT_TRUE(RemoveTree(files, JoinPath(root, "x")).ok());
    EXPECT_TRUE(absl::IsNotFound(files.List(JoinPath(root, "x")).status()));
  });
}

TEST(FakeFileSystem, FailsTheChosenWriteOnce) {
  FakeFileSystem files;
  files.FailWrite(2, ResourceExhausted("disk full"));
  EXPECT_TRUE(files.Create("a", "1", 0600).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(files.Create("b", "2", 0600)));
  EXPECT_TRUE(absl::IsNotFound(files.Stat("b").status()));
  EXPECT_TRUE(files.Create("b", "2", 0600).ok());
  EXPECT_EQ(files.WriteCount(), 3);
}

TEST(FakeFileSystem, AnUnsyncedWriteIsSeenUntilThePowerFails) {
  FakeFileSystem files;
  ASSERT_TRUE(files.Create("a", "old", 0600).ok());
  files.FailWrite(1, DataLoss("fsync"), FakeFileSystem::Effect::kUnsynced);
  EXPECT_TRUE(absl::IsDataLoss(files.Replace("a", "new", 0600)));
  EXPECT_EQ(*files.Read("a", 9), "new");
  files.LoseUnsynced();
  EXPECT_EQ(*files.Read("a", 9), "old");
}

TEST(FakeFileSystem, ADeadProcessWritesNothingMore) {
  FakeFileSystem files;
  files.DieAtWrite(2, FakeFileSystem::Effect::kComplete);
  EXPECT_TRUE(files.Create("a", "1", 0600).ok());
  EXPECT_FALSE(files.Create("b", "2", 0600).ok());
  EXPECT_FALSE(files.Create("c", "3", 0600).ok());
  files.Restart();
  EXPECT_EQ(files.Files(), (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));
  EXPECT_TRUE(files.Create("c", "3", 0600).ok());
}

}  // namespace
}  // namespace rind::testing
