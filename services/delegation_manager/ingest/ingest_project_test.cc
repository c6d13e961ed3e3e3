#include "services/delegation_manager/ingest/ingest_project.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/evidence/statements.h"
#include "common/testing/fake_file_system.h"
#include "common/tuf/model/delegations.h"
#include "services/delegation_manager/ingest/bin_number.h"

namespace rind::delegation_manager {
namespace {

using ::testing::HasSubstr;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class IngestTest : public ::testing::Test {
 protected:
  IngestTest() {
    state_ = *OpenStateStore(":memory:");
    EXPECT_TRUE(state_->Transact([](Tables& tables) { return tables.bins.Create(256); }).ok());
    Clean();
  }
  void Clean() {
    EXPECT_TRUE(state_
                    ->Transact([](Tables& tables) -> Status {
                      RIND_ASSIGN_OR_RETURN(const auto dirty, tables.bins.Dirty());
                      RIND_RETURN_IF_ERROR(tables.projects.Published(UINT32_MAX));
                      return tables.bins.MarkClean(dirty);
                    })
                    .ok());
  }

  Ingestion Make(std::int64_t serial, const std::map<std::string, std::string>& contents,
                 const std::string& page = "page") {
    Ingestion in;
    in.project = "six";
    in.serial = serial;
    in.index_html = page;
    in.index_json = page;
    for (const auto& [name, content] : contents) {
      const Sha256Digest digest = Sha256(content);
      in.targets.push_back(
          {*tuf::TargetPath::Parse(Cat("files/six/", name)), content.size(), digest});
      const std::string folder = Cat("/blobs/sha256/", digest.Hex().substr(0, 2));
      EXPECT_TRUE(files_.MakeDirectories(folder, 0755).ok());
      EXPECT_TRUE(files_.Create(Cat(folder, "/", digest.Hex()), content, 0644).ok());
    }
    for (const char* path : {"simple/six/index.html", "simple/six/index.json"}) {
      in.targets.push_back({*tuf::TargetPath::Parse(path), page.size(), Sha256(page)});
    }
    Vouch(in);
    return in;
  }
  static void Vouch(Ingestion& in) {
    in.evidence = {evidence::Encode(evidence::EvidenceStatement{"rind-test", in.project, in.serial,
                                                                kNow, in.targets.size(),
                                                                evidence::MerkleRoot(in.targets)}),
                   std::string(64, 'a'), std::string(64, 's')};
  }
  StatusOr<TargetChange> Ingest(const Ingestion& in) {
    return IngestProject(*state_, {files_, "/blobs", "rind-test"}, in, kNow);
  }
  std::size_t DirtyBins() {
    std::size_t count = 0;
    EXPECT_TRUE(state_
                    ->Transact([&](Tables& tables) -> Status {
                      RIND_ASSIGN_OR_RETURN(const auto dirty, tables.bins.Dirty());
                      count = dirty.size();
                      return OkStatus();
                    })
                    .ok());
    return count;
  }

  rind::testing::FakeFileSystem files_;
  std::unique_ptr<StateStore> state_;
};

TEST_F(IngestTest, RecordsAProjectAndMarksItsBins) {
  const auto change = Ingest(Make(5, {{"six-1.0.tar.gz", "one"}}));
  ASSERT_TRUE(change.ok()) << change.status();
  EXPECT_EQ(change->added, 3U);
  EXPECT_EQ(DirtyBins(), 3U);
  Clean();
  EXPECT_FALSE(Ingest(Make(5, {{"six-1.0.tar.gz", "one"}}))->any()) << "a repeat";
  EXPECT_EQ(DirtyBins(), 0U);
  const auto next = Ingest(Make(6, {{"six-1.0.tar.gz", "one"}}, "another page"));
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->replaced_pages, 2U);
  EXPECT_EQ(DirtyBins(), 2U);
}

TEST_F(IngestTest, FreshEvidenceRenewsThePagesOfAProjectThatStillWaits) {
  // The signer wants a page's serial to be that of the evidence it is shown.
  ASSERT_TRUE(Ingest(Make(5, {})).ok());
  ASSERT_TRUE(Ingest(Make(6, {})).ok());
  ASSERT_TRUE(state_
                  ->Transact([](Tables& tables) -> Status {
                    RIND_ASSIGN_OR_RETURN(const auto targets, tables.targets.OfProject("six"));
                    for (const Target& target : targets) EXPECT_EQ(target.serial, 6);
                    return OkStatus();
                  })
                  .ok());
}

TEST_F(IngestTest, S05RefusesAChangedHashOfAKnownFileAlsoAfterItLeft) {
  ASSERT_TRUE(Ingest(Make(5, {{"a.whl", "one"}})).ok());
  const auto changed = Ingest(Make(6, {{"a.whl", "two"}}));
  EXPECT_TRUE(absl::IsFailedPrecondition(changed.status()));
  EXPECT_THAT(changed.status().ToString(), HasSubstr("files/six/a.whl: is there"));
  ASSERT_TRUE(Ingest(Make(7, {})).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Ingest(Make(8, {{"a.whl", "two"}})).status()));
  EXPECT_TRUE(Ingest(Make(8, {{"a.whl", "one"}})).ok()) << "the same file may return";
}

