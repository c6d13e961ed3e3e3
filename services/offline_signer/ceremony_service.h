// rind.ceremony.v1.Ceremony over the desk: translates, and nothing else.
//
// Threading: thread-safe; `desk` and `session` must outlive it.
#pragma once

#include "common/signing/signing_session.h"
#include "services/offline_signer/proposal_desk.h"

#include "rind/ceremony/v1/ceremony.grpc.pb.h"

namespace rind::offline_signer {

class CeremonyService final : public rind::ceremony::v1::Ceremony::Service {
 public:
  CeremonyService(ProposalDesk& desk, const signing::SigningSession& session)
      : desk_(desk), session_(session) {}

  grpc::Status Propose(grpc::ServerContext* context,
                       const rind::ceremony::v1::ProposeRequest* request,
                       rind::ceremony::v1::ProposeResponse* response) override;
  grpc::Status GetProposal(grpc::ServerContext* context,
                           const rind::ceremony::v1::GetProposalRequest* request,
                           rind::ceremony::v1::GetProposalResponse* response) override;
  grpc::Status GetState(grpc::ServerContext* context,
                        const rind::ceremony::v1::GetStateRequest* request,
                        rind::ceremony::v1::GetStateResponse* response) override;

 private:
  ProposalDesk& desk_;
  const signing::SigningSession& session_;
};

}  // namespace rind::offline_signer
