#include "services/delegation_manager/publish/release.h"

#include <string>

#include <gtest/gtest.h>

namespace rind::delegation_manager {
namespace {

Release Full() {
  Release release;
  release.step = ReleaseStep::kSnapshot;
  release.must_publish = true;
  release.change = 17;
  release.recently_claimed_dirty = "5";
  release.bins = {{3, 9}, {4, 10}};
  release.pages = {{*tuf::TargetPath::Parse("simple/six/index.html"), Sha256("page"), "page", 8}};
  release.files = {{tuf::ClaimedRole(), *tuf::Version::Create(2), absl::FromUnixSeconds(99),
                    std::string("{\0}", 3)}};
  AskedDocument asked;
  asked.version = *tuf::Version::Create(5);
  asked.expires = absl::FromUnixSeconds(1000);
  asked.document.role = *tuf::RoleName::Parse("bin-3");
  asked.document.canonical = "{}";
  asked.document.previous = "{1}";
  asked.document.vouched = {{{"statement", "key", "signature"},
                             {{{*tuf::TargetPath::Parse("files/six/a"), 5, Sha256("a")},
                               1,
                               {Sha256("b"), Sha256("c")}}}}};
  asked.document.authorisations = {{"claim", {{"k", "s"}, {"k2", "s2"}}}};
  asked.document.receipts = {{"r", "k", "s"}};
  asked.document.files = {{tuf::TopLevelRole::kRoot, "root"}};
  release.asked = {asked};
  release.receipts = {{"r2", "k2", "s2"}};
  release.refused = {{asked.document.role, asked.version, "S-06", "no evidence"}};
  release.withheld = {release.files.front()};
  release.parked = "another";
  return release;
}

TEST(Release, D03SurvivesTheJournalToTheByte) {
  const std::string payload = Encode(Full());
  const auto back = DecodeRelease(payload);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(Encode(*back), payload);
  EXPECT_EQ(back->asked.front().document.vouched, Full().asked.front().document.vouched);
  EXPECT_EQ(back->asked.front().document.authorisations,
            Full().asked.front().document.authorisations);
  EXPECT_EQ(back->files.front().file, Full().files.front().file);
  EXPECT_EQ(back->refused, Full().refused);
  EXPECT_EQ(Describe(back->refused), "S-06: bin-3 v5: no evidence");
  EXPECT_EQ(back->step, ReleaseStep::kSnapshot);
}

TEST(Release, RefusesAJournalThatIsCutOffAnywhere) {
  const std::string payload = Encode(Full());
  for (std::size_t size = 0; size < payload.size(); ++size) {
    const auto back = DecodeRelease(std::string_view(payload).substr(0, size));
    EXPECT_EQ(back.status().code(), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(DecodeRelease(payload + "x").status().code(), absl::StatusCode::kDataLoss);
}

TEST(Release, NamesMetadataFilesAsConsistentSnapshotsDo) {
  EXPECT_EQ(MetadataName(tuf::TopLevelRole::kTimestamp, *tuf::Version::Create(7)),
            "timestamp.json");
  EXPECT_EQ(MetadataName(tuf::TopLevelRole::kSnapshot, *tuf::Version::Create(7)),
            "7.snapshot.json");
  EXPECT_EQ(MetadataName(*tuf::RoleName::Parse("bin-0f"), *tuf::Version::Create(2)),
            "2.bin-0f.json");
}

}  // namespace
}  // namespace rind::delegation_manager
