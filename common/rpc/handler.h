// What every handler of a gRPC service does around its own few lines.
//
//   grpc::Status Sign(grpc::ServerContext* context, const SignRequest* in, SignResponse* out)
//   override {
//     return rpc::Handle(*context, [&]() -> Status {
//       RIND_ASSIGN_OR_RETURN(auto documents, Decode(*in));
//       ...
//       return OkStatus();
//     });
//   }
//
// Promise: takes over the caller's request id (or makes one) for the log lines of this thread, logs
// a failed call once with caller, code and duration, and maps the status so that no local path
// leaves the process (G-07). Deadline and caller were checked before the handler ran. Threading:
// per call.
#pragma once

#include <functional>
#include <string_view>

#include <grpcpp/support/status.h>

#include "absl/time/time.h"
#include "common/base/status.h"

namespace grpc {
class ServerContextBase;
}  // namespace grpc

namespace rind::rpc {

// `method` is its caller's name; clang 14 has no std::source_location.
grpc::Status Handle(const grpc::ServerContextBase& context, const std::function<Status()>& body,
                    std::string_view method = __builtin_FUNCTION());

// What is left of the caller's deadline; never more than the server's longest call.
absl::Duration TimeLeft(const grpc::ServerContextBase& context);

}  // namespace rind::rpc
