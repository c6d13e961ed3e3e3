// The service as the manager sees it, over a real desk and session, without the transport's TLS.
#include "services/offline_signer/ceremony_service.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/signing/signing_test_world.h"
#include "services/offline_signer/review.h"

namespace rind::offline_signer {
namespace {

namespace pb = rind::ceremony::v1;
using signing::Proposal;
using ::testing::HasSubstr;

class CeremonyServiceTest : public signing::World {
 protected:
  void SetUp() override {
    World::SetUp();
    session_ = *Open(signing::SignerKind::kOffline);
    desk_ = std::make_unique<ProposalDesk>(*session_, clock_, /*demo_bootstrap=*/false);
    service_ = std::make_unique<CeremonyService>(*desk_, *session_);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    stub_ = pb::Ceremony::NewStub(server_->InProcessChannel({}));
  }
  void TearDown() override {
    stub_.reset();
    server_->Shutdown();
    World::TearDown();
  }

  // Version 1 of claimed is signed; the request is for version 2, with a project that is new in it.
  pb::ProposeRequest GoodRequest() {
    const Proposal first = Claims("claimed", 1, {});
    EXPECT_TRUE(AskOne(*session_, first).ok());
    const Proposal second = Claims("claimed", 2, {Claimed("six", {&developer_})}, &first);
    pb::ProposeRequest request;
    request.set_repository_id(signing::kRepository);
    request.set_manager_time(absl::ToUnixSeconds(now()));
    request.set_reason("promote six");
    pb::Proposed& document = *request.add_documents();
    document.set_role("claimed");
    document.set_signed_(second.proposed);
    document.set_previous(second.previous);
    const auto supplied = Authorise(officer_, "six", {&developer_});
    auto& authorisation = *document.add_authorisations();
    authorisation.set_statement(supplied.statement);
    for (const auto& signature : supplied.signatures) {
      auto& out = *authorisation.add_signatures();
      out.set_key_id(signature.key_id);
      out.set_signature(signature.bytes);
    }
    return request;
  }
  grpc::Status Propose(const pb::ProposeRequest& request, pb::ProposeResponse& response) {
    grpc::ClientContext context;
    return stub_->Propose(&context, request, &response);
  }
  grpc::Status Get(const std::string& id, pb::GetProposalResponse& response) {
    grpc::ClientContext context;
    pb::GetProposalRequest request;
    request.set_proposal_id(id);
    return stub_->GetProposal(&context, request, &response);
  }

