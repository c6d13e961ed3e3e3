#include "services/delegation_manager/destroy/destruction.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/testing/fake_file_system.h"

namespace rind::delegation_manager {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class DestructionTest : public ::testing::Test {
 protected:
  DestructionTest()
      : state_(*OpenStateStore(":memory:")),
        destruction_({.repository = "rind-test",
                      .public_folder = "/public",
                      .blobs_folder = "/blobs",
                      .state = *state_,
                      .files = files_,
                      .without_releases = [this](const std::function<Status()>& body) {
                        ++exclusive_;
                        return body();
                      }}) {
    const std::string hex = Sha256("x").Hex();
    for (const std::string& path :
         {std::string("/public/metadata/timestamp.json"),
          std::string("/public/metadata/1.root.json"),
          std::string("/public/metadata/12.bin-0f.json"),
          Cat("/public/targets/simple/", hex, ".index.html"),
          Cat("/public/targets/simple/six/", hex, ".index.json"),
          std::string("/public/simple/six/index.html"), Blob(hex), Cat(Blob(hex), ".metadata")}) {
      Put(path);
      ours_.push_back(path);
    }
    for (const std::string& path :
         {std::string("/public/metadata/README"), std::string("/public/metadata/0.root.json"),
          std::string("/public/targets/simple/six/photo.html"),
          std::string("/public/targets/other/index.html"), std::string("/public/robots.txt"),
          std::string("/blobs/sha256/ab/notes"), Cat("/blobs/sha256/zz/", hex),
          std::string("/blobs/incoming/half"), std::string("/blobs/lost+found/x")}) {
      Put(path);
      foreign_.push_back(path);
    }
    EXPECT_TRUE(state_
                    ->Transact([](Tables& tables) -> Status {
                      RIND_RETURN_IF_ERROR(tables.bins.Create(16));
                      Project project;
                      project.name = "six";
                      return tables.projects.Put(project);
                    })
                    .ok());
  }
  static std::string Blob(const std::string& hex) {
    return Cat("/blobs/sha256/", hex.substr(0, 2), "/", hex);
  }
  void Put(const std::string& path) {
    ASSERT_TRUE(files_.MakeDirectories(ParentPath(path), 0755).ok());
    files_.Overwrite(path, "x");
  }
  std::uint64_t Projects() {
    std::uint64_t projects = 0;
    EXPECT_TRUE(state_
                    ->Transact([&](Tables& tables) -> Status {
                      projects = tables.projects.Count()->projects;
                      return OkStatus();
                    })
                    .ok());
    return projects;
  }

  testing::FakeFileSystem files_;
  std::unique_ptr<StateStore> state_;
  int exclusive_ = 0;
  Destruction destruction_;
  std::vector<std::string> ours_, foreign_;
};

TEST_F(DestructionTest, DeletesMetadataPagesAndStateAndNothingElse) {
  const auto plan = destruction_.Plan(/*blobs=*/false);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_TRUE(destruction_.Destroy(plan->token, false).ok());
  const auto left = files_.Files();
  for (const std::string& path : ours_) {
    if (path.starts_with("/blobs/")) {
      EXPECT_THAT(left, Contains(Key(path)));
    } else {
      EXPECT_THAT(left, Not(Contains(Key(path))));
    }
  }
  for (const std::string& path : foreign_) EXPECT_THAT(left, Contains(Key(path)));
  EXPECT_EQ(Projects(), 0u);
  EXPECT_EQ(exclusive_, 1) << "no release runs meanwhile";
}

TEST_F(DestructionTest, DeletesBlobsOnlyWhenAskedAndLeavesForeignFilesAlone) {
  const auto plan = destruction_.Plan(/*blobs=*/true);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto told = destruction_.Destroy(plan->token, true);
  ASSERT_TRUE(told.ok()) << told.status();
  const auto left = files_.Files();
  for (const std::string& path : ours_) EXPECT_THAT(left, Not(Contains(Key(path))));
  for (const std::string& path : foreign_) EXPECT_THAT(left, Contains(Key(path)));
  EXPECT_EQ(left.size(), foreign_.size());
  EXPECT_THAT(plan->will_stay, Contains("public/robots.txt"));
  EXPECT_THAT(*told, Contains(HasSubstr("blobs: 2 files")));
}

TEST_F(DestructionTest, WantsTheTokenOfExactlyThisPlan) {
  const auto plan = destruction_.Plan(false);
  ASSERT_TRUE(plan.ok());
  const auto before = files_.Files();
  EXPECT_TRUE(absl::IsFailedPrecondition(destruction_.Destroy("", false).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(destruction_.Destroy(plan->token, true).status()))
      << "a plan that keeps the blobs does not delete them";
  Put("/public/metadata/13.bin-0f.json");
  EXPECT_TRUE(absl::IsFailedPrecondition(destruction_.Destroy(plan->token, false).status()))
      << "a release came between";
  EXPECT_EQ(files_.Files().size(), before.size() + 1);
  EXPECT_EQ(Projects(), 1u);
}

TEST_F(DestructionTest, IsFinishedByAnotherAfterACrashAnywhere) {
  const int writes_before = files_.WriteCount();
  const auto plan = destruction_.Plan(true);
  ASSERT_TRUE(plan.ok());
  for (int at = 1; at < 40; ++at) {
    SCOPED_TRACE(at);
    for (const std::string& path : ours_) Put(path);
    files_.DieAtWrite(at);
    const auto first = destruction_.Destroy(destruction_.Plan(true)->token, true);
    files_.Restart();
    const auto again = destruction_.Plan(true);
    if (again.ok()) {
      ASSERT_TRUE(destruction_.Destroy(again->token, true).ok());
    }
    EXPECT_EQ(files_.Files().size(), foreign_.size());
    if (first.ok()) return;  // it was past its last write
  }
  FAIL() << "never completed; " << files_.WriteCount() - writes_before << " writes";
}

TEST_F(DestructionTest, SaysWhenThereIsNothing) {
  ASSERT_TRUE(destruction_.Destroy(destruction_.Plan(true)->token, true).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(destruction_.Plan(true).status()));
}

}  // namespace
}  // namespace rind::delegation_manager
