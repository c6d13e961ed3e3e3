// A gRPC server over mutual TLS in which every method has its callers.
//
// Promise: there is no plaintext mode and no server without a caller table. The table must name
// every method of every registered service and nothing else, or the server does not start
// (SECURITY.md G-02). A caller is known by the one DNS name in its certificate; a call by anyone
// else ends with PERMISSION_DENIED before a handler runs. A call without a deadline is refused.
// Health is served to every certificate of the CA. Renewed certificate files are picked up without
// a restart (G-03). Threading: thread-safe after Start().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/status.h"

namespace grpc {
class Service;
class ServerContextBase;
}  // namespace grpc

namespace rind::rpc {

struct TlsFiles {
  std::string ca;           // PEM, the internal CA
  std::string certificate;  // PEM, with exactly one DNS name
  std::string key;          // PEM
};

// The one DNS name of the certificate. Checks on the way that the three files can be read and
// belong together: NotFound, InvalidArgument (which file, what is wrong with it).
StatusOr<std::string> IdentityOf(const TlsFiles& tls);

// "/rind.signer.v1.Signer/Sign" -> who may call it.
using CallerTable = std::map<std::string, std::set<std::string>>;

// A service and its full name: {&signer, rind::signer::v1::Signer::service_full_name()}.
struct Hosted {
  grpc::Service* service = nullptr;
  std::string name;
};

// "/package.Service/Method" of each method of the services; InvalidArgument for an unknown service.
StatusOr<std::vector<std::string>> MethodsOf(const std::vector<std::string>& services);

struct ServerOptions {
  // "127.0.0.1:7101"; port 0: one that is free. Several, with commas between them, when a container
  // serves on some of its networks only: "manager.ingest:7210,manager.manage:7210".
  std::string listen;
  TlsFiles tls;
  CallerTable callers;
  int max_message_bytes = 4 * 1024 * 1024;
  int max_threads = 16;
  absl::Duration longest_call = absl::Minutes(10);
};

class Server {
 public:
  // `services` must outlive the server. InvalidArgument names each method that the table lacks or
  // that no service has.
  static StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                 const std::vector<Hosted>& services);
  virtual ~Server() = default;
  virtual int port() const = 0;  // of the first address
  // What the health service answers; false at first.
  virtual void SetServing(bool serving) = 0;
  // NOT_SERVING, then no new calls, then at most `grace` for those that run.
  virtual void Stop(absl::Duration grace) = 0;
};

// The identity of the caller of a running handler; "" never reaches a handler.
std::string CallerOf(const grpc::ServerContextBase& context);

}  // namespace rind::rpc