TEST_F(IngestTest, Y03RefusesASerialThatGoesBack) {
  ASSERT_TRUE(Ingest(Make(5, {})).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Ingest(Make(4, {}, "older")).status()));
}

TEST_F(IngestTest, RefusesAClaimedProject) {
  ASSERT_TRUE(Ingest(Make(5, {})).ok());
  ASSERT_TRUE(state_
                  ->Transact([](Tables& tables) -> Status {
                    RIND_ASSIGN_OR_RETURN(auto project, tables.projects.Find("six"));
                    project->state = ProjectState::kRecentlyClaimed;
                    return tables.projects.Put(*project);
                  })
                  .ok());
  const auto refused = Ingest(Make(6, {}, "new"));
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status()));
  EXPECT_THAT(refused.status().ToString(), HasSubstr("only its own keys"));
}

TEST_F(IngestTest, RefusesWhatIsMalformedAndRecordsNothingOfIt) {
  struct Case {
    const char* name;
    std::function<void(Ingestion&)> spoil;
    const char* message;
  };
  const Case cases[] = {
      {"another spelling", [](Ingestion& in) { in.project = "Six"; }, "normalised"},
      {"another project's path",
       [](Ingestion& in) {
         in.targets.insert(in.targets.begin(),
                           {*tuf::TargetPath::Parse("files/idna/a"), 1, Sha256("a")});
         Vouch(in);
       },
       "is not one of project six"},
      {"a folder below files",
       [](Ingestion& in) {
         in.targets.insert(in.targets.begin(),
                           {*tuf::TargetPath::Parse("files/six/a/b"), 1, Sha256("a")});
         Vouch(in);
       },
       "is not"},
      {"unsorted",
       [](Ingestion& in) {
         std::swap(in.targets.front(), in.targets.back());
         Vouch(in);
       },
       "sorted"},
      {"a page that is another", [](Ingestion& in) { in.index_html = "x"; },
       "index.html: the page"},
      {"no page",
       [](Ingestion& in) {
         in.targets.pop_back();
         Vouch(in);
       },
       "not among the targets"},
      {"evidence of another serial", [](Ingestion& in) { in.serial = 9; },
       "the call about serial 9"},
      {"no blob",
       [](Ingestion& in) {
         in.targets.front() = {in.targets.front().path, 3, Sha256("not there")};
         Vouch(in);
       },
       "is not there"},
      {"a blob of another length",
       [](Ingestion& in) {
         in.targets.front().length = 4;
         Vouch(in);
       },
       "its blob has 3 bytes"},
      {"no signature", [](Ingestion& in) { in.evidence.signature.clear(); }, "evidence without"},
  };
  for (const Case& one : cases) {
    Ingestion in = Make(5, {{"a.whl", "one"}});
    one.spoil(in);
    const auto refused = Ingest(in);
    EXPECT_FALSE(refused.ok()) << one.name;
    EXPECT_THAT(refused.status().ToString(), HasSubstr(one.message)) << one.name;
    EXPECT_EQ(DirtyBins(), 0U) << one.name;
  }
}

TEST(BinNumber, IsThatOfTap15) {
  // RFC 8032, test 1.
  const auto key = *PublicKey::Create(
      KeyScheme::kEd25519, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  for (const int bits : {4, 8, 14, 15}) {
    const auto roles = tuf::SuccinctRoles::Create(
        {{tuf::KeyId::Of(key)}, *tuf::Threshold::Create(1)}, bits, "bin");
    ASSERT_TRUE(roles.ok());
    for (int i = 0; i < 200; ++i) {
      const auto path = *tuf::TargetPath::Parse(Cat("files/p", i, "/f"));
      EXPECT_EQ(BinNumber(path, std::uint32_t{1} << bits), roles->BinFor(path.text()));
    }
  }
}

}  // namespace
}  // namespace rind::delegation_manager
