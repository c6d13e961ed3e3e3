#include "services/offline_signer/ceremony_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/text.h"
#include "common/rpc/handler.h"
#include "services/offline_signer/signer_config.h"

namespace rind::offline_signer {
namespace {

namespace pb = rind::ceremony::v1;

pb::ProposalState Encode(ProposalState state) {
  switch (state) {
    case ProposalState::kWaiting:
      return pb::PROPOSAL_STATE_WAITING;
    case ProposalState::kApproved:
      return pb::PROPOSAL_STATE_APPROVED;
    case ProposalState::kRefused:
      return pb::PROPOSAL_STATE_REFUSED;
  }
  return pb::PROPOSAL_STATE_UNSPECIFIED;
}

StatusOr<std::vector<signing::Proposal>> Decode(const pb::ProposeRequest& request) {
  std::vector<signing::Proposal> documents;
  for (const pb::Proposed& in : request.documents()) {
    auto role = tuf::RoleName::Parse(in.role());
    if (!role.ok()) return Annotate(role.status(), Cat("document ", documents.size(), ": role"));
    signing::Proposal document = {.role = *std::move(role),
                                  .proposed = in.signed_(),
                                  .previous = in.previous(),
                                  .vouched = {},
                                  .authorisations = {},
                                  .receipts = {},
                                  .files = {}};
    for (const auto& authorisation : in.authorisations()) {
      signing::SuppliedAuthorisation supplied = {authorisation.statement(), {}};
      for (const auto& signature : authorisation.signatures()) {
        supplied.signatures.push_back({signature.key_id(), signature.signature()});
      }
      document.authorisations.push_back(std::move(supplied));
    }
    documents.push_back(std::move(document));
  }
  return documents;
}

}  // namespace

grpc::Status CeremonyService::Propose(grpc::ServerContext* context,
                                      const pb::ProposeRequest* request,
                                      pb::ProposeResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(auto documents, Decode(*request));
    RIND_ASSIGN_OR_RETURN(
        const LaidProposal laid,
        desk_.Propose(request->repository_id(), absl::FromUnixSeconds(request->manager_time()),
                      request->reason(), std::move(documents)));
    response->set_proposal_id(laid.id);
    response->set_digest(std::string(laid.digest.Bytes()));
    response->set_state(Encode(laid.state));
    return OkStatus();
  });
}

grpc::Status CeremonyService::GetProposal(grpc::ServerContext* context,
                                          const pb::GetProposalRequest* request,
                                          pb::GetProposalResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const LaidProposal laid, desk_.Fetch(request->proposal_id()));
    response->set_state(Encode(laid.state));
    for (std::size_t i = 0; i < laid.signatures.size(); ++i) {
      pb::ProposalSignature& signature = *response->add_signatures();
      signature.set_role(laid.documents[i].role.text());
      signature.set_key_id(laid.signatures[i].key_id);
      signature.set_signature(laid.signatures[i].signature);
    }
    if (laid.state != ProposalState::kRefused) return OkStatus();
    response->mutable_refusal()->set_rule(laid.rule);
    response->mutable_refusal()->set_message(laid.message);
    return OkStatus();
  });
}

grpc::Status CeremonyService::GetState(grpc::ServerContext* context,
                                       const pb::GetStateRequest* /*request*/,
                                       pb::GetStateResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    const signing::Policy& policy = session_.policy();
    response->set_repository_id(policy.repository);
    for (const auto& [role, key] : policy.own_keys) {
      auto& keys = *response->add_keys();
      keys.set_role(role);
      keys.set_threshold(1);
      auto& encoded = *keys.add_keys();
      encoded.set_key_type(tuf::Key::Of(key).key_type);
      encoded.set_scheme(std::string(SchemeName(key.scheme())));
      encoded.set_material(key.material());
    }
    for (const auto& [role, last] : session_.State(KeyRoles()).roles) {
      auto& memory = *response->add_roles();
      memory.set_role(role);
      memory.set_version(last.version);
    }
    response->set_demo_bootstrap(desk_.DemoBootstrap());
    if (policy.claims_officer.has_value()) {
      response->set_claims_officer_key(policy.claims_officer->material());
    }
    return OkStatus();
  });
}

}  // namespace rind::offline_signer
