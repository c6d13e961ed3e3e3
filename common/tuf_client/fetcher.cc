#include <utility>

#include "common/base/text.h"
#include "common/http/client.h"
#include "common/tuf_client/client.h"

namespace rind::tuf_client {
namespace {

constexpr std::string_view kMetadata = "metadata/";
constexpr std::string_view kTargets = "targets/";
constexpr std::uint64_t kSlowestBytesPerSecond = 16UL * 1024;

std::string WithSlash(const std::string& url) { return url.ends_with('/') ? url : Cat(url, "/"); }

class HttpSource final : public Fetcher {
 public:
  HttpSource(http::Client client, std::string metadata, std::string targets)
      : client_(std::move(client)), metadata_(std::move(metadata)), targets_(std::move(targets)) {}

  StatusOr<std::string> Fetch(std::string_view path, std::uint64_t max_bytes) override {
    std::string bytes;
    RIND_RETURN_IF_ERROR(FetchTo(path, max_bytes, [&bytes](std::string_view piece) {
      bytes.append(piece);
      return OkStatus();
    }));
    return bytes;
  }

  Status FetchTo(std::string_view path, std::uint64_t max_bytes,
                 const std::function<Status(std::string_view)>& sink) override {
    RIND_ASSIGN_OR_RETURN(const std::string url, UrlOf(path));
    Status from_sink;
    const auto response = client_.GetTo(
        // One byte more than nothing: an empty file is a valid one.
        {.url = url,
         .max_bytes = std::max<std::uint64_t>(max_bytes, 1),
         .timeout = absl::Seconds(60) + absl::Seconds(max_bytes / kSlowestBytesPerSecond)},
        [&](std::string_view piece) { return from_sink = sink(piece); });
    RIND_RETURN_IF_ERROR(from_sink);
    if (absl::IsDataLoss(response.status()) || absl::IsDeadlineExceeded(response.status())) {
      return Unavailable(MessageOf(response.status()));
    }
    RIND_RETURN_IF_ERROR(response.status());
    switch (response->status) {
      case 200:
        return OkStatus();
      case 403:
      case 404:
      case 410:
        return NotFound(Cat(url, ": the server answered ", response->status));
      default:
        return Unavailable(Cat(url, ": the server answered ", response->status, ", wanted 200"));
    }
  }

  void Cancel() override { client_.Cancel(); }

 private:
  StatusOr<std::string> UrlOf(std::string_view path) const {
    if (path.starts_with(kMetadata)) return Cat(metadata_, path.substr(kMetadata.size()));
    if (path.starts_with(kTargets) && !targets_.empty()) {
      return Cat(targets_, path.substr(kTargets.size()));
    }
    return NotFound(Cat(path, ": this source has no such part"));
  }

  http::Client client_;
  const std::string metadata_;
  const std::string targets_;
};

class FolderSource final : public Fetcher {
 public:
  FolderSource(const FileSystem& files, std::string folder)
      : files_(files), folder_(std::move(folder)) {}

  StatusOr<std::string> Fetch(std::string_view path, std::uint64_t max_bytes) override {
    RIND_ASSIGN_OR_RETURN(const std::string file, FileOf(path));
    return files_.Read(file, max_bytes);
  }

  Status FetchTo(std::string_view path, std::uint64_t max_bytes,
                 const std::function<Status(std::string_view)>& sink) override {
    RIND_ASSIGN_OR_RETURN(const std::string file, FileOf(path));
    std::uint64_t given = 0;
    return files_.ReadPieces(file, [&](std::string_view piece) {
      given += piece.size();
      if (given > max_bytes) {
        return ResourceExhausted(Cat(file, ": larger than the limit of ", max_bytes, " bytes"));
      }
      return sink(piece);
    });
  }

 private:
  // Role names stay escaped in file names; target paths don't. No segment leads out of the folder.
  StatusOr<std::string> FileOf(std::string_view path) const {
    std::string name(path);
    if (path.starts_with(kTargets)) {
      RIND_ASSIGN_OR_RETURN(name, http::PercentDecode(path));
    }
    for (const std::string& segment : Split(name, '/')) {
      if (segment.empty() || segment == "." || segment == "..") {
        return NotFound(Cat(Printable(path), ": no path of a file"));
      }
    }
    return JoinPath(folder_, name);
  }

  const FileSystem& files_;
  const std::string folder_;
};

}  // namespace

StatusOr<std::unique_ptr<Fetcher>> HttpFetcher(const std::string& metadata_url,
                                               const std::string& targets_url,
                                               const std::string& ca_file) {
  RIND_RETURN_IF_ERROR(http::ParseUrl(metadata_url).status());
  if (!targets_url.empty()) RIND_RETURN_IF_ERROR(http::ParseUrl(targets_url).status());
  RIND_ASSIGN_OR_RETURN(http::Client client, http::Client::Create({.ca_file = ca_file}));
  return std::make_unique<HttpSource>(std::move(client), WithSlash(metadata_url),
                                      targets_url.empty() ? "" : WithSlash(targets_url));
}

StatusOr<std::unique_ptr<Fetcher>> HttpFetcher(const std::string& base_url,
                                               const std::string& ca_file) {
  const std::string base = WithSlash(base_url);
  return HttpFetcher(Cat(base, kMetadata), Cat(base, kTargets), ca_file);
}

std::unique_ptr<Fetcher> FolderFetcher(const FileSystem& files, std::string folder) {
  return std::make_unique<FolderSource>(files, std::move(folder));
}

}  // namespace rind::tuf_client
