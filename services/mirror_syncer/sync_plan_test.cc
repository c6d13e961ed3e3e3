#include "services/mirror_syncer/sync_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace rind::mirror_syncer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

pypi::ListedFile File(const std::string& version, bool yanked = false) {
  return {
      .distribution = *pypi::Distribution::Parse(Cat("six-", version, ".zip"),
                                                 *pypi::ProjectName::Parse("six")),
      .url = "x",
      .sha256 = Sha256(version),
      .size = {},
      .core_metadata_sha256 = {},
      .facts = {.requires_python = "", .yanked = yanked, .yanked_reason = "", .upload_time = ""}};
}

std::vector<std::string> Versions(std::vector<pypi::ListedFile> files, int newest) {
  std::vector<std::string> versions;
  for (const auto& file : SelectReleases(std::move(files), newest)) {
    versions.push_back(file.distribution.version_text());
  }
  return versions;
}

TEST(SelectReleases, TakesTheNewestFinalOnes) {
  const std::vector<pypi::ListedFile> files = {File("1.0"), File("1.10"), File("1.9"),
                                               File("2.0rc1"), File("0.1-final")};
  EXPECT_THAT(Versions(files, 2), ElementsAre("1.10", "1.9"));
  EXPECT_THAT(Versions(files, 3), ElementsAre("1.0", "1.10", "1.9"));
  EXPECT_THAT(Versions(files, 4), ElementsAre("1.0", "1.10", "1.9", "2.0rc1"));
  EXPECT_EQ(Versions(files, 0).size(), 5U);
  EXPECT_THAT(Versions({File("2.0a1"), File("2.0a2")}, 1), ElementsAre("2.0a2"));
}

TEST(SelectReleases, KeepsAYankedReleaseWhileAnOlderOneIsKeptAndGivesItNoPlace) {
  const std::vector<pypi::ListedFile> files = {File("1.0", true), File("1.1"), File("1.2", true),
                                               File("1.3"), File("1.0.1", true)};
  EXPECT_THAT(Versions(files, 2), ElementsAre("1.1", "1.2", "1.3"));
  EXPECT_THAT(Versions({File("1.0", true)}, 2), ElementsAre("1.0"));
}

pypi::IndexPage PageOf(int files) {
  pypi::IndexPage page;
  for (int i = 0; i < files; ++i) page.files.push_back(File(Cat("1.", i)));
  return page;
}
KnownFiles KnownOf(int files) {
  KnownFiles known;
  for (int i = 0; i < files; ++i) {
    known[Cat("six-1.", i, ".zip")] = {Sha256(Cat("1.", i)), 1, {}};
  }
  return known;
}

TEST(CheckPage, Y03HoldsAStalePage) {
  EXPECT_TRUE(CheckPage(PageOf(1), 5, 5, KnownOf(1)).ok());
  EXPECT_TRUE(CheckPage(PageOf(1), {}, 5, KnownOf(1)).ok());
  EXPECT_TRUE(CheckPage(PageOf(1), 5, {}, KnownOf(1)).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckPage(PageOf(1), 4, 5, KnownOf(1))));
}

TEST(CheckPage, Y03HoldsAnEmptyPageOfAProjectThatHadFiles) {
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckPage(PageOf(0), 6, 5, KnownOf(1))));
  EXPECT_TRUE(CheckPage(PageOf(0), 6, 5, KnownOf(0)).ok());
}

TEST(CheckPage, Y03HoldsAChangedFile) {
  pypi::IndexPage page = PageOf(2);
  page.files[1].sha256 = Sha256("other");
  const Status status = CheckPage(page, 6, 5, KnownOf(2));
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("six-1.1.zip changed its content"));
  page.files[1].sha256.reset();
  EXPECT_TRUE(CheckPage(page, 6, 5, KnownOf(2)).ok());
}

TEST(CheckPage, Y04HoldsAMassRemovalAndForwardsASmallOne) {
  struct Case {
    int now, before;
    bool held;
  };
  for (const Case& c : {Case{9, 20, true}, Case{10, 20, false}, Case{1, 11, false},
                        Case{1, 12, true}, Case{89, 100, false}, Case{49, 100, true}}) {
    EXPECT_EQ(absl::IsFailedPrecondition(CheckPage(PageOf(c.now), 6, 5, KnownOf(c.before))), c.held)
        << c.now << " of " << c.before;
  }
}

TEST(NextSync, Y06BacksOffAfterFailuresAndSpreads) {
  const absl::Time now = absl::FromUnixSeconds(1'000'000);
  const absl::Duration day = absl::Hours(24);
  EXPECT_EQ(NextSync(now, day, 0, 0.5), now + day);
  EXPECT_EQ(NextSync(now, day, 0, 0.0), now + day * 0.9);
  EXPECT_LT(NextSync(now, day, 0, 0.999), now + day * 1.1);
  EXPECT_EQ(NextSync(now, day, 1, 0.5), now + absl::Minutes(1));
  EXPECT_EQ(NextSync(now, day, 4, 0.5), now + absl::Minutes(8));
  EXPECT_EQ(NextSync(now, day, 1'000'000, 0.5), now + day);
  EXPECT_EQ(NextSync(now, absl::Seconds(30), 3, 0.5), now + absl::Seconds(30));
}

}  // namespace
}  // namespace rind::mirror_syncer
