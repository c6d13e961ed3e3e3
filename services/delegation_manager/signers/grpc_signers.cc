#include "services/delegation_manager/signers/grpc_signers.h"

#include <utility>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "common/base/text.h"
#include "common/rpc/channel.h"
#include "services/delegation_manager/signers/signer_messages.h"

#include "rind/ceremony/v1/ceremony.grpc.pb.h"
#include "rind/signer/v1/signer.grpc.pb.h"

namespace rind::delegation_manager {
namespace {

// A signer takes 512 documents and 16 MiB in one call (signer.proto). It gets fewer: a call lies in
// its memory several times over, and of its two syncs a call these make next to nothing.
constexpr std::size_t kMaxDocuments = 128;
constexpr std::size_t kMaxBytes = 4ULL * 1024 * 1024;
// Documents of 4 MiB take a signer a second at most; a disk that hangs takes it longer.
constexpr absl::Duration kSignDeadline = absl::Minutes(2);
constexpr absl::Duration kAskDeadline = absl::Seconds(5);

class DocumentSignerClient final : public DocumentSigner {
 public:
  DocumentSignerClient(const std::shared_ptr<grpc::Channel>& channel, std::string repository,
                       const Clock& clock)
      : stub_(signer::v1::Signer::NewStub(channel)),
        repository_(std::move(repository)),
        clock_(clock) {}

  StatusOr<std::vector<SignOutcome>> Sign(std::span<const DocumentToSign> documents) override {
    std::vector<SignOutcome> outcomes;
    outcomes.reserve(documents.size());
    signer::v1::SignRequest request;
    std::size_t bytes = 0;
    for (const DocumentToSign& document : documents) {
      signer::v1::Document message;
      ToMessage(document, message);
      const std::size_t size = message.ByteSizeLong();
      const bool full =
          request.documents_size() == static_cast<int>(kMaxDocuments) || bytes + size > kMaxBytes;
      if (full && request.documents_size() > 0) {
        RIND_RETURN_IF_ERROR(Send(request, outcomes));
        request.clear_documents();
        bytes = 0;
      }
      *request.add_documents() = std::move(message);
      bytes += size;
    }
    if (request.documents_size() > 0) RIND_RETURN_IF_ERROR(Send(request, outcomes));
    return outcomes;
  }

  StatusOr<SignerState> GetState(const std::vector<std::string>& roles) override {
    grpc::ClientContext context;
    rpc::Prepare(context, kAskDeadline);
    signer::v1::GetStateRequest request;
    for (const std::string& role : roles) request.add_roles(role);
    signer::v1::GetStateResponse response;
    RIND_RETURN_IF_ERROR(rpc::FromGrpc(stub_->GetState(&context, request, &response)));
    SignerState state;
    state.repository = response.repository_id();
    RIND_ASSIGN_OR_RETURN(state.keys, KeysFrom(response.keys()));
    for (const signer::v1::RoleMemory& role : response.roles()) {
      state.versions[role.role()] = role.version();
    }
    state.refusals.insert(response.refusals().begin(), response.refusals().end());
    return state;
  }

 private:
  Status Send(signer::v1::SignRequest& request, std::vector<SignOutcome>& outcomes) {
    request.set_repository_id(repository_);
    request.set_manager_time(absl::ToUnixSeconds(clock_.Now()));
    grpc::ClientContext context;
    rpc::Prepare(context, kSignDeadline);
    signer::v1::SignResponse response;
    RIND_RETURN_IF_ERROR(rpc::FromGrpc(stub_->Sign(&context, request, &response)));
    if (response.outcomes_size() != request.documents_size()) {
      return Internal(Cat("a signer's answer: ", response.outcomes_size(), " outcomes for ",
                          request.documents_size(), " documents"));
    }
    for (const signer::v1::Outcome& outcome : response.outcomes()) {
      RIND_ASSIGN_OR_RETURN(SignOutcome one, FromMessage(outcome));
      outcomes.push_back(std::move(one));
    }
    return OkStatus();
  }

