#include "services/delegation_manager/state/state_store.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/file_system.h"
#include "common/base/text.h"

namespace rind::delegation_manager {
namespace {

Target MakeTarget(std::string_view path, std::string_view content,
                  std::optional<std::uint32_t> bin) {
  return {.path = *tuf::TargetPath::Parse(path),
          .project = {},
          .length = content.size(),
          .sha256 = Sha256(content),
          .serial = {},
          .bin = bin};
}

Project MakeProject(std::string name, std::int64_t serial, std::uint64_t waiting) {
  Project project;
  project.name = std::move(name);
  project.serial = serial;
  project.waiting = waiting;
  return project;
}

class StateStoreTest : public testing::Test {
 protected:
  StateStoreTest() {
    auto store = OpenStateStore(":memory:");
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  void Do(const std::function<Status(Tables&)>& body) {
    const Status status = store_->Transact(body);
    ASSERT_TRUE(status.ok()) << status;
  }
  std::unique_ptr<StateStore> store_;
};

TEST_F(StateStoreTest, UndoesEverythingWhenTheBodyFails) {
  const Status status = store_->Transact([](Tables& tables) -> Status {
    RIND_RETURN_IF_ERROR(tables.settings.Put("profile", "default"));
    RIND_RETURN_IF_ERROR(tables.targets.Put(MakeTarget("files/six/a", "a", 3)));
    return FailedPrecondition("no");
  });
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  Do([](Tables& tables) -> Status {
    EXPECT_EQ(*tables.settings.Find("profile"), std::nullopt);
    EXPECT_TRUE(tables.targets.InBin(3)->empty());
    EXPECT_EQ(tables.projects.Count()->targets, 0U);
    return OkStatus();
  });
}

TEST_F(StateStoreTest, GivesAProjectItsOwnTargetsAndNoNeighbours) {
  Do([](Tables& tables) -> Status {
    for (const char* path : {"files/six/a", "simple/six/index.html", "files/six-x/a", "files/si/a",
                             "simple/six0/index.html", "simple/index.html"}) {
      RIND_RETURN_IF_ERROR(tables.targets.Put(MakeTarget(path, path, 1)));
    }
    const auto found = tables.targets.OfProject("six");
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::string> paths;
    for (const Target& target : *found) {
      paths.push_back(target.path.text());
      EXPECT_EQ(target.project, "six");
    }
    EXPECT_EQ(paths, (std::vector<std::string>{"files/six/a", "simple/six/index.html"}));
    const auto list = tables.targets.OfProject("");
    EXPECT_EQ(list->size(), 1U);
    EXPECT_EQ(list->front().project, "");
    return OkStatus();
  });
}

TEST_F(StateStoreTest, S05RemembersTheHashOfAFileThatLeftUntilItReturns) {
  const Target file = MakeTarget("files/six/six-1.0.tar.gz", "one", 1);
  const Target page = MakeTarget("simple/six/index.html", "page", 1);
  Do([&](Tables& tables) -> Status {
    RIND_RETURN_IF_ERROR(tables.targets.Put(file));
    RIND_RETURN_IF_ERROR(tables.targets.Put(page));
    RIND_RETURN_IF_ERROR(tables.targets.Remove(file));
    RIND_RETURN_IF_ERROR(tables.targets.Remove(page));
    const auto departed = tables.targets.Departed("six");
    EXPECT_EQ(departed->size(), 1U);
    EXPECT_EQ(departed->front().sha256, file.sha256);
    RIND_RETURN_IF_ERROR(tables.targets.Put(file));
    EXPECT_TRUE(tables.targets.Departed("six")->empty());
    return OkStatus();
  });
}

TEST_F(StateStoreTest, CountsWhatIsThere) {
  Do([](Tables& tables) -> Status {
    RIND_RETURN_IF_ERROR(tables.projects.Put(MakeProject("six", 7, 4)));
    RIND_RETURN_IF_ERROR(tables.projects.Put(MakeProject("six", 9, 5)));
    RIND_RETURN_IF_ERROR(tables.targets.Put(MakeTarget("files/six/a.whl", "12345", 1)));
    RIND_RETURN_IF_ERROR(tables.targets.Put(MakeTarget("files/six/a.whl", "12345", 2)));
    RIND_RETURN_IF_ERROR(tables.targets.Put(MakeTarget("files/six/a.whl.metadata", "123", 1)));
    RIND_RETURN_IF_ERROR(tables.targets.Put(MakeTarget("simple/six/index.html", "1", 1)));
    const auto counts = tables.projects.Count();
    EXPECT_EQ(counts->projects, 1U);
    EXPECT_EQ(counts->targets, 3U);
    EXPECT_EQ(counts->files, 1U);
    EXPECT_EQ(counts->bytes, 5U);
    EXPECT_EQ(counts->waiting, 1U);
    EXPECT_EQ(counts->serial, 9);
    RIND_RETURN_IF_ERROR(tables.projects.Published(4));
    EXPECT_EQ(tables.projects.Count()->waiting, 1U);
    RIND_RETURN_IF_ERROR(tables.projects.Published(5));
    EXPECT_EQ(tables.projects.Count()->waiting, 0U);
    return OkStatus();
  });
}

TEST_F(StateStoreTest, ABinThatChangedAgainStaysDirty) {
  Do([](Tables& tables) -> Status {
    RIND_RETURN_IF_ERROR(tables.bins.Create(16));
    auto dirty = *tables.bins.Dirty();
    EXPECT_EQ(dirty.size(), 16U);
    RIND_ASSIGN_OR_RETURN(const std::uint64_t change, tables.settings.NextChange());
    EXPECT_GT(change, dirty[3].change);
    RIND_RETURN_IF_ERROR(tables.bins.MarkDirty(3, change));
    RIND_RETURN_IF_ERROR(tables.bins.MarkClean(dirty));
    dirty = *tables.bins.Dirty();
    EXPECT_EQ(dirty.size(), 1U);
    EXPECT_EQ(dirty.front().bin, 3U);
    return OkStatus();
  });
}

TEST_F(StateStoreTest, KeepsClaimsWithTheirSignaturesInOrder) {
  Claim claim{.project = "six",
              .state = ProjectState::kRequested,
              .claim = {"statement", {{"k1", "s1"}, {"k2", "s2"}}},
              .role_file = "role",
              .index_html = "html",
              .index_json = "json",
              .since = absl::FromUnixSeconds(5),
              .detail = "waits"};
  Do([&](Tables& tables) -> Status {
    RIND_RETURN_IF_ERROR(tables.claims.Put(claim));
    claim.claim.signatures.push_back({"officer", "s3"});
    claim.state = ProjectState::kRecentlyClaimed;
    RIND_RETURN_IF_ERROR(tables.claims.Put(claim));
    const auto found = tables.claims.Find("six");
    EXPECT_EQ((*found)->claim, claim.claim);
    EXPECT_EQ((*found)->since, claim.since);
    EXPECT_EQ(tables.claims.List(ProjectState::kRecentlyClaimed)->size(), 1U);
    EXPECT_EQ(tables.claims.List(ProjectState::kRequested)->size(), 0U);
    EXPECT_EQ(tables.claims.List(std::nullopt)->size(), 1U);
    return OkStatus();
  });
}

TEST_F(StateStoreTest, KeepsTheJournalRolesAndWhatIsStaged) {
  const tuf::RoleName role = *tuf::RoleName::Parse("claimed");
  Do([&](Tables& tables) -> Status {
    EXPECT_EQ(*tables.journal.Read(), std::nullopt);
    RIND_RETURN_IF_ERROR(tables.journal.Write({"release", "content", std::string("a\0b", 3)}));
    RIND_RETURN_IF_ERROR(tables.journal.Write({"release", "snapshot", std::string("c\0d", 3)}));
    EXPECT_EQ((*tables.journal.Read())->payload, std::string("c\0d", 3));
    RIND_RETURN_IF_ERROR(tables.journal.Clear());
    EXPECT_FALSE(tables.journal.Read()->has_value());

    EXPECT_TRUE(absl::IsNotFound(tables.roles.File(role).status()));
    const RoleRecord record{role, *tuf::Version::Create(4), absl::FromUnixSeconds(100), Sha256("x"),
                            1};
    RIND_RETURN_IF_ERROR(tables.roles.Put(record, "x"));
    EXPECT_EQ(*tables.roles.File(role), "x");
    EXPECT_EQ((*tables.roles.Find(role))->version.value(), 4);
    EXPECT_EQ(tables.roles.ExpiringBefore(absl::FromUnixSeconds(100))->size(), 0U);
    EXPECT_EQ(tables.roles.ExpiringBefore(absl::FromUnixSeconds(101))->size(), 1U);

    RIND_RETURN_IF_ERROR(tables.staging.PutRole({role, record.version, "file", 3}));
    RIND_RETURN_IF_ERROR(tables.staging.PutPage(
        {*tuf::TargetPath::Parse("simple/six/index.html"), Sha256("p"), "p", 4}));
    RIND_RETURN_IF_ERROR(tables.staging.Drop(3));
    EXPECT_TRUE(tables.staging.Roles()->empty());
    EXPECT_EQ(tables.staging.Pages()->size(), 1U);
    return OkStatus();
  });
}

TEST_F(StateStoreTest, ForgetsEverythingAndIsAsNew) {
  const tuf::RoleName role = *tuf::RoleName::Parse("claimed");
  Do([&](Tables& tables) -> Status {
    RIND_RETURN_IF_ERROR(tables.settings.Put("profile", "default"));
    RIND_RETURN_IF_ERROR(tables.bins.Create(16));
    Project project;
    project.name = "six";
    RIND_RETURN_IF_ERROR(tables.projects.Put(project));
    const Target target = MakeTarget("files/six/a", "a", 3);
    RIND_RETURN_IF_ERROR(tables.targets.Put(target));
    RIND_RETURN_IF_ERROR(tables.targets.Remove(target));
    RIND_RETURN_IF_ERROR(tables.targets.Put(MakeTarget("files/six/b", "b", 3)));
    RIND_RETURN_IF_ERROR(tables.roles.Put(
        {role, tuf::Version::First(), absl::FromUnixSeconds(1), Sha256("x"), 1}, "x"));
    RIND_RETURN_IF_ERROR(tables.staging.PutRole({role, tuf::Version::First(), "file", 3}));
    Claim claim;
    claim.project = "six";
    RIND_RETURN_IF_ERROR(tables.claims.Put(claim));
    return tables.journal.Write({"release", "content", "a"});
  });
  ASSERT_TRUE(store_->Clear().ok());
  Do([&](Tables& tables) -> Status {
    EXPECT_EQ(*tables.settings.Find("profile"), std::nullopt);
    EXPECT_EQ(*tables.bins.Count(), 0U);
    EXPECT_FALSE(tables.projects.Find("six")->has_value());
    EXPECT_TRUE(tables.targets.OfProject("six")->empty());
    EXPECT_TRUE(tables.targets.Departed("six")->empty());
    EXPECT_TRUE(tables.roles.All()->empty());
    EXPECT_TRUE(absl::IsNotFound(tables.roles.File(role).status()));
    EXPECT_TRUE(tables.staging.Roles()->empty());
    EXPECT_TRUE(tables.claims.List(std::nullopt)->empty());
    EXPECT_FALSE(tables.journal.Read()->has_value());
    EXPECT_EQ(tables.projects.Count()->targets, 0U);
    EXPECT_EQ(tables.projects.Count()->projects, 0U);
    return OkStatus();
  });
}

TEST(StateStore, D07RefusesASecondManagerOnOneDatabase) {
  LocalFileSystem files;
  const std::string folder = Cat(testing::TempDir(), "rind-state-", ::getpid());
  ASSERT_TRUE(files.MakeDirectories(folder, 0700).ok());
  const std::string path = JoinPath(folder, "state.db");
  {
    const auto first = OpenStateStore(path);
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_TRUE(absl::IsFailedPrecondition(OpenStateStore(path).status()));
  }
  EXPECT_TRUE(OpenStateStore(path).ok());
  EXPECT_TRUE(RemoveTree(files, folder).ok());
}

}  // namespace
}  // namespace rind::delegation_manager
