#include "services/gateway/service.h"

#include <utility>

#include "common/base/text.h"
#include "services/gateway/gateway.h"
#include "services/gateway/settings.h"

namespace rind::gateway {
namespace {

class GatewayService final : public runtime::Service {
 public:
  GatewayService(std::unique_ptr<Gateway> gateway, std::string url)
      : gateway_(std::move(gateway)), url_(std::move(url)) {}
  std::string ReadyLine() const override { return Cat("READY  pip index: ", url_, "simple/"); }
  void Stop(absl::Duration grace) override { gateway_->Stop(grace); }

 private:
  std::unique_ptr<Gateway> gateway_;
  const std::string url_;  // ends with "/"
};

StatusOr<std::unique_ptr<runtime::Service>> Build(runtime::Config& config,
                                                  const runtime::Environment& environment) {
  RIND_ASSIGN_OR_RETURN(Settings settings, ReadSettings(config));
  const std::string host = settings.HostInUrl();
  std::string url = settings.public_url;
  RIND_ASSIGN_OR_RETURN(std::unique_ptr<Gateway> gateway,
                        Gateway::Start(settings, environment.files, environment.clock));
  if (url.empty()) url = Cat("http://", host, ":", gateway->port(), "/");
  return std::make_unique<GatewayService>(std::move(gateway), std::move(url));
}

Status Health(runtime::Config& config, const runtime::Environment&) { return AskHealth(config); }

}  // namespace

runtime::ServiceSpec Spec() {
  runtime::ServiceSpec spec;
  spec.name = "gateway";
  spec.description = "pip's and uv's index: hands on only what verifies";
  spec.build = &Build;
  spec.health = &Health;
  return spec;
}

}  // namespace rind::gateway
