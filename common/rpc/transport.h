// TLS for both ends of a call, inside rpc/ only.
//
// Promise: certificates are demanded and checked on both sides, files are read again when they
// change, and no connection below TLS 1.3 comes about. Threading: thread-safe.
#pragma once

#include <memory>
#include <string>

#include "common/rpc/server.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace rind::rpc {

// Metadata key of the id that joins the log lines of one request.
inline constexpr char kRequestIdKey[] = "x-rind-request-id";

// Once per process, before gRPC starts: cipher suites and log lines.
void SetUpTransport();

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const TlsFiles& tls);
// Accepts only a peer whose certificate has `peer` as its one name.
std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const TlsFiles& tls,
                                                                 const std::string& peer);

}  // namespace rind::rpc
