#include "services/mirror_syncer/upstream.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace rind::mirror_syncer {
namespace {

constexpr int kMaxRedirects = 3;
constexpr std::uint64_t kMaxPage = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxList = std::uint64_t{256} << 20;
constexpr absl::Duration kPageTimeout = absl::Minutes(2);
// A slow transfer is ended by the client's least speed; this bounds the largest files.
constexpr absl::Duration kFileTimeout = absl::Hours(6);

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string HeaderOf(const http::Response& response, const std::string& name) {
  const auto at = response.headers.find(name);
  return at == response.headers.end() ? std::string() : at->second;
}

// What an HTTP status means for the caller; OK for 200 and 304.
Status StatusOf(const http::Response& response, const std::string& address) {
  const std::string found = Cat(address, ": upstream answered ", response.status);
  switch (response.status) {
    case 200:
    case 304:
      return OkStatus();
    case 404:
    case 410:
      return NotFound(found);
    case 401:
    case 403:
    case 407:
      return PermissionDenied(found);
    case 408:
    case 429:
      return Unavailable(found);
    default:
      return FailedPrecondition(found);
  }
}

bool IsJson(const http::Response& response) {
  const std::string type = ToLower(HeaderOf(response, "content-type"));
  return type.starts_with(pypi::kJsonType) || type.starts_with("application/json");
}

std::optional<std::int64_t> SerialOf(const http::Response& response) {
  const auto value = ParseUnsigned(HeaderOf(response, "x-pypi-last-serial"), INT64_MAX);
  if (!value) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

}  // namespace

Status CheckAddress(const http::Url& index, const http::Url& url) {
  if (url.scheme == "https" || url.Origin() == index.Origin()) return OkStatus();
  return PermissionDenied(
      Cat(url.Text(), ": neither https nor the index's own origin ", index.Origin()));
}

StatusOr<std::unique_ptr<Upstream>> Upstream::Create(const UpstreamOptions& options, Waiter& waiter,
                                                     Random& random) {
  RIND_ASSIGN_OR_RETURN(http::Url index, http::ParseUrl(options.index));
  if (!index.path.ends_with('/')) index.path += '/';
  RIND_ASSIGN_OR_RETURN(
      http::Client client,
      http::Client::Create({.ca_file = options.ca_file,
                            .proxy = options.proxy,
                            .refuse_private_addresses = !options.allow_private_addresses}));
  return std::unique_ptr<Upstream>(
      new Upstream(options, std::move(index), std::move(client), waiter, random));
}

Upstream::Upstream(const UpstreamOptions& options, http::Url index, http::Client client,
                   Waiter& waiter, Random& random)
    : index_(std::move(index)),
      credentials_(options.credentials),
      client_(std::move(client)),
      waiter_(waiter),
      random_(random) {}

StatusOr<Upstream::Answer> Upstream::GetOnce(http::Request request, http::Url address,
                                             const std::function<Status(std::string_view)>* sink,
                                             std::optional<absl::Duration>& retry_after) {
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    RIND_RETURN_IF_ERROR(CheckAddress(index_, address));
    request.url = address.Text();
    request.credentials = address.Origin() == index_.Origin() ? credentials_.get() : nullptr;
    StatusOr<http::Response> response =
        sink == nullptr ? client_.Get(request) : client_.GetTo(request, *sink);
    if (!response.ok()) {
      retry_after = http::RetryAfterOf(response.status());
      return response.status();
    }
    if (!IsRedirect(response->status)) {
      if (const auto seconds = ParseUnsigned(HeaderOf(*response, "retry-after"), 86'400)) {
        retry_after = absl::Seconds(static_cast<std::int64_t>(*seconds));
      }
      RIND_RETURN_IF_ERROR(StatusOf(*response, request.url));
      return Answer{*std::move(response), std::move(address)};
    }
    RIND_ASSIGN_OR_RETURN(address, http::ResolveUrl(address, HeaderOf(*response, "location")));
  }
  return PermissionDenied(Cat(request.url, ": more than ", kMaxRedirects, " redirects"));
}

StatusOr<Upstream::Answer> Upstream::GetPage(const http::Url& address, std::uint64_t max_bytes,
                                             const std::string& etag) {
  http::Request request{
      .url = {}, .max_bytes = max_bytes, .timeout = kPageTimeout, .accept_compressed = true};
  request.headers.emplace_back(
      "Accept", Cat(pypi::kJsonType, ", ", pypi::kHtmlType, ";q=0.2, text/html;q=0.1"));
  if (!etag.empty()) request.headers.emplace_back("If-None-Match", etag);
  std::optional<Answer> answer;
  RIND_RETURN_IF_ERROR(WithRetries(waiter_, random_, [&]() -> Attempt {
    std::optional<absl::Duration> retry_after;
    StatusOr<Answer> got = GetOnce(request, address, nullptr, retry_after);
    if (!got.ok()) return {got.status(), retry_after};
    answer = *std::move(got);
    return {OkStatus(), retry_after};
  }));
  return *std::move(answer);
}

StatusOr<FetchedPage> Upstream::Page(const pypi::ProjectName& project, const std::string& etag) {
  http::Url address = index_;
  address.path += project.text() + "/";
  RIND_ASSIGN_OR_RETURN(Answer answer, GetPage(address, kMaxPage, etag));
  FetchedPage fetched;
  fetched.serial = SerialOf(answer.response);
  fetched.base = std::move(answer.address);
  if (answer.response.status == 304) {
    if (etag.empty()) {
      return FailedPrecondition(Cat(address.Text(), ": answered 304 to an unconditional request"));
    }
    fetched.not_modified = true;
    return fetched;
  }
  RIND_ASSIGN_OR_RETURN(fetched.page, IsJson(answer.response)
                                          ? pypi::ParseIndexJson(answer.response.body, project)
                                          : pypi::ParseIndexHtml(answer.response.body, project));
  if (!fetched.serial) fetched.serial = fetched.page.last_serial;
  constexpr std::size_t kMaxEtag = 256;
  fetched.etag = HeaderOf(answer.response, "etag");
  if (fetched.etag.size() > kMaxEtag) fetched.etag.clear();
  return fetched;
}

StatusOr<pypi::ProjectList> Upstream::Projects() {
  RIND_ASSIGN_OR_RETURN(const Answer answer, GetPage(index_, kMaxList, ""));
  RIND_ASSIGN_OR_RETURN(pypi::ProjectList list,
                        IsJson(answer.response) ? pypi::ParseProjectListJson(answer.response.body)
                                                : pypi::ParseProjectListHtml(answer.response.body));
  if (!list.last_serial) list.last_serial = SerialOf(answer.response);
  return list;
}

Status Upstream::Download(const http::Url& address, std::uint64_t max_bytes,
                          const Receiver& receiver) {
  const http::Request request{
      .url = {}, .max_bytes = std::max<std::uint64_t>(max_bytes, 1), .timeout = kFileTimeout};
  return WithRetries(waiter_, random_, [&]() -> Attempt {
    if (Status started = receiver.start(); !started.ok()) return {started, {}};
    std::optional<absl::Duration> retry_after;
    const StatusOr<Answer> got = GetOnce(request, address, &receiver.sink, retry_after);
    if (!got.ok()) return {got.status(), retry_after};
    return {receiver.finish(), {}};
  });
}

}  // namespace rind::mirror_syncer
