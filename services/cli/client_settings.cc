#include "services/cli/client_settings.h"

#include "common/runtime/config.h"

namespace rind::cli {
namespace {

std::string WithSlash(std::string url) {
  if (!url.empty() && url.back() != '/') url.push_back('/');
  return url;
}

}  // namespace

StatusOr<ClientSettings> LoadClientSettings(const std::string& file) {
  RIND_ASSIGN_OR_RETURN(runtime::Config config, runtime::Config::Load(file));
  ClientSettings out;
  out.file = file;
  out.tls = config.Tls();
  out.manager = config.String("services.manager");
  out.syncer = config.String("services.syncer");
  out.mirror = WithSlash(config.String("services.mirror"));
  out.gateway = WithSlash(config.StringOr("services.gateway", ""));
  out.bundle = config.Path("client.bundle");
  out.cache = config.Path("client.cache");
  RIND_RETURN_IF_ERROR(config.Finish());
  return out;
}

}  // namespace rind::cli
