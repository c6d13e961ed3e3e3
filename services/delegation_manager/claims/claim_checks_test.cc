#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/fake_clock.h"
#include "services/delegation_manager/claims/claims_test_world.h"

namespace rind::delegation_manager {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kMonth = absl::Hours(24 * 30);

class ClaimChecksTest : public ::testing::Test {
 protected:
  ClaimChecksTest() {
    developers_.contents = {{"six-1.0.tar.gz", "source"}, {"six-1.0-py3-none-any.whl", "wheel"}};
    view_.repository = "rind-test";
    view_.project = "six";
    for (const auto& [name, content] : developers_.contents) {
      view_.targets[Cat("files/six/", name)] = FileOf(content);
    }
    role_ = developers_.Role(1, now_ + kMonth);
  }

  // A new file, already uploaded.
  void AddFile(const std::string& name, const std::string& content) {
    developers_.contents[name] = content;
    uploaded_[Sha256(content)] = content.size();
    role_ = developers_.Role(role_.header.version.value(), role_.header.expires);
  }

  StatusOr<ProjectRole> Check() { return CheckFile(developers_.Sign(role_)); }
  StatusOr<ProjectRole> CheckFile(std::string_view file) {
    const BlobLength length = [this](const Sha256Digest& sha256) -> StatusOr<std::uint64_t> {
      const auto found = uploaded_.find(sha256);
      if (found == uploaded_.end()) return NotFound("no such blob");
      return found->second;
    };
    return CheckProjectRole(file, developers_.Pages(), developers_.Signers(), view_, length, now_);
  }
  void ExpectRefused(std::string_view wanted) {
    const Status status = Check().status();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(std::string(wanted)));
  }

  const absl::Time now_ = testing::FakeClock().Now();
  Developers developers_;
  ProjectView view_;
  tuf::Targets role_;
  std::map<Sha256Digest, std::uint64_t> uploaded_;
};

TEST_F(ClaimChecksTest, TakesARoleThatIsRight) {
  const auto role = Check();
  ASSERT_TRUE(role.ok()) << role.status();
  EXPECT_EQ(role->targets.size(), 4u);
  AddFile("six-2.0.tar.gz", "newer");
  EXPECT_TRUE(Check().ok());
}

TEST_F(ClaimChecksTest, RefusesSignaturesBelowTheThreshold) {
  const std::string canonical = tuf::EncodeCanonical(role_);
  const auto& key = developers_.keys[0];
  const auto one = tuf::EncodeEnvelope(canonical, {{key.id(), key.Sign(canonical)}});
  EXPECT_THAT(std::string(MessageOf(CheckFile(one).status())), HasSubstr("project.six"));
  EXPECT_FALSE(CheckFile(one).ok());
}

TEST_F(ClaimChecksTest, RefusesEverySignatureThatIsNotValidOrNotRegistered) {
  const std::string canonical = tuf::EncodeCanonical(role_);
  const auto stranger = testing::SimulatedKey::Generate();
  std::vector<tuf::Signature> signatures;
  for (const auto& key : developers_.keys) {
    signatures.push_back({key.id(), key.Sign(canonical)});
  }
  auto with_stranger = signatures;
  with_stranger.push_back({stranger.id(), stranger.Sign(canonical)});
  EXPECT_THAT(
      std::string(MessageOf(CheckFile(tuf::EncodeEnvelope(canonical, with_stranger)).status())),
      HasSubstr("not registered"));
  developers_.threshold = 1;
  signatures[1].bytes[0] ^= 1;
  EXPECT_THAT(
      std::string(MessageOf(CheckFile(tuf::EncodeEnvelope(canonical, signatures)).status())),
      HasSubstr("does not verify"));
}

TEST_F(ClaimChecksTest, RefusesAnyVersionButTheNext) {
  for (const std::int64_t version : {1, 3, 5, 6, 8}) {
    view_.last_version = 6;
    role_.header.version = *tuf::Version::Create(version);
    ExpectRefused("wanted 7");
  }
  role_.header.version = *tuf::Version::Create(7);
  EXPECT_TRUE(Check().ok());
}

TEST_F(ClaimChecksTest, RefusesWhatHasExpiredOrLivesTooLong) {
  role_.header.expires = now_;
  ExpectRefused("expired");
  role_.header.expires = now_ + absl::Hours(24 * 366);
  ExpectRefused("at most a year");
  role_.header.expires = now_ + absl::Hours(24 * 365);
  EXPECT_TRUE(Check().ok());
}