  std::unique_ptr<signing::SigningSession> session_;
  std::unique_ptr<ProposalDesk> desk_;
  std::unique_ptr<CeremonyService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<pb::Ceremony::Stub> stub_;
};

TEST_F(CeremonyServiceTest, S01TheSignatureIsOverExactlyTheBytesThatAPersonApproved) {
  const pb::ProposeRequest request = GoodRequest();
  pb::ProposeResponse laid;
  const grpc::Status status = Propose(request, laid);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(laid.state(), pb::PROPOSAL_STATE_WAITING);
  const auto digest = Sha256Digest::FromBytes(laid.digest());
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(laid.proposal_id(), digest->Hex().substr(0, 16));
  EXPECT_EQ(*digest, *DigestOf(signing::kRepository, "promote six",
                               {Document("claimed", request.documents(0).signed_())}));

  pb::GetProposalResponse waiting;
  ASSERT_TRUE(Get(laid.proposal_id(), waiting).ok());
  EXPECT_EQ(waiting.state(), pb::PROPOSAL_STATE_WAITING);
  EXPECT_EQ(waiting.signatures_size(), 0);
  EXPECT_FALSE(waiting.has_refusal());

  ASSERT_TRUE(desk_->Approve(laid.proposal_id(), *digest).ok());
  pb::GetProposalResponse done;
  ASSERT_TRUE(Get(laid.proposal_id(), done).ok());
  EXPECT_EQ(done.state(), pb::PROPOSAL_STATE_APPROVED);
  ASSERT_EQ(done.signatures_size(), 1);
  const PublicKey key = OwnKey(signing::SignerKind::kOffline, "claimed");
  EXPECT_EQ(done.signatures(0).role(), "claimed");
  EXPECT_EQ(done.signatures(0).key_id(), tuf::KeyId::Of(key).text());
  EXPECT_TRUE(key.Verify(request.documents(0).signed_(), done.signatures(0).signature()).ok());

  pb::ProposeResponse again;
  ASSERT_TRUE(Propose(request, again).ok());
  EXPECT_EQ(again.proposal_id(), laid.proposal_id());
  EXPECT_EQ(again.state(), pb::PROPOSAL_STATE_APPROVED);
}

TEST_F(CeremonyServiceTest, EachFieldThatIsWrongOrMissingIsRefusedByName) {
  const pb::ProposeRequest good = GoodRequest();
  struct Case {
    std::string_view name;
    std::function<void(pb::ProposeRequest&)> spoil;
    std::string_view rule;  // "": INVALID_ARGUMENT
    std::string_view says;
  };
  const auto document = [](pb::ProposeRequest & r) -> auto& { return *r.mutable_documents(0); };
  const auto claim = [&](pb::ProposeRequest & r) -> auto& {
    return *document(r).mutable_authorisations(0);
  };
  const auto officer = [&](pb::ProposeRequest & r) -> auto& {
    return *claim(r).mutable_signatures(0);
  };
  const auto developer = [&](pb::ProposeRequest & r) -> auto& {
    return *claim(r).mutable_signatures(1);
  };
  const auto flip = [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; };
  const Case cases[] = {
      {"no repository", [](auto& r) { r.clear_repository_id(); }, "S-09", "repository ''"},
      {"repository", [](auto& r) { r.set_repository_id("other"); }, "S-09", "repository 'other'"},
      {"no time", [](auto& r) { r.clear_manager_time(); }, "S-03", "the manager says it is 1970"},
      {"late", [](auto& r) { r.set_manager_time(r.manager_time() + 61); }, "S-03", "the manager"},
      {"reason", [](auto& r) { r.set_reason(std::string(501, 'r')); }, "", "reason: wanted"},
      {"no documents", [](auto& r) { r.clear_documents(); }, "", "0 documents"},
      {"documents",
       [](auto& r) {
         for (int i = 0; i < 64; ++i) *r.add_documents() = r.documents(0);
       },
       "", "65 documents"},
      {"twice", [](auto& r) { *r.add_documents() = r.documents(0); }, "S-04", "twice"},
      {"no role", [&](auto& r) { document(r).clear_role(); }, "", "document 0: role"},
      {"role", [&](auto& r) { document(r).set_role("bin-3"); }, "S-01", "bin-3"},
      {"another role", [&](auto& r) { document(r).set_role("targets"); }, "S-02", "targets v2"},
      {"no document", [&](auto& r) { document(r).clear_signed_(); }, "", "claimed: signed"},
      {"cut", [&](auto& r) { document(r).mutable_signed_()->pop_back(); }, "", "claimed: signed"},
      {"no previous", [&](auto& r) { document(r).clear_previous(); }, "S-02", "previous document"},
      {"previous", [&](auto& r) { document(r).set_previous("{}"); }, "P-05", "previous"},
      {"no claim", [&](auto& r) { document(r).clear_authorisations(); }, "S-08",
       "no authorisation"},
      {"no statement", [&](auto& r) { claim(r).clear_statement(); }, "S-08", "six"},
      {"statement", [&](auto& r) { flip(*claim(r).mutable_statement()); }, "S-08", "six"},
      {"unsigned", [&](auto& r) { claim(r).clear_signatures(); }, "S-08", "not signed by"},
      {"no officer", [&](auto& r) { officer(r).clear_key_id(); }, "S-08", "not signed by the"},
      {"officer", [&](auto& r) { flip(*officer(r).mutable_signature()); }, "S-08", "six"},
      {"no possession", [&](auto& r) { developer(r).clear_signature(); }, "S-08", "six"},
      {"possession", [&](auto& r) { flip(*developer(r).mutable_signature()); }, "S-08", "six"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    pb::ProposeRequest request = good;
    one.spoil(request);
    pb::ProposeResponse laid;
    const grpc::Status status = Propose(request, laid);
    if (one.rule.empty()) {
      EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
      EXPECT_THAT(status.error_message(), HasSubstr(std::string(one.says)));
      continue;
    }
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(laid.state(), pb::PROPOSAL_STATE_REFUSED);
    pb::GetProposalResponse told;
    ASSERT_TRUE(Get(laid.proposal_id(), told).ok());
    EXPECT_EQ(told.state(), pb::PROPOSAL_STATE_REFUSED);
    EXPECT_EQ(told.refusal().rule(), one.rule);
    EXPECT_THAT(told.refusal().message(), HasSubstr(std::string(one.says)));
    EXPECT_EQ(told.signatures_size(), 0);
  }
  EXPECT_EQ(desk_->Pending(), "nothing waits\n") << "what is refused is not for a person to judge";
}

// Whatever arrives: nothing is signed by itself, and a digest stands for one set of documents.
TEST_F(CeremonyServiceTest, NoFlippedBitOfARequestIsSignedOrPassesForTheGoodOne) {
  const pb::ProposeRequest good = GoodRequest();
  const std::string bytes = good.SerializeAsString();
  const Sha256Digest digest = *DigestOf(good.repository_id(), good.reason(),
                                        {Document("claimed", good.documents(0).signed_())});
  constexpr std::size_t kStride = 7;  // every bit of a byte has its turn; each answer is synced
  int sent = 0;
  for (std::size_t i = 0; i < bytes.size() * 8; i += kStride) {
    std::string flipped = bytes;
    flipped[i / 8] =
        static_cast<char>(static_cast<unsigned char>(flipped[i / 8]) ^ (1U << (i % 8)));
    pb::ProposeRequest request;
    if (!request.ParseFromString(flipped)) continue;
    request.DiscardUnknownFields();
    ++sent;
    pb::ProposeResponse laid;
    if (!Propose(request, laid).ok()) continue;
    // One flip makes the previous document the proposed one: a repeat of what is signed already.
    const bool repeat = request.documents_size() == 1 &&
                        request.documents(0).signed_() == good.documents(0).previous();
    ASSERT_EQ(laid.state() == pb::PROPOSAL_STATE_APPROVED, repeat) << "bit " << i;
    if (laid.digest() != std::string(digest.Bytes())) continue;
    ASSERT_EQ(request.documents_size(), 1) << "bit " << i;
    EXPECT_EQ(request.documents(0).role(), "claimed") << "bit " << i;
    EXPECT_EQ(request.documents(0).signed_(), good.documents(0).signed_()) << "bit " << i;
    EXPECT_EQ(request.repository_id(), good.repository_id()) << "bit " << i;
    EXPECT_EQ(request.reason(), good.reason()) << "bit " << i;
  }
  EXPECT_GT(sent, 500);
  EXPECT_EQ(session_->State({"claimed"}).roles.at("claimed").version, 1);
}

TEST_F(CeremonyServiceTest, AnUnknownProposalIsNotFound) {
  for (const std::string id : {"", "0123456789abcdef", "../../etc"}) {
    pb::GetProposalResponse response;
    EXPECT_EQ(Get(id, response).error_code(), grpc::StatusCode::NOT_FOUND) << id;
  }
}

TEST_F(CeremonyServiceTest, StateHasKeysVersionsAndTheOfficer) {
  (void)GoodRequest();
  grpc::ClientContext context;
  pb::GetStateResponse state;
  ASSERT_TRUE(stub_->GetState(&context, {}, &state).ok());
  EXPECT_EQ(state.repository_id(), signing::kRepository);
  EXPECT_FALSE(state.demo_bootstrap());
  EXPECT_EQ(state.claims_officer_key(), officer_.public_key().material());
  ASSERT_EQ(state.roles_size(), 1);
  EXPECT_EQ(state.roles(0).role(), "claimed");
  EXPECT_EQ(state.roles(0).version(), 1);
  ASSERT_EQ(state.keys_size(), 4);
  for (const auto& role : state.keys()) {
    EXPECT_EQ(role.threshold(), 1u);
    ASSERT_EQ(role.keys_size(), 1);
    EXPECT_EQ(role.keys(0).material(),
              OwnKey(signing::SignerKind::kOffline, role.role()).material());
  }
}

}  // namespace
}  // namespace rind::offline_signer
