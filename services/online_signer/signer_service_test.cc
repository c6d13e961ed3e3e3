// The service as a caller sees it, over a real session, without the transport's TLS.
#include "services/online_signer/signer_service.h"

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/signing/signing_test_world.h"
#include "common/tuf/json/decode.h"

namespace rind::online_signer {
namespace {

namespace pb = rind::signer::v1;
using signing::Proposal;
using ::testing::HasSubstr;

constexpr char kFile[] = "files/six/six-1.0.whl";

class SignerServiceTest : public signing::World {
 protected:
  void SetUp() override {
    World::SetUp();
    auto parts = Parts(signing::SignerKind::kContent);
    parts.receipts = *evidence::StatementKey::Generate(random_);
    receipt_key_ = parts.receipts->public_key();
    auto session = OpenWith(signing::SignerKind::kContent, std::move(parts));
    ASSERT_TRUE(session.ok()) << session.status();
    session_ = *std::move(session);
    service_ = std::make_unique<SignerService>(*session_, receipt_key_);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    stub_ = pb::Signer::NewStub(server_->InProcessChannel({}));
  }
  void TearDown() override {
    stub_.reset();
    server_->Shutdown();
    World::TearDown();
  }

  grpc::Status Sign(const pb::SignRequest& request, pb::SignResponse& response) {
    grpc::ClientContext context;
    return stub_->Sign(&context, request, &response);
  }
  pb::SignRequest RequestOf(const Proposal& proposal) const {
    pb::SignRequest request;
    request.set_repository_id(signing::kRepository);
    request.set_manager_time(absl::ToUnixSeconds(now()));
    pb::Document& document = *request.add_documents();
    document.set_role(proposal.role.text());
    document.set_signed_(proposal.proposed);
    document.set_previous(proposal.previous);
    for (const auto& supplied : proposal.vouched) {
      auto& vouched = *document.add_vouched();
      vouched.mutable_evidence()->set_statement(supplied.evidence.statement);
      vouched.mutable_evidence()->set_key_id(supplied.evidence.key_id);
      vouched.mutable_evidence()->set_signature(supplied.evidence.signature);
      for (const auto& leaf : supplied.targets) {
        auto& target = *vouched.add_targets();
        target.mutable_target()->set_path(leaf.target.path.text());
        target.mutable_target()->set_length(leaf.target.length);
        target.mutable_target()->set_sha256(std::string(leaf.target.sha256.Bytes()));
        target.set_index(leaf.index);
        for (const auto& node : leaf.path) target.add_path(std::string(node.Bytes()));
      }
    }
    return request;
  }
  // Version 1 of a bin is signed; the request is for version 2, with a file that is new in it.
  pb::SignRequest GoodRequest() {
    const Proposal first = Bin(BinOf(kFile), 1, {});
    EXPECT_TRUE(AskOne(*session_, first).ok());
    Proposal second = Bin(BinOf(kFile), 2, {{kFile, Entry(Target(kFile, "wheel"))}}, &first);
    second.vouched = {Vouch(syncer_, {Target("files/six/a.zip", "a"), Target(kFile, "wheel")})};
    // Only what the bin needs, with the way to it.
    std::erase_if(second.vouched[0].targets,
                  [](const auto& leaf) { return leaf.target.path.text() != kFile; });
    return RequestOf(second);
  }

  // As given where it can't be read.
  static std::string WithoutExpiry(const std::string& canonical) {
    auto targets = tuf::DecodeCanonicalTargets(canonical);
    if (!targets.ok()) return canonical;
    targets->header.expires = absl::UnixEpoch();
    return tuf::EncodeCanonical(*targets);
  }

