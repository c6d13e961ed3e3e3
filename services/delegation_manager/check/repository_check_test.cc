#include "services/delegation_manager/check/repository_check.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_file_system.h"
#include "common/testing/repository_simulator.h"
#include "common/tuf/build/build.h"
#include "services/delegation_manager/check/target_check.h"

namespace rind::delegation_manager {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Collector final : public CheckObserver {
 public:
  Status OnDifference(const Difference& difference) override {
    found.push_back(difference);
    return answer;
  }
  Status OnProgress(std::string_view, std::uint64_t, std::uint64_t) override { return answer; }
  std::vector<Difference> found;
  Status answer;
};

class Leftovers final : public KnownLeftovers {
 public:
  StatusOr<bool> KnowsPage(std::string_view, const Sha256Digest& content) override {
    return known.contains(content);
  }
  StatusOr<bool> KnowsBlob(const Sha256Digest& content) override { return known.contains(content); }
  std::set<Sha256Digest> known;
};

MATCHER_P2(Is, kind, what, "") { return arg.kind == kind && arg.what == what; }

// A repository as the manager lays it out: two bins with one unclaimed project, and one claimed.
class RepositoryCheckTest : public ::testing::Test {
 protected:
  RepositoryCheckTest() : repository_(clock_.Now()) {
    const tuf::RoleName top = tuf::TopLevelRole::kTargets;
    repository_.Delegate(top, tuf::ClaimedRole(), {"simple/*/*", "files/*/*"}, false);
    repository_.Delegate(top, tuf::UnclaimedRole(), {"simple/*/*", "files/*/*"}, false);
    repository_.Delegate(tuf::ClaimedRole(), tuf::ProjectRole("mine"),
                         {"simple/mine/*", "files/mine/*"}, true);
    repository_.DelegateBins(tuf::UnclaimedRole(), 1, "bin");
    AddToBin("simple/six/index.html", "<html>six</html>");
    AddToBin("simple/six/index.json", "{}");
    AddToBin("files/six/six-1.0.tar.gz", "the source of six");
    AddToBin("files/six/six-1.0-py3-none-any.whl", "the wheel of six");
    AddToBin("files/six/six-1.0-py3-none-any.whl.metadata", "Metadata-Version: 2.1\n");
    Add(tuf::ProjectRole("mine"), "simple/mine/index.html", "<html>mine</html>");
    Add(tuf::ProjectRole("mine"), "files/mine/mine-1.0.tar.gz", "the source of mine");
    repository_.Publish();
    Write();
  }

  tuf::RoleName BinOf(const std::string& path) {
    const auto& bins =
        std::get<tuf::SuccinctRoles>(repository_.targets(tuf::UnclaimedRole()).delegations->roles);
    return bins.BinName(bins.BinFor(path));
  }
  void Add(const tuf::RoleName& role, const std::string& path, std::string_view content) {
    repository_.AddTarget(role, path, content);
    contents_[path] = content;
  }
  void AddToBin(const std::string& path, std::string_view content) {
    Add(BinOf(path), path, content);
  }

  static std::string Blob(std::string_view content) {
    return Cat("/blobs/", BlobPath(Sha256(content)));
  }
  static std::string Page(std::string_view path, std::string_view content) {
    return Cat("/public/targets/", tuf::PathWithHash(path, Sha256(content).Hex()));
  }
  void Put(const std::string& path, std::string_view bytes) {
    ASSERT_TRUE(files_.MakeDirectories(ParentPath(path), 0755).ok());
    files_.Overwrite(path, bytes);
  }

  // Metadata and pages as published; files among the blobs.
  void Write() {
    for (const auto& [path, bytes] : repository_.Files()) {
      if (path.starts_with("metadata/")) Put(Cat("/public/", path), bytes);
    }
    for (const auto& [path, content] : contents_) {
      Put(path.starts_with("simple/") ? Page(path, content) : Blob(content), content);
    }
    const std::string wheel = contents_["files/six/six-1.0-py3-none-any.whl"];
    const std::string metadata = contents_["files/six/six-1.0-py3-none-any.whl.metadata"];
    ASSERT_TRUE(files_.Link(Blob(metadata), Cat(Blob(wheel), ".metadata")).ok());
  }