TEST_F(ClaimChecksTest, RefusesPathsOutsideOfTheProject) {
  for (const std::string path :
       {"files/seven/six-3.0.tar.gz", "files/six/a/b", "simple/six/other.html", "simple/index.html",
        "files/sixx/six-3.0.tar.gz", "files/six/../x", "other/six/x", "simple/six/index.html/x"}) {
    SCOPED_TRACE(path);
    const tuf::Targets before = role_;
    role_.targets[path] = before.targets.begin()->second;
    EXPECT_FALSE(Check().ok());
    role_ = before;
  }
}

TEST_F(ClaimChecksTest, RefusesDelegationsAndUnknownMembers) {
  const tuf::Targets before = role_;
  role_.delegations.emplace();
  EXPECT_FALSE(Check().ok());
  role_ = before;
  role_.targets.begin()->second.serial = 5;
  ExpectRefused("custom");
}

TEST_F(ClaimChecksTest, RefusesAFileInAnyButTheFixedForm) {
  const std::string file = developers_.Sign(role_);
  EXPECT_TRUE(CheckFile(file).ok());
  EXPECT_FALSE(CheckFile(Cat(file, "\n")).ok());
  EXPECT_FALSE(CheckFile(Cat(" ", file)).ok());
  EXPECT_FALSE(CheckFile("").ok());
  std::string extra = file;
  extra.insert(1, "\"extra\":1,");
  EXPECT_FALSE(CheckFile(extra).ok());
  EXPECT_FALSE(CheckFile(std::string(kMaxProjectRoleBytes + 1, ' ')).ok());
}

TEST_F(ClaimChecksTest, S05RefusesAChangedHashOfAKnownOrDepartedFile) {
  developers_.contents["six-1.0.tar.gz"] = "other source";
  uploaded_[Sha256("other source")] = 12;
  role_ = developers_.Role(1, now_ + kMonth);
  ExpectRefused("files/six/six-1.0.tar.gz");
  ExpectRefused("a file never changes");

  view_.targets.erase("files/six/six-1.0.tar.gz");
  view_.departed["files/six/six-1.0.tar.gz"] = Sha256("source");
  ExpectRefused("returns only as");
  developers_.contents["six-1.0.tar.gz"] = "source";
  uploaded_[Sha256("source")] = 6;
  role_ = developers_.Role(1, now_ + kMonth);
  EXPECT_TRUE(Check().ok());
}

TEST_F(ClaimChecksTest, RefusesFilesThatWereNotUploadedOrHaveAnotherLength) {
  AddFile("six-2.0.tar.gz", "newer");
  uploaded_[Sha256("newer")] = 4;
  ExpectRefused("uploaded were 4");
  uploaded_.clear();
  ExpectRefused("no file with sha256");
}

TEST_F(ClaimChecksTest, RefusesNewFilesOfAnotherNameOrForm) {
  for (const std::string name : {"seven-1.0.tar.gz", "six-1.0.exe", "six.txt"}) {
    SCOPED_TRACE(name);
    const tuf::Targets before = role_;
    role_.targets[Cat("files/six/", name)].length = 1;
    role_.targets[Cat("files/six/", name)].hashes = tuf::Hashes::OfSha256(Sha256("x"));
    uploaded_[Sha256("x")] = 1;
    EXPECT_FALSE(Check().ok());
    role_ = before;
  }
}

TEST_F(ClaimChecksTest, RefusesPagesThatAreNotThoseOfTheRoleOrListOtherFiles) {
  const tuf::Targets before = role_;
  role_.targets["simple/six/index.json"].hashes = tuf::Hashes::OfSha256(Sha256("other"));
  ExpectRefused("simple/six/index.json");
  role_ = before;
  role_.targets.erase("simple/six/index.html");
  ExpectRefused("is not in the project role");
  role_ = before;
  role_.targets.erase("files/six/six-1.0.tar.gz");
  ExpectRefused("lists six-1.0.tar.gz");
}

TEST_F(ClaimChecksTest, RefusesAMetadataFileWithoutItsDistribution) {
  AddFile("six-9.0-py3-none-any.whl.metadata", "Metadata-Version: 2.1\n");
  ExpectRefused("beside it");
}

