#include "common/rpc/handler.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include "common/base/clock.h"
#include "common/base/hex.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/transport.h"

namespace rind::rpc {
namespace {

constexpr std::size_t kMaxRequestIdBytes = 64;

bool IsGoodId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-';
         });
}

// The caller's id when it is harmless to log, else a new one.
std::string RequestIdOf(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(kRequestIdKey);
  if (found != metadata.end()) {
    const std::string_view id(found->second.data(), found->second.size());
    if (IsGoodId(id)) return std::string(id);
  }
  SystemRandom random;
  return ToHex(random.Bytes(8));
}

}  // namespace

std::string CallerOf(const grpc::ServerContextBase& context) {
  const auto names = context.auth_context()->FindPropertyValues(GRPC_PEER_DNS_PROPERTY_NAME);
  return names.size() == 1 ? std::string(names[0].data(), names[0].size()) : "";
}

absl::Duration TimeLeft(const grpc::ServerContextBase& context) {
  return absl::FromChrono(context.deadline()) - SystemClock().Now();
}

grpc::Status Handle(const grpc::ServerContextBase& context, const std::function<Status()>& body,
                    std::string_view method) {
  const RequestIdScope scope(RequestIdOf(context));
  const SystemClock clock;
  const absl::Time start = clock.Now();
  const Status status = body();
  if (!status.ok()) {
    LogWarning(Cat(method, " failed"),
               {{"caller", CallerOf(context)},
                {"code", std::string(CodeName(status.code()))},
                {"error", std::string(MessageOf(status))},
                {"milliseconds", Cat(absl::ToInt64Milliseconds(clock.Now() - start))}});
  }
  return ToGrpc(status);
}

}  // namespace rind::rpc
