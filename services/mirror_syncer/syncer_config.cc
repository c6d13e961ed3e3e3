#include "services/mirror_syncer/syncer_config.h"

#include <set>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/http/client.h"

namespace rind::mirror_syncer {
namespace {

// Names may also stand in one string, separated by spaces or commas, as people write them into an
// environment file.
std::vector<pypi::ProjectName> ReadProjects(runtime::Config& config) {
  std::set<pypi::ProjectName> names;
  for (std::string text : config.StringsOr("projects.names", {})) {
    for (char& c : text) {
      if (c == ',') c = ' ';
    }
    for (const std::string& spelling : Split(text, ' ')) {
      if (spelling.empty()) continue;
      auto name = pypi::ProjectName::Parse(spelling);
      if (name.ok()) {
        names.insert(*std::move(name));
      } else {
        config.Problem("projects.names", MessageOf(name.status()));
      }
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace

StatusOr<SyncerConfig> ReadConfig(runtime::Config& config) {
  SyncerConfig read;
  read.listen = config.String("service.listen");
  (void)config.ChoiceOr("service.log", {"text", "json"}, "text");
  read.tls = config.Tls();
  read.callers = config.Callers();
  read.repository = config.String("repository.id");
  read.index = config.String("upstream.index");
  if (const auto url = http::ParseUrl(read.index); !url.ok()) {
    config.Problem("upstream.index", MessageOf(url.status()));
  }
  read.ca_file = config.PathOr("upstream.ca_file", "");
  read.proxy = config.StringOr("upstream.proxy", "");
  if (!read.proxy.empty()) {
    if (const auto url = http::ParseUrl(read.proxy); !url.ok()) {
      config.Problem("upstream.proxy", MessageOf(url.status()));
    }
  }
  read.credentials_file = config.PathOr("upstream.credentials_file", "");
  read.allow_private_addresses = config.BoolOr("upstream.allow_private_addresses", false);
  read.projects = ReadProjects(config);
  read.newest_releases =
      static_cast<int>(config.IntegerOr("projects.newest_releases", 0, 100'000, 3));
  read.every = config.DurationOr("sync.every", absl::ZeroDuration());
  read.parallel = static_cast<int>(config.IntegerOr("sync.parallel", 1, 64, 8));
  read.blobs = config.Path("storage.blobs");
  read.state = config.Path("storage.state");
  read.evidence_key = config.Path("evidence.key");
  read.evidence_public_key = config.PathOr("evidence.public_key_out", "");
  if (read.evidence_public_key.empty()) {
    read.evidence_public_key = JoinPath(ParentPath(read.evidence_key), "evidence.pub");
  }
  read.manager = config.String("manager.address");
  RIND_RETURN_IF_ERROR(config.Finish());
  return read;
}

}  // namespace rind::mirror_syncer
