#include "services/project_signer/client_settings.h"

#include <cstdlib>
#include <vector>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/runtime/config.h"

namespace rind::project_signer {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

StatusOr<std::string> FindFile() {
  if (std::string named = Variable("RIND_CONFIG"); !named.empty()) return named;
  std::vector<std::string> looked = {".rind/client.toml"};
  if (const std::string home = Variable("HOME"); !home.empty()) {
    looked.push_back(Cat(home, "/.config/rind/client.toml"));
  }
  const LocalFileSystem files;
  for (const std::string& path : looked) {
    if (files.Stat(path).ok()) return path;
  }
  return NotFound(Cat("no client.toml: looked for --config, RIND_CONFIG, ", Join(looked, ", ")));
}

}  // namespace

StatusOr<ClientSettings> LoadClientSettings(std::string file) {
  if (file.empty()) {
    RIND_ASSIGN_OR_RETURN(file, FindFile());
  }
  RIND_ASSIGN_OR_RETURN(runtime::Config config, runtime::Config::Load(file));
  ClientSettings settings;
  settings.tls = config.Tls();
  settings.manager = config.String("services.manager");
  // One file serves `rind` and this tool: what only `rind` uses is read and left.
  config.StringOr("services.syncer", "");
  config.StringOr("services.mirror", "");
  config.StringOr("services.gateway", "");
  config.PathOr("client.bundle", "");
  config.PathOr("client.cache", "");
  RIND_RETURN_IF_ERROR(config.Finish());
  return settings;
}

}  // namespace rind::project_signer
