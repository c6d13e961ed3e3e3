// The signers over gRPC.
//
// Promise: signer.h, to named peers over mutual TLS; every call has a deadline; a batch is cut into
// calls of at most 128 documents and 4 MiB, or of one document. What a signer answers is checked
// for form, nothing else: read-back does the rest. Threading: thread-safe.
#pragma once

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "services/delegation_manager/signers/signer.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace rind::delegation_manager {

// `clock` must outlive the signer.
std::unique_ptr<DocumentSigner> GrpcDocumentSigner(const std::shared_ptr<grpc::Channel>& channel,
                                                   std::string repository, const Clock& clock);
std::unique_ptr<OfflineSigner> GrpcOfflineSigner(const std::shared_ptr<grpc::Channel>& channel,
                                                 std::string repository, const Clock& clock);

}  // namespace rind::delegation_manager
