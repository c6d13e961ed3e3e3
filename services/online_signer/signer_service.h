// rind.signer.v1.Signer over a SigningSession: translates, and nothing else.
//
// Threading: thread-safe; `session` must outlive it.
#pragma once

#include <optional>
#include <string>

#include "common/crypto/public_key.h"
#include "common/signing/signing_session.h"

#include "rind/signer/v1/signer.grpc.pb.h"

namespace rind::online_signer {

class SignerService final : public rind::signer::v1::Signer::Service {
 public:
  SignerService(signing::SigningSession& session, std::optional<PublicKey> receipts)
      : session_(session), receipts_(std::move(receipts)) {}

  grpc::Status Sign(grpc::ServerContext* context, const rind::signer::v1::SignRequest* request,
                    rind::signer::v1::SignResponse* response) override;
  grpc::Status GetState(grpc::ServerContext* context,
                        const rind::signer::v1::GetStateRequest* request,
                        rind::signer::v1::GetStateResponse* response) override;

 private:
  signing::SigningSession& session_;
  const std::optional<PublicKey> receipts_;
};

}  // namespace rind::online_signer