  std::optional<PublicKey> receipt_key_;
  std::unique_ptr<signing::SigningSession> session_;
  std::unique_ptr<SignerService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<pb::Signer::Stub> stub_;
};

TEST_F(SignerServiceTest, S12TheAnswerIsOverExactlyTheBytesThatWereJudged) {
  const pb::SignRequest request = GoodRequest();
  pb::SignResponse response;
  const grpc::Status status = Sign(request, response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.outcomes_size(), 1);
  ASSERT_TRUE(response.outcomes(0).has_signed_()) << response.outcomes(0).refusal().message();
  const pb::Signed& made = response.outcomes(0).signed_();
  const PublicKey key = OwnKey(signing::SignerKind::kContent, "bins");
  EXPECT_EQ(made.key_id(), tuf::KeyId::Of(key).text());
  EXPECT_TRUE(key.Verify(request.documents(0).signed_(), made.signature()).ok());
  const std::string file = tuf::EncodeEnvelope(request.documents(0).signed_(),
                                               {{tuf::KeyId::Of(key), made.signature()}});
  EXPECT_EQ(made.sha256(), std::string(Sha256(file).Bytes()));
  ASSERT_TRUE(evidence::VerifyStatement(*receipt_key_, made.receipt().statement(),
                                        made.receipt().signature())
                  .ok());
  const auto receipt = evidence::DecodeReceipt(made.receipt().statement());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->repository, signing::kRepository);
  EXPECT_EQ(receipt->role.text(), request.documents(0).role());
  EXPECT_EQ(receipt->version.value(), 2);
  EXPECT_EQ(receipt->sha256, Sha256(file));
  EXPECT_EQ(receipt->length, file.size());
}

TEST_F(SignerServiceTest, EachFieldThatIsWrongOrMissingIsRefusedByName) {
  const pb::SignRequest good = GoodRequest();
  struct Case {
    std::string_view name;
    std::function<void(pb::SignRequest&)> spoil;
    std::string_view rule;  // "": INVALID_ARGUMENT
    std::string_view says;
  };
  const auto document = [](pb::SignRequest& r) -> pb::Document& { return *r.mutable_documents(0); };
  const auto evidence = [&](pb::SignRequest & r) -> auto& {
    return *document(r).mutable_vouched(0)->mutable_evidence();
  };
  const auto leaf = [&](pb::SignRequest & r) -> auto& {
    return *document(r).mutable_vouched(0)->mutable_targets(0);
  };
  const auto flip = [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; };
  const Case cases[] = {
      {"no repository", [](auto& r) { r.clear_repository_id(); }, "S-09", "repository ''"},
      {"repository", [](auto& r) { r.set_repository_id("other"); }, "S-09", "repository 'other'"},
      {"no time", [](auto& r) { r.clear_manager_time(); }, "S-03", "the manager says it is 1970"},
      {"early", [](auto& r) { r.set_manager_time(r.manager_time() - 61); }, "S-03", "the manager"},
      {"late", [](auto& r) { r.set_manager_time(r.manager_time() + 61); }, "S-03", "the manager"},
      {"end of time", [](auto& r) { r.set_manager_time(INT64_MAX); }, "S-03", "the manager"},
      {"no role", [&](auto& r) { document(r).clear_role(); }, "", "document 0 (): role"},
      {"role", [&](auto& r) { document(r).set_role("snapshot"); }, "S-01", "snapshot"},
      {"no document", [&](auto& r) { document(r).clear_signed_(); }, "P-05", "bin-"},
      {"space after", [&](auto& r) { document(r).mutable_signed_()->push_back(' '); }, "P-05",
       "bin-"},
      {"cut", [&](auto& r) { document(r).mutable_signed_()->pop_back(); }, "P-05", "bin-"},
      {"no previous", [&](auto& r) { document(r).clear_previous(); }, "S-02", "previous document"},
      {"previous", [&](auto& r) { document(r).set_previous("{}"); }, "P-05", "previous"},
      {"other previous", [&](auto& r) { document(r).set_previous(r.documents(0).signed_()); },
       "S-02", "previous document"},
      {"no evidence", [&](auto& r) { document(r).clear_vouched(); }, "S-06", "by 0 syncers"},
      {"no statement", [&](auto& r) { evidence(r).clear_statement(); }, "S-06", "bin-"},
      {"statement", [&](auto& r) { flip(*evidence(r).mutable_statement()); }, "S-06", "bin-"},
      {"no key", [&](auto& r) { evidence(r).clear_key_id(); }, "S-06", "evidence by key"},
      {"key", [&](auto& r) { flip(*evidence(r).mutable_key_id()); }, "S-06", "evidence by key"},
      {"no signature", [&](auto& r) { evidence(r).clear_signature(); }, "S-06", "bin-"},
      {"signature", [&](auto& r) { flip(*evidence(r).mutable_signature()); }, "S-06", "bin-"},
      {"no target", [&](auto& r) { leaf(r).clear_target(); }, "", "targets[0]: target.path"},
      {"path", [&](auto& r) { leaf(r).mutable_target()->set_path("files/six/b"); }, "S-06", "bin-"},
      {"length", [&](auto& r) { leaf(r).mutable_target()->set_length(6); }, "S-06", "bin-"},
      {"no hash", [&](auto& r) { leaf(r).mutable_target()->clear_sha256(); }, "",
       "targets[0]: target.sha256"},
      {"hash", [&](auto& r) { flip(*leaf(r).mutable_target()->mutable_sha256()); }, "S-06", "bin-"},
      {"index", [&](auto& r) { leaf(r).set_index(0); }, "S-06", "bin-"},
      {"no way", [&](auto& r) { leaf(r).clear_path(); }, "S-06", "bin-"},
      {"way", [&](auto& r) { flip(*leaf(r).mutable_path(0)); }, "S-06", "bin-"},
      {"longer way",
       [&](auto& r) { leaf(r).add_path(r.documents(0).vouched(0).targets(0).path(0)); }, "S-06",
       "bin-"},
      {"file's role", [&](auto& r) { document(r).add_files()->set_bytes("{}"); }, "",
       "files[0].role"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    pb::SignRequest request = good;
    one.spoil(request);
    pb::SignResponse response;
    const grpc::Status status = Sign(request, response);
    if (one.rule.empty()) {
      EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
      EXPECT_THAT(status.error_message(), HasSubstr(std::string(one.says)));
      EXPECT_EQ(response.outcomes_size(), 0);
      continue;
    }
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.outcomes_size(), 1);
    EXPECT_FALSE(response.outcomes(0).has_signed_());
    EXPECT_EQ(response.outcomes(0).refusal().rule(), one.rule);
    EXPECT_THAT(response.outcomes(0).refusal().message(), HasSubstr(std::string(one.says)));
  }
  pb::SignResponse response;
  ASSERT_TRUE(Sign(good, response).ok());
  EXPECT_TRUE(response.outcomes(0).has_signed_()) << "no refusal may have left anything behind";
}

// Whatever arrives: a signature is given for the good request alone.
TEST_F(SignerServiceTest, NoFlippedBitOfARequestIsSigned) {
  const pb::SignRequest good = GoodRequest();
  const std::string bytes = good.SerializeAsString();
  constexpr std::size_t kStride = 7;  // every bit of a byte has its turn; each answer is synced
  int sent = 0;
  for (std::size_t i = 0; i < bytes.size() * 8; i += kStride) {
    std::string flipped = bytes;
    flipped[i / 8] =
        static_cast<char>(static_cast<unsigned char>(flipped[i / 8]) ^ (1U << (i % 8)));
    pb::SignRequest request;
    if (!request.ParseFromString(flipped)) continue;
    // A clock may be a minute off; what a message has beyond our fields is nothing to us.
    request.DiscardUnknownFields();
    const auto off = std::abs(absl::ToDoubleSeconds(absl::FromUnixSeconds(request.manager_time()) -
                                                    absl::FromUnixSeconds(good.manager_time())));
    if (off <= 60) request.set_manager_time(good.manager_time());
    // So is another date within the role's lifetime: the signer bounds it and leaves it to the
    // manager.
    if (request.documents_size() == 1) {
      pb::Document& document = *request.mutable_documents(0);
      if (WithoutExpiry(document.signed_()) == WithoutExpiry(good.documents(0).signed_())) {
        document.set_signed_(good.documents(0).signed_());
      }
    }
    if (request.SerializeAsString() == bytes) continue;
    ++sent;
    pb::SignResponse response;
    if (!Sign(request, response).ok()) continue;
    // One flip makes the previous document the proposed one: a repeat of what is signed already.
    const bool repeat = request.documents_size() == 1 &&
                        request.documents(0).signed_() == good.documents(0).previous();
    for (const pb::Outcome& outcome : response.outcomes()) {
      if (repeat && outcome.has_signed_()) continue;
      ASSERT_FALSE(outcome.has_signed_()) << "bit " << i << ": " << request.ShortDebugString();
      EXPECT_FALSE(outcome.refusal().rule().empty());
      EXPECT_FALSE(outcome.refusal().message().empty());
    }
  }
  EXPECT_GT(sent, 500);
  pb::SignResponse response;
  ASSERT_TRUE(Sign(good, response).ok());
  EXPECT_TRUE(response.outcomes(0).has_signed_()) << response.outcomes(0).refusal().message();
}

TEST_F(SignerServiceTest, ARefusedDocumentDoesNotStopThoseBehindIt) {
  pb::SignRequest request = GoodRequest();
  const pb::Document good = request.documents(0);
  request.mutable_documents(0)->set_role("root");
  *request.add_documents() = good;
  pb::SignResponse response;
  ASSERT_TRUE(Sign(request, response).ok());
  ASSERT_EQ(response.outcomes_size(), 2);
  EXPECT_EQ(response.outcomes(0).refusal().rule(), "S-01");
  EXPECT_TRUE(response.outcomes(1).has_signed_());
}

TEST_F(SignerServiceTest, StateIsWhatTheLedgerRemembers) {
  const pb::SignRequest request = GoodRequest();
  pb::SignRequest refused = request;
  refused.set_repository_id("other");
  pb::SignResponse response;
  ASSERT_TRUE(Sign(refused, response).ok());
  ASSERT_TRUE(Sign(request, response).ok());
  grpc::ClientContext context;
  pb::GetStateRequest ask;
  ask.add_roles(request.documents(0).role());
  ask.add_roles("bin-never");
  pb::GetStateResponse state;
  ASSERT_TRUE(stub_->GetState(&context, ask, &state).ok());
  EXPECT_EQ(state.repository_id(), signing::kRepository);
  ASSERT_EQ(state.roles_size(), 1);
  EXPECT_EQ(state.roles(0).role(), request.documents(0).role());
  EXPECT_EQ(state.roles(0).version(), 2);
  EXPECT_EQ(state.roles(0).sha256(), std::string(Sha256(request.documents(0).signed_()).Bytes()));
  EXPECT_EQ(state.roles(0).expires(), absl::ToUnixSeconds(now() + absl::Hours(24)));
  EXPECT_EQ(state.signed_(), 2u);
  EXPECT_EQ(state.refusals().at("S-09"), 1u);
  std::map<std::string, std::string> keys;
  for (const auto& role : state.keys()) keys[role.role()] = role.keys(0).material();
  EXPECT_EQ(keys, (std::map<std::string, std::string>{
                      {"bins", OwnKey(signing::SignerKind::kContent, "bins").material()},
                      {"recently-claimed",
                       OwnKey(signing::SignerKind::kContent, "recently-claimed").material()},
                      {"receipts", receipt_key_->material()}}));
}

}  // namespace
}  // namespace rind::online_signer
