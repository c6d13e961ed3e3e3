// Channels to other services, over mutual TLS, to a named peer.
//
// Promise: the peer's certificate must carry `peer` as its DNS name, whatever the address. Every
// call has a deadline and the current request id. Threading: channels are thread-safe.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/rpc/server.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace rind::rpc {

struct PeerOptions {
  std::string address;  // "127.0.0.1:7101" or "release-signer:7101"
  std::string peer;     // "release-signer"
  TlsFiles tls;
  int max_message_bytes = 16 * 1024 * 1024;
};

// Unavailable when a TLS file can't be read; connecting happens at the first call.
StatusOr<std::shared_ptr<grpc::Channel>> Connect(const PeerOptions& options);

// Sets deadline and request id; call before each call.
void Prepare(grpc::ClientContext& context, absl::Duration deadline);

// Is the peer serving? (grpc.health.v1)
Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, absl::Duration deadline);

// Both directions of the status mapping. Codes map one to one; a message that crosses a boundary
// holds no local path for INTERNAL and UNKNOWN errors: it is logged here and replaced (G-07).
grpc::Status ToGrpc(const Status& status);
Status FromGrpc(const grpc::Status& status);

}  // namespace rind::rpc
