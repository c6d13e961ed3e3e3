#include <gtest/gtest.h>

#include "common/signing/signing_test_world.h"

namespace rind::signing {
namespace {

class ClaimsRule : public World {
 protected:
  void SetUp() override {
    World::SetUp();
    session_ = *Open(SignerKind::kContent);
    offline_ = *Open(SignerKind::kOffline);
  }
  Proposal WithSix() {
    Proposal proposal = Claims("recently-claimed", 1, {Claimed("six", {&developer_})});
    proposal.authorisations = {Authorise(officer_, "six", {&developer_})};
    return proposal;
  }
  // root, targets and `claimed` as the offline signer makes them.
  std::vector<SuppliedFile> OfflineFiles(const std::vector<tuf::ClaimedProject>& promoted) {
    const auto signers = [](const PublicKey& key) { return tuf::RoleSigners{{key}}; };
    const auto own = [&](SignerKind kind, const char* role) { return signers(OwnKey(kind, role)); };
    const tuf::Header header = HeaderOf(1, absl::Hours(24 * 300));
    const std::vector<std::pair<std::string, std::string>> documents = {
        {"root",
         tuf::EncodeCanonical(tuf::BuildRoot(
             {header, own(SignerKind::kOffline, "root"), own(SignerKind::kOffline, "targets"),
              own(SignerKind::kRelease, "snapshot"), own(SignerKind::kRelease, "timestamp")}))},
        {"targets",
         tuf::EncodeCanonical(tuf::BuildTopTargets(header, own(SignerKind::kOffline, "claimed"),
                                                   own(SignerKind::kContent, "recently-claimed"),
                                                   own(SignerKind::kOffline, "unclaimed")))},
        {"claimed", tuf::EncodeCanonical(tuf::BuildClaims(header, promoted))}};
    std::vector<Proposal> proposals;
    for (const auto& [role, canonical] : documents) {
      proposals.push_back(Document(role, canonical));
      for (const auto& project : promoted) {
        proposals.back().authorisations.push_back(
            Authorise(officer_, project.project, {&developer_}));
      }
    }
    const auto results = offline_->SignTogether({kRepository, now(), proposals});
    EXPECT_TRUE(results.ok()) << results.status();
    std::vector<SuppliedFile> files;
    for (std::size_t i = 0; results.ok() && i < proposals.size(); ++i) {
      files.push_back({proposals[i].role,
                       tuf::EncodeEnvelope(
                           proposals[i].proposed,
                           {{*tuf::KeyId::Parse((*results)[i].key_id), (*results)[i].signature}})});
    }
    return files;
  }