class ClaimRequestTest : public ClaimChecksTest {
 protected:
  ClaimRequestTest() : statement_(developers_.Statement(now_ + kMonth)) { Sign(); }
  void Sign() { claim_ = SignClaim(developers_, statement_); }
  Status Request() {
    return CheckClaimRequest(claim_, developers_.Sign(role_), developers_.Pages(), view_, now_)
        .status();
  }
  void ExpectRequestRefused(std::string_view wanted) {
    const Status status = Request();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(std::string(wanted)));
  }
  evidence::ClaimStatement statement_;
  SignedClaim claim_;
};

TEST_F(ClaimRequestTest, TakesAClaimThatIsRight) { EXPECT_TRUE(Request().ok()) << Request(); }

TEST_F(ClaimRequestTest, S08WantsProofOfPossessionOfEachKey) {
  const SignedClaim whole = claim_;
  claim_.signatures.pop_back();
  ExpectRequestRefused("no proof of its possession");
  claim_ = whole;
  claim_.signatures[0].signature = claim_.signatures[1].signature;
  ExpectRequestRefused("does not verify");
  claim_ = whole;
  claim_.signatures.push_back(claim_.signatures[0]);
  ExpectRequestRefused("signed twice");
  claim_ = whole;
  claim_.signatures.push_back(SignStatement(testing::SimulatedKey::Generate(), claim_.statement));
  ExpectRequestRefused("none of its keys");
  claim_.signatures.clear();
  ExpectRequestRefused("no proof of its possession");
}

TEST_F(ClaimRequestTest, S09RefusesAnotherRepositoryOrProject) {
  statement_.repository = "rind-other";
  Sign();
  ExpectRequestRefused("rind-other");
  statement_ = developers_.Statement(now_ + kMonth);
  statement_.project = "seven";
  Sign();
  ExpectRequestRefused("seven");
}

TEST_F(ClaimRequestTest, S08RefusesAThresholdThatTheKeysCanNotReachAndOldRequests) {
  developers_.threshold = 3;
  statement_ = developers_.Statement(now_ + kMonth);
  Sign();
  EXPECT_FALSE(Request().ok());
  developers_.threshold = 2;
  for (const absl::Duration expires : {absl::ZeroDuration(), absl::Hours(24 * 91)}) {
    statement_ = developers_.Statement(now_ + expires);
    Sign();
    ExpectRequestRefused("valid until");
  }
}

TEST_F(ClaimRequestTest, S08RefusesARoleSignedByOtherKeysThanItClaims) {
  const Developers others;
  statement_.keys = others.Signers().keys;
  claim_ = SignClaim(others, statement_);
  ExpectRequestRefused("not registered");
}

TEST_F(ClaimRequestTest, BringsNoNewFiles) {
  AddFile("six-2.0.tar.gz", "newer");
  ExpectRequestRefused("brings no new files");
}

TEST_F(ClaimRequestTest, RefusesAStatementThatIsNotCanonical) {
  claim_.statement.insert(1, " ");
  EXPECT_FALSE(Request().ok());
  claim_.statement.clear();
  EXPECT_FALSE(Request().ok());
}

TEST_F(ClaimRequestTest, S08AnAuthorisationIsTheRequestWithTheOfficersSignature) {
  const auto officer = testing::SimulatedKey::Generate();
  SignedClaim authorised = claim_;
  authorised.signatures.push_back(SignStatement(officer, claim_.statement));
  const auto check = [&](const SignedClaim& claim) {
    return CheckAuthorisation(claim, claim_, officer.public_key(), now_).status();
  };
  EXPECT_TRUE(check(authorised).ok()) << check(authorised);
  EXPECT_TRUE(CheckAuthorisation(authorised, claim_, std::nullopt, now_).ok());
  EXPECT_FALSE(check(claim_).ok()) << "without the officer";

  SignedClaim stranger = claim_;
  stranger.signatures.push_back(SignStatement(testing::SimulatedKey::Generate(), claim_.statement));
  EXPECT_FALSE(check(stranger).ok());

  SignedClaim forged = authorised;
  forged.signatures.back().signature[0] ^= 1;
  EXPECT_FALSE(check(forged).ok());

  SignedClaim other = SignClaim(developers_, developers_.Statement(now_ + kMonth / 2));
  other.signatures.push_back(SignStatement(officer, other.statement));
  EXPECT_THAT(std::string(MessageOf(check(other))), HasSubstr("not the one that was requested"));

  EXPECT_FALSE(
      CheckAuthorisation(authorised, claim_, officer.public_key(), now_ + 2 * kMonth).ok());
}

}  // namespace
}  // namespace rind::delegation_manager