  StatusOr<CheckSummary> Run(bool data = true, std::optional<tuf::RoleName> only = {}) {
    seen_ = Collector();
    return CheckRepository(files_,
                           {.public_folder = "/public",
                            .blobs_folder = "/blobs",
                            .root = repository_.Files().at("metadata/1.root.json"),
                            .only = std::move(only),
                            .data = data,
                            .now = clock_.Now()},
                           leftovers_, seen_);
  }
  void ExpectOnly(DifferenceKind kind, const std::string& what) {
    const auto summary = Run();
    ASSERT_TRUE(summary.ok()) << summary.status();
    EXPECT_THAT(seen_.found, ElementsAre(Is(kind, what)));
    const bool unreadable = kind == DifferenceKind::kUnreadable;
    EXPECT_EQ(summary->unreadable, unreadable ? 1u : 0u);
    EXPECT_EQ(summary->differences, unreadable ? 0u : 1u);
  }
  std::string BinFile(int version, const std::string& path) {
    return Cat("metadata/", version, ".", BinOf(path).text(), ".json");
  }

  testing::FakeClock clock_;
  testing::FakeFileSystem files_;
  testing::RepositorySimulator repository_;
  std::map<std::string, std::string> contents_;
  Leftovers leftovers_;
  Collector seen_;
};

TEST_F(RepositoryCheckTest, FindsNothingInARepositoryThatIsWhole) {
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_THAT(seen_.found, IsEmpty());
  EXPECT_EQ(summary->targets, 7u);
  EXPECT_GT(summary->roles, 8u);
}

TEST_F(RepositoryCheckTest, FindsOneChangedByteOfABlobOnlyWhenDataIsRead) {
  const std::string content = "the source of six";
  std::string changed = content;
  changed[3] ^= 1;
  Put(Blob(content), changed);
  ExpectOnly(DifferenceKind::kWrong, BlobPath(Sha256(content)));
  EXPECT_THAT(seen_.found[0].detail, HasSubstr(Sha256(changed).Hex()));
  ASSERT_TRUE(Run(/*data=*/false).ok());
  EXPECT_THAT(seen_.found, IsEmpty());
}

TEST_F(RepositoryCheckTest, FindsATruncatedBlobWithoutReadingIt) {
  Put(Blob("the source of six"), "the");
  ASSERT_TRUE(Run(/*data=*/false).ok());
  EXPECT_THAT(seen_.found,
              ElementsAre(Is(DifferenceKind::kWrong, BlobPath(Sha256("the source of six")))));
}

TEST_F(RepositoryCheckTest, FindsAMissingBlob) {
  ASSERT_TRUE(files_.Remove(Blob("the source of mine")).ok());
  ExpectOnly(DifferenceKind::kMissing, BlobPath(Sha256("the source of mine")));
  EXPECT_EQ(seen_.found[0].detail, "files/mine/mine-1.0.tar.gz: is not there")
      << "names what lists it, and no path of this host (G-07)";
}

TEST_F(RepositoryCheckTest, FindsOneChangedByteOfABin) {
  const std::string what = BinFile(1, "files/six/six-1.0.tar.gz");
  std::string bytes = *files_.Read(Cat("/public/", what), 1'000'000);
  bytes[bytes.size() / 2] ^= 1;
  Put(Cat("/public/", what), bytes);
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(seen_.found, Contains(Is(DifferenceKind::kWrong, what)));
}

TEST_F(RepositoryCheckTest, FindsAMissingRoleFile) {
  ASSERT_TRUE(files_.Remove("/public/metadata/1.project.mine.json").ok());
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(seen_.found, Contains(Is(DifferenceKind::kMissing, "metadata/1.project.mine.json")));
}

TEST_F(RepositoryCheckTest, FindsChangedAndMissingPages) {
  const std::string path = "simple/six/index.html";
  const std::string what = Cat("targets/", tuf::PathWithHash(path, Sha256(contents_[path]).Hex()));
  Put(Cat("/public/", what), "<html>sIx</html>");
  ExpectOnly(DifferenceKind::kWrong, what);
  ASSERT_TRUE(files_.Remove(Cat("/public/", what)).ok());
  ExpectOnly(DifferenceKind::kMissing, what);
}

TEST_F(RepositoryCheckTest, FindsWhatLiesThereUnlisted) {
  const struct {
    std::string path, what;
  } cases[] = {
      {Blob("nobody lists me"), BlobPath(Sha256("nobody lists me"))},
      {Cat(Blob("the source of six"), ".metadata"),
       Cat(BlobPath(Sha256("the source of six")), ".metadata")},
      {"/blobs/sha256/ab/notes.txt", "sha256/ab/notes.txt"},
      {"/public/metadata/7.bin-0.json", "metadata/7.bin-0.json"},
      {"/public/metadata/1.other.json", "metadata/1.other.json"},
      {"/public/metadata/.timestamp.json.tmp", "metadata/.timestamp.json.tmp"},
      {"/public/targets/simple/six/index.html", "targets/simple/six/index.html"},
      {Page("simple/six/index.html", "another page"),
       Cat("targets/", tuf::PathWithHash("simple/six/index.html", Sha256("another page").Hex()))},
      {"/public/robots.txt", "robots.txt"},
      {"/public/targets/files/x", "targets/files"},
  };
  for (const auto& test_case : cases) {
    SCOPED_TRACE(test_case.path);
    Put(test_case.path, "x");
    ExpectOnly(DifferenceKind::kUnlisted, test_case.what);
    ASSERT_TRUE(files_.Remove(test_case.path).ok());
    // An empty folder lists nothing and serves nothing, but targets/ has one child only.
    if (test_case.what == "targets/files") {
      ASSERT_TRUE(files_.Remove("/public/targets/files").ok());
    }
  }
}

TEST_F(RepositoryCheckTest, TakesWhatAnOlderVerifiedVersionListsAsKept) {
  const std::string path = "simple/six/index.html";
  AddToBin(path, "<html>six, newer</html>");
  repository_.Publish();
  Write();
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_THAT(seen_.found, IsEmpty());
  // The old page is excused by the old bin alone.
  ASSERT_TRUE(files_.Remove(Cat("/public/", BinFile(1, path))).ok());
  ExpectOnly(DifferenceKind::kUnlisted,
             Cat("targets/", tuf::PathWithHash(path, Sha256("<html>six</html>").Hex())));
}

TEST_F(RepositoryCheckTest, TakesNobodysWordForAPlantedOldVersion) {
  const std::string path = "files/six/six-2.0.tar.gz";
  const std::string what = BinFile(1, path);
  repository_.Publish();  // bins at version 2
  Write();
  // Version 1 again, listing a file, signed by a key that nobody delegates to.
  tuf::Targets planted = repository_.targets(BinOf(path));
  planted.header.version = tuf::Version::First();
  planted.targets[path].length = 4;
  planted.targets[path].hashes = tuf::Hashes::OfSha256(Sha256("evil"));
  std::swap(planted, repository_.targets(BinOf(path)));
  repository_.keys(BinOf(path)) = {testing::SimulatedKey::Generate()};
  Put(Cat("/public/", what), repository_.SignTargets(BinOf(path)));
  Put(Blob("evil"), "evil");
  ExpectOnly(DifferenceKind::kUnlisted, BlobPath(Sha256("evil")));
}

TEST_F(RepositoryCheckTest, AsksTheRecordsAboutWhatWaitsOrLeft) {
  Put(Blob("ingested a second ago"), "ingested a second ago");
  Put(Page("simple/six/index.html", "the next page"), "the next page");
  leftovers_.known = {Sha256("ingested a second ago"), Sha256("the next page")};
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(seen_.found, IsEmpty());
}

TEST_F(RepositoryCheckTest, LooksForCoreMetadataWhereInstallersDo) {
  const std::string wheel = contents_["files/six/six-1.0-py3-none-any.whl"];
  const std::string link = Cat(BlobPath(Sha256(wheel)), ".metadata");
  ASSERT_TRUE(files_.Remove(Cat("/blobs/", link)).ok());
  ExpectOnly(DifferenceKind::kMissing, link);
  Put(Cat("/blobs/", link), "Metadata-Version: 2.1\n");  // equal bytes, but not the verified file
  ExpectOnly(DifferenceKind::kWrong, link);
}

TEST_F(RepositoryCheckTest, SaysWhenItCouldNotTell) {
  const std::string what = BlobPath(Sha256("the source of six"));
  files_.FailRead(Cat("/blobs/", what), PermissionDenied("no"));
  ExpectOnly(DifferenceKind::kUnreadable, what);
  files_.FailRead("/public/metadata/timestamp.json", DataLoss("the disk says no"));
  ExpectOnly(DifferenceKind::kUnreadable, "metadata/timestamp.json");
}

TEST_F(RepositoryCheckTest, RefusesARootThatClientsDoNotPin) {
  testing::RepositorySimulator other(clock_.Now());
  Put("/public/metadata/1.root.json", other.Files().at("metadata/1.root.json"));
  ExpectOnly(DifferenceKind::kWrong, "metadata/1.root.json");
}

TEST_F(RepositoryCheckTest, SeesWhatHasExpired) {
  clock_.Advance(absl::Hours(24 * 31));
  ExpectOnly(DifferenceKind::kWrong, "metadata/1.root.json");
}

TEST_F(RepositoryCheckTest, ReportsAFileOfAClaimedProjectInABin) {
  const std::string path = "files/mine/mine-6.6.tar.gz";
  AddToBin(path, "evil");
  repository_.Publish();
  Write();
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(seen_.found, Contains(Is(DifferenceKind::kWrong, BinOf(path).text())));
}

TEST_F(RepositoryCheckTest, ReportsAPathThatItsRoleMayNotSpeakFor) {
  Add(tuf::ProjectRole("mine"), "files/six/six-6.6.tar.gz", "evil");
  repository_.Publish();
  Write();
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(seen_.found, Contains(Is(DifferenceKind::kWrong, "project.mine")));
}

TEST_F(RepositoryCheckTest, ChecksOneRoleWhenAsked) {
  ASSERT_TRUE(files_.Remove(Blob("the source of six")).ok());
  Put("/public/robots.txt", "x");
  const auto mine = Run(true, tuf::ProjectRole("mine"));
  ASSERT_TRUE(mine.ok()) << mine.status();
  EXPECT_THAT(seen_.found, IsEmpty());
  EXPECT_EQ(mine->targets, 2u);
  ASSERT_TRUE(Run(true, BinOf("files/six/six-1.0.tar.gz")).ok());
  EXPECT_EQ(seen_.found.size(), 1u);
  EXPECT_TRUE(absl::IsNotFound(Run(true, *tuf::RoleName::Parse("bin-77")).status()));
}

TEST_F(RepositoryCheckTest, EndsWhenTheOneWhoListensHasHadEnough) {
  Put("/public/robots.txt", "x");
  Collector observer;
  observer.answer = Cancelled("gone");
  const auto summary = CheckRepository(files_,
                                       {.public_folder = "/public",
                                        .blobs_folder = "/blobs",
                                        .root = repository_.Files().at("metadata/1.root.json"),
                                        .only = std::nullopt,
                                        .data = false,
                                        .now = clock_.Now()},
                                       leftovers_, observer);
  EXPECT_TRUE(absl::IsCancelled(summary.status()));
}

}  // namespace
}  // namespace rind::delegation_manager