  std::unique_ptr<SigningSession> session_, offline_;
};

TEST_F(ClaimsRule, S08SignsAnAuthorisedClaim) {
  EXPECT_TRUE(AskOne(*session_, Claims("recently-claimed", 1, {})).ok());
  Proposal empty = Claims("recently-claimed", 1, {});
  Proposal claim = Claims("recently-claimed", 2, {Claimed("six", {&developer_})}, &empty);
  claim.authorisations = {Authorise(officer_, "six", {&developer_})};
  EXPECT_TRUE(AskOne(*session_, claim).ok());
}

TEST_F(ClaimsRule, S08RefusesAClaimWithoutAGoodAuthorisation) {
  const auto good = Authorise(officer_, "six", {&developer_});
  auto without_officer = good;
  without_officer.signatures.erase(without_officer.signatures.begin());
  auto without_possession = good;
  without_possession.signatures.pop_back();
  auto forged = good;
  forged.signatures[0].bytes[3] = static_cast<char>(forged.signatures[0].bytes[3] ^ 1);
  struct Case {
    std::string_view name;
    std::vector<SuppliedAuthorisation> authorisations;
    std::string_view says;
  };
  for (const Case& c : std::vector<Case>{
           {"none", {}, "no authorisation"},
           {"of another project",
            {Authorise(officer_, "seven", {&developer_})},
            "no authorisation"},
           {"for other keys", {Authorise(officer_, "six", {&stranger_})}, "the document others"},
           {"by someone else", {Authorise(stranger_, "six", {&developer_})}, "the claims officer"},
           {"without the officer", {without_officer}, "the claims officer"},
           {"without proof of possession", {without_possession}, "the project's key"},
           {"forged", {forged}, "the claims officer"},
           {"expired",
            {Authorise(officer_, "six", {&developer_}, 1, absl::Seconds(0))},
            "expired"}}) {
    SCOPED_TRACE(c.name);
    Proposal proposal = Claims("recently-claimed", 1, {Claimed("six", {&developer_})});
    proposal.authorisations = c.authorisations;
    ExpectRefused(AskOne(*session_, proposal).status(), "S-08", c.says);
  }
  EXPECT_TRUE(AskOne(*session_, WithSix()).ok());
}

TEST_F(ClaimsRule, S08ANewKeyOrThresholdNeedsAuthorisationToo) {
  const Proposal first = WithSix();
  ASSERT_TRUE(AskOne(*session_, first).ok());
  Proposal rekeyed = Claims("recently-claimed", 2, {Claimed("six", {&stranger_})}, &first);
  ExpectRefused(AskOne(*session_, rekeyed).status(), "S-08", "has new keys");
  auto raised = Claimed("six", {&developer_, &stranger_});
  raised.signers.threshold = *tuf::Threshold::Create(2);
  Proposal threshold = Claims("recently-claimed", 2, {raised}, &first);
  threshold.authorisations = {Authorise(officer_, "six", {&developer_, &stranger_}, 1)};
  ExpectRefused(AskOne(*session_, threshold).status(), "S-08", "threshold");
}

TEST_F(ClaimsRule, S09AProjectsKeyIsNotTheSigners) {
  tuf::ClaimedProject project = {"six", {{OwnKey(SignerKind::kContent, "bins")}}};
  ExpectRefused(AskOne(*session_, Claims("recently-claimed", 1, {project})).status(), "S-09",
                "this signer's");
}

TEST_F(ClaimsRule, S08WithoutAnOfficerNobodyIsClaimed) {
  session_.reset();
  auto parts = Parts(SignerKind::kContent);
  parts.policy.claims_officer.reset();
  session_ = *OpenWith(SignerKind::kContent, std::move(parts));
  ExpectRefused(AskOne(*session_, WithSix()).status(), "S-08", "no claims officer");
}

TEST_F(ClaimsRule, S08HoldsTheShapeOfTheDelegation) {
  tuf::Targets document = tuf::BuildClaims(HeaderOf(1), {Claimed("six", {&developer_})});
  auto& roles = std::get<std::vector<tuf::DelegatedRole>>(document.delegations->roles);
  const auto ask = [&] {
    Proposal proposal = Document("recently-claimed", tuf::EncodeCanonical(document));
    proposal.authorisations = {Authorise(officer_, "six", {&developer_})};
    return AskOne(*session_, proposal).status();
  };
  roles[0].terminating = false;
  ExpectRefused(ask(), "S-08");
  roles[0].terminating = true;
  roles[0].paths = tuf::PathPatterns{{"simple/*/*", "files/six/*"}};
  ExpectRefused(ask(), "S-08");
  roles[0].paths = tuf::PathPatterns{{"simple/six/*", "files/six/*"}};
  document.targets.emplace("files/six/a", Entry(Target("files/six/a", "x")));
  ExpectRefused(ask(), "S-08");
}

TEST_F(ClaimsRule, S08AProjectLeavesOnlyWhenClaimedHasIt) {
  const Proposal first = WithSix();
  ASSERT_TRUE(AskOne(*session_, first).ok());
  Proposal gone = Claims("recently-claimed", 2, {}, &first);
  ExpectRefused(AskOne(*session_, gone).status(), "S-07", "none was sent along");
  gone.files = OfflineFiles({Claimed("six", {&developer_})});
  Proposal incomplete = gone;
  incomplete.files.pop_back();
  ExpectRefused(AskOne(*session_, incomplete).status(), "S-08", "was promoted");
  Proposal forged = gone;
  forged.files.back().bytes.replace(forged.files.back().bytes.find("\"sig\":\"") + 7, 2, "00");
  EXPECT_FALSE(AskOne(*session_, forged).ok());
  EXPECT_TRUE(AskOne(*session_, gone).ok()) << AskOne(*session_, gone).status();
}

TEST_F(ClaimsRule, S08AnEmptyClaimedProvesNoPromotion) {
  const Proposal first = WithSix();
  ASSERT_TRUE(AskOne(*session_, first).ok());
  Proposal gone = Claims("recently-claimed", 2, {}, &first);
  gone.files = OfflineFiles({});
  ExpectRefused(AskOne(*session_, gone).status(), "S-08", "does not delegate to it");
}

TEST_F(ClaimsRule, S08ClaimedItselfNeedsTheSameWord) {
  Proposal claimed = Claims("claimed", 1, {Claimed("six", {&developer_})});
  const std::vector<Proposal> documents = {claimed};
  ExpectRefused(offline_->Check({kRepository, now(), documents}), "S-08", "no authorisation");
}

}  // namespace
}  // namespace rind::signing
