#include "services/delegation_manager/manager_config.h"

#include <algorithm>
#include <string_view>

#include "services/delegation_manager/ingest/bin_number.h"

namespace rind::delegation_manager {
namespace {

// An ingested project: two pages and its targets. The largest of PyPI's pages has some 20 MB.
constexpr int kMaxMessageBytes = 64 * 1024 * 1024;
// A ceremony waits for a person.
constexpr absl::Duration kLongestCall = absl::Hours(24);

bool IsRepositoryId(std::string_view id) {
  const bool letters = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  return letters && id.size() >= 4 && id.size() <= 64;
}

}  // namespace

StatusOr<ManagerConfig> ReadConfig(runtime::Config& config) {
  ManagerConfig out;
  out.server.listen = config.String("service.listen");
  out.server.tls = config.Tls();
  out.server.callers = config.Callers();
  out.server.max_message_bytes = kMaxMessageBytes;
  out.server.longest_call = kLongestCall;
  out.repository = config.String("repository.id");
  if (!IsRepositoryId(out.repository)) {
    config.Problem("repository.id", "wanted 4 to 64 of [a-z0-9-]");
  }
  out.bins = static_cast<std::uint32_t>(config.IntegerOr("repository.bins", 16, 32768, 256));
  if (!IsBinCount(out.bins)) {
    config.Problem("repository.bins", "wanted a power of two, 16 to 32768");
  }
  const std::string profile =
      config.ChoiceOr("repository.profile", {"default", "pep458", "relaxed"}, "default");
  if (const auto known = ParseProfile(profile); known.ok()) out.profile = *known;
  out.database = config.Path("storage.database");
  out.public_folder = config.Path("storage.public");
  out.blobs_folder = config.Path("storage.blobs");
  out.release_signer = config.String("signers.release");
  out.content_signer = config.String("signers.content");
  out.offline_signer = config.String("signers.offline");
  out.loop.automatic = config.BoolOr("publish.automatic", true);
  out.loop.settle = config.DurationOr("publish.settle", absl::Seconds(2));
  out.loop.timestamp_every = config.DurationOr("publish.timestamp_every", absl::Hours(1));
  const absl::Duration lifetime = LifetimeOf(tuf::TopLevelRole::kTimestamp, out.profile);
  if (out.loop.timestamp_every < absl::Seconds(10) || out.loop.timestamp_every > lifetime / 3) {
    config.Problem("publish.timestamp_every", "wanted 10s to a third of the timestamp's lifetime");
  }
  out.plain_mirror = config.BoolOr("publish.plain_mirror", false);
  RIND_RETURN_IF_ERROR(config.Finish());
  return out;
}

}  // namespace rind::delegation_manager
