#include "services/online_signer/signer_codec.h"

#include <functional>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/signing/refusal.h"

namespace rind::online_signer {
namespace {

namespace pb = rind::signer::v1;
using ::testing::HasSubstr;

pb::SignRequest Request() {
  pb::SignRequest request;
  pb::Document& document = *request.add_documents();
  document.set_role("bin-0f");
  document.set_signed_("{}");
  document.set_previous("{1}");
  auto& vouched = *document.add_vouched();
  vouched.mutable_evidence()->set_statement("statement");
  vouched.mutable_evidence()->set_key_id("key");
  vouched.mutable_evidence()->set_signature("signature");
  auto& target = *vouched.add_targets();
  target.mutable_target()->set_path("files/six/six-1.0.zip");
  target.mutable_target()->set_length(5);
  target.mutable_target()->set_sha256(std::string(Sha256("content").Bytes()));
  target.set_index(3);
  target.add_path(std::string(Sha256("node").Bytes()));
  auto& claim = *document.add_authorisations();
  claim.set_statement("claim");
  auto& developer = *claim.add_signatures();
  developer.set_key_id("developer");
  developer.set_signature("possession");
  auto& receipt = *document.add_receipts();
  receipt.set_statement("receipt");
  receipt.set_key_id("receipts");
  receipt.set_signature("seen");
  auto& file = *document.add_files();
  file.set_role("root");
  file.set_bytes("{root}");
  return request;
}

TEST(SignerCodec, TakesAllOfADocument) {
  const auto proposals = Decode(Request());
  ASSERT_TRUE(proposals.ok()) << proposals.status();
  ASSERT_EQ(proposals->size(), 1u);
  const signing::Proposal& proposal = proposals->front();
  EXPECT_EQ(proposal.role.text(), "bin-0f");
  EXPECT_EQ(proposal.proposed, "{}");
  EXPECT_EQ(proposal.previous, "{1}");
  ASSERT_EQ(proposal.vouched.size(), 1u);
  EXPECT_EQ(proposal.vouched[0].evidence.statement, "statement");
  EXPECT_EQ(proposal.vouched[0].evidence.key_id, "key");
  EXPECT_EQ(proposal.vouched[0].evidence.signature, "signature");
  ASSERT_EQ(proposal.vouched[0].targets.size(), 1u);
  const signing::VouchedLeaf& leaf = proposal.vouched[0].targets[0];
  EXPECT_EQ(leaf.target.path.text(), "files/six/six-1.0.zip");
  EXPECT_EQ(leaf.target.length, 5u);
  EXPECT_EQ(leaf.target.sha256, Sha256("content"));
  EXPECT_EQ(leaf.index, 3u);
  ASSERT_EQ(leaf.path.size(), 1u);
  EXPECT_EQ(leaf.path[0], Sha256("node"));
  ASSERT_EQ(proposal.authorisations.size(), 1u);
  EXPECT_EQ(proposal.authorisations[0].statement, "claim");
  ASSERT_EQ(proposal.authorisations[0].signatures.size(), 1u);
  EXPECT_EQ(proposal.authorisations[0].signatures[0].key_id, "developer");
  EXPECT_EQ(proposal.authorisations[0].signatures[0].bytes, "possession");
  ASSERT_EQ(proposal.receipts.size(), 1u);
  EXPECT_EQ(proposal.receipts[0].statement, "receipt");
  EXPECT_EQ(proposal.receipts[0].key_id, "receipts");
  EXPECT_EQ(proposal.receipts[0].signature, "seen");
  ASSERT_EQ(proposal.files.size(), 1u);
  EXPECT_EQ(proposal.files[0].role.text(), "root");
  EXPECT_EQ(proposal.files[0].bytes, "{root}");
}

TEST(SignerCodec, P05RefusesBadFormAndNamesTheDocumentAndItsField) {
  struct Case {
    std::string_view field;
    std::function<void(pb::Document&)> spoil;
  };
  const auto target = [](pb::Document & d) -> auto& {
    return *d.mutable_vouched(0)->mutable_targets(0);
  };
  const Case cases[] = {
      {"role", [](pb::Document& d) { d.set_role(std::string(1, '\0')); }},
      {"role", [](pb::Document& d) { d.clear_role(); }},
      {"role", [](pb::Document& d) { d.set_role(std::string(10'000, 'r')); }},
      {"vouched[0]: targets[0]: target.path",
       [&](pb::Document& d) { target(d).mutable_target()->set_path("files/../x"); }},
      {"vouched[0]: targets[0]: target.path", [&](pb::Document& d) { target(d).clear_target(); }},
      {"vouched[0]: targets[0]: target.sha256",
       [&](pb::Document& d) { target(d).mutable_target()->set_sha256("short"); }},
      {"vouched[0]: targets[0]: target.sha256",
       [&](pb::Document& d) { target(d).mutable_target()->set_sha256(std::string(33, 'x')); }},
      {"vouched[0]: targets[0]: path[0]", [&](pb::Document& d) { target(d).set_path(0, "short"); }},
      {"vouched[0]: targets[0]: path[1]", [&](pb::Document& d) { target(d).add_path(); }},
      {"vouched[1]: targets[0]: target.path",
       [](pb::Document& d) { d.add_vouched()->add_targets(); }},
      {"files[0].role", [](pb::Document& d) { d.mutable_files(0)->clear_role(); }},
      {"files[1].role", [](pb::Document& d) { d.add_files(); }},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.field);
    pb::SignRequest request = Request();
    *request.add_documents() = request.documents(0);
    one.spoil(*request.mutable_documents(1));
    const auto proposals = Decode(request);
    EXPECT_TRUE(absl::IsInvalidArgument(proposals.status())) << proposals.status();
    const std::string message(MessageOf(proposals.status()));
    EXPECT_THAT(message, ::testing::StartsWith("document 1 ("));
    EXPECT_THAT(message, HasSubstr("): " + std::string(one.field) + ": "));
  }
}

TEST(SignerCodec, TakesAtMostItsLimitOfDocuments) {
  pb::SignRequest request;
  for (int i = 0; i < kMaxDocuments; ++i) *request.add_documents() = Request().documents(0);
  EXPECT_TRUE(Decode(request).ok());
  *request.add_documents() = Request().documents(0);
  const Status status = Decode(request).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("513 documents"));
}

TEST(SignerCodec, AnswersEachDocumentInOrder) {
  signing::SignedResult made;
  made.key_id = "id";
  made.signature = "signature";
  made.sha256 = Sha256("file");
  made.receipt = {.statement = "receipt", .key_id = "r", .signature = "s"};
  pb::SignResponse response;
  Encode({made, signing::Outcome(signing::Refuse("S-04", "another document"))}, response);
  ASSERT_EQ(response.outcomes_size(), 2);
  EXPECT_EQ(response.outcomes(0).signed_().key_id(), "id");
  EXPECT_EQ(response.outcomes(0).signed_().signature(), "signature");
  EXPECT_EQ(response.outcomes(0).signed_().sha256(), std::string(Sha256("file").Bytes()));
  EXPECT_EQ(response.outcomes(0).signed_().receipt().statement(), "receipt");
  EXPECT_EQ(response.outcomes(0).signed_().receipt().key_id(), "r");
  EXPECT_EQ(response.outcomes(0).signed_().receipt().signature(), "s");
  EXPECT_FALSE(response.outcomes(0).has_refusal());
  EXPECT_EQ(response.outcomes(1).refusal().rule(), "S-04");
  EXPECT_THAT(response.outcomes(1).refusal().message(), HasSubstr("another document"));
  EXPECT_FALSE(response.outcomes(1).has_signed_());
}

}  // namespace
}  // namespace rind::online_signer
