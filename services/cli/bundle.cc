#include "services/cli/bundle.h"

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/tuf/model/limits.h"
#include "services/cli/json_output.h"

namespace rind::cli {
namespace {

constexpr std::uint64_t kMaxSettingsBytes = 64ULL * 1024;

}  // namespace

Status WriteBundle(FileSystem& files, const std::string& folder, const Bundle& bundle) {
  if (Sha256(bundle.root).Hex() != bundle.root_sha256) {
    return FailedPrecondition(Cat("bundle: the root has sha256 ", Sha256(bundle.root).Hex(),
                                  ", announced was ", bundle.root_sha256));
  }
  const std::string settings = JsonValue::Object()
                                   .Set("mirror", bundle.mirror)
                                   .Set("repository", bundle.repository)
                                   .Set("root_sha256", bundle.root_sha256)
                                   .Text();
  // A bundle holds nothing secret: others on this machine may start from it.
  RIND_RETURN_IF_ERROR(files.MakeDirectories(folder, 0755));
  RIND_RETURN_IF_ERROR(files.Replace(JoinPath(folder, "root.json"), bundle.root, 0644));
  return files.Replace(JoinPath(folder, "settings.json"), Cat(settings, "\n"), 0644);
}

StatusOr<Bundle> ReadBundle(const FileReader& files, const std::string& folder) {
  const std::string path = JoinPath(folder, "settings.json");
  const auto text = files.Read(path, kMaxSettingsBytes);
  if (!text.ok()) {
    return InvalidArgument(
        Cat("client bundle: ", MessageOf(text.status()), "; `rind create` writes it"));
  }
  auto members = ReadStringMembers(*text);
  if (!members.ok()) return Annotate(members.status(), path);
  for (const char* name : {"mirror", "repository", "root_sha256"}) {
    if (!members->contains(name)) {
      return InvalidArgument(Cat(path, ": ", name, ": missing, wanted a text"));
    }
  }
  Bundle out{.root = "",
             .root_sha256 = (*members)["root_sha256"],
             .repository = (*members)["repository"],
             .mirror = (*members)["mirror"]};
  auto root = files.Read(JoinPath(folder, "root.json"), tuf::Limits().root_bytes);
  if (!root.ok()) return InvalidArgument(Cat("client bundle: ", MessageOf(root.status())));
  out.root = *std::move(root);
  if (Sha256(out.root).Hex() != out.root_sha256) {
    return InvalidArgument(Cat(folder, ": root.json has sha256 ", Sha256(out.root).Hex(),
                               ", settings.json wants ", out.root_sha256,
                               "; get the bundle anew from where you got it"));
  }
  if (!out.mirror.empty() && out.mirror.back() != '/') out.mirror.push_back('/');
  return out;
}

}  // namespace rind::cli