  const std::unique_ptr<signer::v1::Signer::Stub> stub_;
  const std::string repository_;
  const Clock& clock_;
};

// The offline signer runs for a ceremony only, and a person has perhaps just started it: a call
// waits for it as long as its deadline allows, and then says what is missing.
void PrepareForCeremony(grpc::ClientContext& context) {
  rpc::Prepare(context, kAskDeadline);
  context.set_wait_for_ready(true);
}

Status FromCeremony(const grpc::Status& answer) {
  Status status = rpc::FromGrpc(answer);
  if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
  return Unavailable(
      "the offline-signer does not answer: start it for the ceremony, on its own host, with "
      "`rind-offline-signer serve --config FILE`");
}

class OfflineSignerClient final : public OfflineSigner {
 public:
  OfflineSignerClient(const std::shared_ptr<grpc::Channel>& channel, std::string repository,
                      const Clock& clock)
      : stub_(ceremony::v1::Ceremony::NewStub(channel)),
        repository_(std::move(repository)),
        clock_(clock) {}

  StatusOr<ProposalStatus> Propose(const Proposal& proposal) override {
    ceremony::v1::ProposeRequest request;
    request.set_repository_id(repository_);
    request.set_manager_time(absl::ToUnixSeconds(clock_.Now()));
    request.set_reason(proposal.reason);
    for (const ProposedDocument& document : proposal.documents) {
      ceremony::v1::Proposed& message = *request.add_documents();
      message.set_role(document.role.text());
      message.set_signed_(document.canonical);
      message.set_previous(document.previous);
      for (const SignedClaim& claim : document.authorisations) {
        ToAuthorisation(claim, *message.add_authorisations());
      }
    }
    grpc::ClientContext context;
    PrepareForCeremony(context);
    ceremony::v1::ProposeResponse response;
    RIND_RETURN_IF_ERROR(FromCeremony(stub_->Propose(&context, request, &response)));
    return GetProposal(response.proposal_id());
  }

  StatusOr<ProposalStatus> GetProposal(const std::string& id) override {
    ceremony::v1::GetProposalRequest request;
    request.set_proposal_id(id);
    grpc::ClientContext context;
    PrepareForCeremony(context);
    ceremony::v1::GetProposalResponse response;
    RIND_RETURN_IF_ERROR(FromCeremony(stub_->GetProposal(&context, request, &response)));
    return FromMessage(response, id);
  }

  StatusOr<OfflineState> GetState() override {
    grpc::ClientContext context;
    PrepareForCeremony(context);
    ceremony::v1::GetStateResponse response;
    RIND_RETURN_IF_ERROR(
        FromCeremony(stub_->GetState(&context, ceremony::v1::GetStateRequest(), &response)));
    OfflineState state;
    state.repository = response.repository_id();
    RIND_ASSIGN_OR_RETURN(state.keys, KeysFrom(response.keys()));
    for (const ceremony::v1::OfflineRole& role : response.roles()) {
      state.versions[role.role()] = role.version();
    }
    state.demo_bootstrap = response.demo_bootstrap();
    state.claims_officer_key = response.claims_officer_key();
    return state;
  }

 private:
  const std::unique_ptr<ceremony::v1::Ceremony::Stub> stub_;
  const std::string repository_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<DocumentSigner> GrpcDocumentSigner(const std::shared_ptr<grpc::Channel>& channel,
                                                   std::string repository, const Clock& clock) {
  return std::make_unique<DocumentSignerClient>(channel, std::move(repository), clock);
}

std::unique_ptr<OfflineSigner> GrpcOfflineSigner(const std::shared_ptr<grpc::Channel>& channel,
                                                 std::string repository, const Clock& clock) {
  return std::make_unique<OfflineSignerClient>(channel, std::move(repository), clock);
}

}  // namespace rind::delegation_manager
