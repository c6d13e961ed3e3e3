#include "services/gateway/gateway.h"

#include <atomic>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/http/server.h"
#include "common/tuf/json/canonical_json.h"
#include "common/tuf/model/rejection.h"
#include "services/gateway/answer.h"
#include "services/gateway/page_form.h"
#include "services/gateway/page_index.h"
#include "services/gateway/repository.h"
#include "services/gateway/request_path.h"
#include "services/gateway/verified_cache.h"

namespace rind::gateway {
namespace {

using http::ResponseWriter;
using http::ServerRequest;
using tuf_client::FoundTarget;

// Up to this a file is in memory and checked before its first byte leaves.
constexpr std::uint64_t kSmall = 1ULL << 20U;
// Up to this a file that is not in the cache is fetched and checked first, so that pip sees the
// reason of a refusal. A larger one streams, or the client would wait too long for its first byte.
constexpr std::uint64_t kCheckedFirst = 64ULL << 20U;
constexpr std::uint64_t kMaxPage = 64ULL << 20U;
constexpr std::size_t kMaxDoubtful = 1024;

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
// Clang 14 doesn't deduce an aggregate's arguments.
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

// What goes with a verified file.
struct Reply {
  std::string content_type;
  std::string cache_control;
  bool negotiated = false;
};

class GatewayImpl final : public Gateway {
 public:
  GatewayImpl(std::string mirror, std::string repository_id, std::string root_sha256,
              std::unique_ptr<tuf_client::Fetcher> fetcher, std::unique_ptr<Repository> repository,
              std::unique_ptr<VerifiedCache> cache)
      : mirror_(std::move(mirror)),
        repository_id_(std::move(repository_id)),
        root_sha256_(std::move(root_sha256)),
        fetcher_(std::move(fetcher)),
        repository_(std::move(repository)),
        cache_(std::move(cache)) {}
  ~GatewayImpl() override { Stop(absl::ZeroDuration()); }
  GatewayImpl(const GatewayImpl&) = delete;
  GatewayImpl& operator=(const GatewayImpl&) = delete;

  Status Listen(const Settings& settings) {
    http::ServerOptions options;
    options.address = settings.address;
    options.port = settings.port;
    RIND_ASSIGN_OR_RETURN(
        server_, http::Server::Start(options, [this](const auto& request, ResponseWriter& out) {
          Handle(request, out);
        }));
    return OkStatus();
  }
  std::uint16_t port() const override { return server_->port(); }
  void Stop(absl::Duration grace) override {
    if (server_ == nullptr) return;
    // What waits for the mirror would outlast the grace.
    fetcher_->Cancel();
    server_->Stop(grace);
  }

 private:
  // One request. `begun` says that the answer is on its way and can't become another.
  struct Exchange {
    const ServerRequest& request;
    ResponseWriter& out;
    bool begun = false;

    Status Send(int status, const ResponseWriter::Headers& headers, std::string_view body) {
      begun = true;
      return out.Send(status, "", headers, body);
    }
    bool head() const { return request.method == "HEAD"; }
  };

  void Handle(const ServerRequest& request, ResponseWriter& out);
  Status Route(Exchange& exchange);
  Status ServeHealth(Exchange& exchange);
  Status ServeStatus(Exchange& exchange);
  // simple/index.* and simple/NAME/index.*.
  Status ServePage(Exchange& exchange, const std::string& folder);
  Status ServeFile(Exchange& exchange, const FileRequest& asked);
  Status ServeVerified(Exchange& exchange, const FoundTarget& target, const Reply& reply);
  Status SendRange(Exchange& exchange, const FoundTarget& target, const ByteRange& range,
                   ResponseWriter::Headers headers);
  Status SendWhole(Exchange& exchange, const FoundTarget& target,
                   const ResponseWriter::Headers& headers);
  Status StreamAndKeep(Exchange& exchange, const FoundTarget& target,
                       const ResponseWriter::Headers& headers);

  // What page, target and address say of a file must agree.
  Status Agree(const FileRequest& asked, const FoundTarget& page, const FoundTarget& target);
  StatusOr<std::shared_ptr<const PageFiles>> FilesOf(const FoundTarget& page,
                                                     const pypi::ProjectName& project);
  // In the cache, checked while it got there.
  Status EnsureCached(const FoundTarget& target);
  StatusOr<std::string> ReadSmall(const FoundTarget& target);

  const std::string mirror_;
  const std::string repository_id_;
  const std::string root_sha256_;
  std::unique_ptr<tuf_client::Fetcher> fetcher_;
  std::unique_ptr<Repository> repository_;
  std::unique_ptr<VerifiedCache> cache_;
  PageIndex pages_;
  std::atomic<std::int64_t> refusals_ = 0;
  absl::Mutex mutex_;
  // Large files that turned out wrong on their way: checked in full before the next answer.
  std::set<std::string> doubtful_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<http::Server> server_;
};

void GatewayImpl::Handle(const ServerRequest& request, ResponseWriter& out) {
  Exchange exchange{.request = request, .out = out};
  const Status status = Route(exchange);
  if (status.ok()) return;
  if (tuf::RejectionOf(status).has_value()) {
    ++refusals_;
    LogWarning("refused", {{"path", Printable(request.target, 500)},
                           {"reason", std::string(MessageOf(status))},
                           {"client", request.peer}});
  } else if (!absl::IsNotFound(status)) {
    LogInfo("not answered", {{"path", Printable(request.target, 500)},
                             {"error", std::string(MessageOf(status))},
                             {"client", request.peer}});
  }
  if (exchange.begun) return;  // the connection ends before its announced length
  const ErrorAnswer answer = ErrorFor(status, request.target, mirror_);
  const Status sent = out.Send(
      answer.status, answer.reason,
      {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}}, answer.body);
  if (!sent.ok()) LogInfo("a client was gone", {{"error", std::string(MessageOf(sent))}});
}

Status GatewayImpl::Route(Exchange& exchange) {
  RIND_ASSIGN_OR_RETURN(const Asked asked, ParsePath(exchange.request.target));
  return std::visit(Overloaded{[&](const HealthRequest&) { return ServeHealth(exchange); },
                               [&](const StatusRequest&) { return ServeStatus(exchange); },
                               [&](const ListRequest&) { return ServePage(exchange, "simple"); },
                               [&](const PageRequest& page) {
                                 return ServePage(exchange, Cat("simple/", page.project.text()));
                               },
                               [&](const FileRequest& file) { return ServeFile(exchange, file); },
                               [&](const Redirect& to) {
                                 return exchange.Send(301, {{"Location", to.location}}, "");
                               }},
                    asked);
}

Status GatewayImpl::ServeHealth(Exchange& exchange) {
  const RepositoryState state = repository_->State();
  const ResponseWriter::Headers headers = {{"Content-Type", "text/plain; charset=utf-8"},
                                           {"Cache-Control", "no-store"}};
  if (state.status.ok()) return exchange.Send(200, headers, "ok\n");
  return exchange.Send(503, headers, Cat(Printable(MessageOf(state.status), 1000), "\n"));
}

void WriteRole(tuf::CanonicalWriter& json, std::string_view name,
               const std::optional<RoleState>& role) {
  if (!role) return;
  json.Name(name);
  json.BeginObject();
  json.Name("expires");
  json.String(FormatUtc(role->expires));
  json.Name("version");
  json.Integer(role->version);
  json.EndObject();
}

Status GatewayImpl::ServeStatus(Exchange& exchange) {
  const RepositoryState state = repository_->State();
  // Canonical JSON is JSON as long as no string holds a control character: Printable() sees to it.
  tuf::CanonicalWriter json;
  json.BeginObject();
  json.Name("asked");
  json.String(FormatUtc(state.asked));
  json.Name("cache_bytes");
  json.Integer(static_cast<std::int64_t>(cache_->bytes()));
  json.Name("mirror");
  json.String(mirror_);
  json.Name("mirror_problem");
  json.String(Printable(state.mirror_problem, 1000));
  json.Name("problem");
  json.String(state.status.ok() ? "" : Printable(MessageOf(state.status), 1000));
  json.Name("refusals");
  json.Integer(refusals_.load());
  json.Name("repository");
  json.String(Printable(repository_id_));
  WriteRole(json, "root", state.root);
  json.Name("root_sha256");
  json.String(root_sha256_);
  WriteRole(json, "snapshot", state.snapshot);
  json.Name("state");
  json.String(!state.status.ok() ? "refusing" : state.mirror_problem.empty() ? "fresh" : "offline");
  WriteRole(json, "timestamp", state.timestamp);
  json.EndObject();
  return exchange.Send(200, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
                       Cat(json.Take(), "\n"));
}

Status GatewayImpl::ServePage(Exchange& exchange, const std::string& folder) {
  const auto form = ChooseForm(exchange.request.accept);
  if (!form) {
    return exchange.Send(406, {{"Content-Type", "text/plain; charset=utf-8"}, {"Vary", "Accept"}},
                         "this index speaks application/vnd.pypi.simple.v1+json, "
                         "application/vnd.pypi.simple.v1+html and text/html\n");
  }
  const std::string name = Cat(folder, *form == PageForm::kJson ? "/index.json" : "/index.html");
  RIND_ASSIGN_OR_RETURN(const auto located, repository_->Locate({name}));
  RIND_RETURN_IF_ERROR(located[0].status());
  return ServeVerified(exchange, *located[0],
                       {.content_type = std::string(MediaTypeOf(*form)),
                        .cache_control = "no-cache",
                        .negotiated = true});
}

Status GatewayImpl::ServeFile(Exchange& exchange, const FileRequest& asked) {
  const std::string& project = asked.project.text();
  const std::string path =
      Cat("files/", project, "/", asked.filename, asked.metadata ? ".metadata" : "");
  RIND_ASSIGN_OR_RETURN(const auto located,
                        repository_->Locate({Cat("simple/", project, "/index.json"), path}));
  for (const Located& each : located) RIND_RETURN_IF_ERROR(each.status());
  RIND_RETURN_IF_ERROR(Agree(asked, *located[0], *located[1]));
  return ServeVerified(
      exchange, *located[1],
      {.content_type = asked.metadata ? "text/plain; charset=utf-8" : "application/octet-stream",
       // The address has the hash: its content never changes.
       .cache_control = "max-age=31536000, immutable"});
}

Status GatewayImpl::Agree(const FileRequest& asked, const FoundTarget& page,
                          const FoundTarget& target) {
  RIND_ASSIGN_OR_RETURN(const auto files, FilesOf(page, asked.project));
  const auto& role = page.chain.back();
  const std::string who = Cat(Printable(role.role.text()), " v", role.version.value());
  const auto listed = files->find(asked.filename);
  if (listed == files->end()) {
    return Disagree(Cat(who, ": the index page does not list ", Printable(asked.filename)));
  }
  if (listed->second.sha256 != asked.sha256) {
    return Disagree(Cat(
        who, " wants sha256 ",
        listed->second.sha256 ? Cat(listed->second.sha256->Short(), "...") : "of no kind", " for ",
        Printable(asked.filename, 80), ", the address says ", asked.sha256.Short(), "..."));
  }
  const auto& wanted = asked.metadata ? listed->second.core_metadata_sha256 : listed->second.sha256;
  const auto found = target.file.hashes.sha256();
  if (!wanted || !found || *wanted != *found) {
    return Disagree(Cat(who, ": the index page wants sha256 ",
                        wanted ? Cat(wanted->Short(), "...") : "of no kind", " for ",
                        Printable(target.path, 80), ", the metadata ",
                        found ? Cat(found->Short(), "...") : "none"));
  }
  return OkStatus();
}

StatusOr<std::shared_ptr<const PageFiles>> GatewayImpl::FilesOf(const FoundTarget& page,
                                                                const pypi::ProjectName& project) {
  const auto digest = page.file.hashes.sha256();
  if (!digest) return Disagree(Cat(Printable(page.path), ": signed without a sha256"));
  if (auto known = pages_.Find(*digest)) return known;
  RIND_ASSIGN_OR_RETURN(const std::string bytes, ReadSmall(page));
  auto files = pages_.Add(*digest, bytes, project);
  if (!files.ok()) {
    return Disagree(Cat(Printable(page.path), ": ", MessageOf(files.status())));
  }
  return files;
}

Status GatewayImpl::EnsureCached(const FoundTarget& target) {
  const auto digest = target.file.hashes.sha256();
  if (!digest) return Disagree(Cat(Printable(target.path), ": signed without a sha256"));
  if (cache_->Has(*digest, target.file.length)) return OkStatus();
  return cache_->Add(*digest, target.file.length, [&](const VerifiedCache::Sink& sink) {
    return repository_->Download(target, sink);
  });
}

StatusOr<std::string> GatewayImpl::ReadSmall(const FoundTarget& target) {
  if (target.file.length > kMaxPage) {
    return Disagree(
        Cat(Printable(target.path), ": ", target.file.length, " bytes are too many for a page"));
  }
  RIND_RETURN_IF_ERROR(EnsureCached(target));
  auto bytes = cache_->Read(*target.file.hashes.sha256(), target.file.length);
  if (!absl::IsNotFound(bytes.status())) return bytes;
  // Damaged on this disk and dropped: once more from the mirror.
  RIND_RETURN_IF_ERROR(EnsureCached(target));
  bytes = cache_->Read(*target.file.hashes.sha256(), target.file.length);
  if (absl::IsNotFound(bytes.status())) {
    return Internal(Cat("the cache does not keep ", Printable(target.path)));
  }
  return bytes;
}

Status GatewayImpl::ServeVerified(Exchange& exchange, const FoundTarget& target,
                                  const Reply& reply) {
  const auto digest = target.file.hashes.sha256();
  if (!digest) return Disagree(Cat(Printable(target.path), ": signed without a sha256"));
  const std::uint64_t length = target.file.length;
  const std::string etag = Cat("\"", digest->Hex(), "\"");
  ResponseWriter::Headers headers = {{"Content-Type", reply.content_type},
                                     {"ETag", etag},
                                     {"Cache-Control", reply.cache_control},
                                     {"X-Content-Type-Options", "nosniff"}};
  if (reply.negotiated) headers.emplace_back("Vary", "Accept");
  if (MatchesEtag(exchange.request.if_none_match, etag)) return exchange.Send(304, headers, "");
  headers.emplace_back("Accept-Ranges", "bytes");

  if (exchange.head()) {
    // Checked all the same: a HEAD never promises what a GET then refuses.
    if (length <= kCheckedFirst) RIND_RETURN_IF_ERROR(EnsureCached(target));
    exchange.begun = true;
    RIND_RETURN_IF_ERROR(exchange.out.Begin(200, "", headers, length));
    return exchange.out.Finish();
  }
  ByteRange range;
  switch (ParseRange(exchange.request.range, length, range)) {
    case RangeKind::kUnsatisfiable:
      headers.emplace_back("Content-Range", Cat("bytes */", length));
      return exchange.Send(416, headers, "");
    case RangeKind::kSatisfiable:
      return SendRange(exchange, target, range, std::move(headers));
    case RangeKind::kNone:
      return SendWhole(exchange, target, headers);
  }
  return Internal("a range of no kind");
}

Status GatewayImpl::SendRange(Exchange& exchange, const FoundTarget& target, const ByteRange& range,
                              ResponseWriter::Headers headers) {
  RIND_RETURN_IF_ERROR(EnsureCached(target));
  headers.emplace_back("Content-Range",
                       Cat("bytes ", range.first, "-", range.last, "/", target.file.length));
  exchange.begun = true;
  RIND_RETURN_IF_ERROR(exchange.out.Begin(206, "", headers, range.last - range.first + 1));
  // The last piece of the range waits until all of the file was hashed.
  std::string withheld;
  std::uint64_t at = 0;
  RIND_RETURN_IF_ERROR(
      cache_->ReadTo(*target.file.hashes.sha256(), target.file.length, [&](std::string_view piece) {
        const std::uint64_t begin = std::max(at, range.first);
        const std::uint64_t end = std::min<std::uint64_t>(at + piece.size(), range.last + 1);
        Status sent;
        if (begin < end) {
          if (!withheld.empty()) sent = exchange.out.Write(withheld);
          withheld.assign(piece.substr(begin - at, end - begin));
        }
        at += piece.size();
        return sent;
      }));
  RIND_RETURN_IF_ERROR(exchange.out.Write(withheld));
  return exchange.out.Finish();
}

Status GatewayImpl::SendWhole(Exchange& exchange, const FoundTarget& target,
                              const ResponseWriter::Headers& headers) {
  const std::uint64_t length = target.file.length;
  const Sha256Digest digest = *target.file.hashes.sha256();
  if (length <= kSmall) {
    RIND_ASSIGN_OR_RETURN(const std::string bytes, ReadSmall(target));
    return exchange.Send(200, headers, bytes);
  }
  bool doubtful = false;
  {
    const absl::MutexLock lock(&mutex_);
    doubtful = doubtful_.contains(digest.Hex());
  }
  if (length > kCheckedFirst && !doubtful && !cache_->Has(digest, length)) {
    return StreamAndKeep(exchange, target, headers);
  }
  RIND_RETURN_IF_ERROR(EnsureCached(target));
  {
    const absl::MutexLock lock(&mutex_);
    doubtful_.erase(digest.Hex());
  }
  exchange.begun = true;
  RIND_RETURN_IF_ERROR(exchange.out.Begin(200, "", headers, length));
  RIND_RETURN_IF_ERROR(cache_->ReadTo(
      digest, length, [&](std::string_view piece) { return exchange.out.Write(piece); }));
  return exchange.out.Finish();
}

Status GatewayImpl::StreamAndKeep(Exchange& exchange, const FoundTarget& target,
                                  const ResponseWriter::Headers& headers) {
  const Sha256Digest digest = *target.file.hashes.sha256();
  Status to_client;
  const Status status =
      cache_->Add(digest, target.file.length, [&](const VerifiedCache::Sink& keep) {
        return repository_->Download(target, [&](std::string_view piece) {
          if (!exchange.begun) {
            exchange.begun = true;
            to_client = exchange.out.Begin(200, "", headers, target.file.length);
          }
          if (to_client.ok()) to_client = exchange.out.Write(piece);
          RIND_RETURN_IF_ERROR(to_client);
          return keep(piece);
        });
      });
  if (tuf::RejectionOf(status).has_value()) {
    const absl::MutexLock lock(&mutex_);
    if (doubtful_.size() >= kMaxDoubtful) doubtful_.clear();
    doubtful_.insert(digest.Hex());
  }
  RIND_RETURN_IF_ERROR(to_client);
  RIND_RETURN_IF_ERROR(status);
  return exchange.out.Finish();
}

}  // namespace

StatusOr<std::unique_ptr<Gateway>> Gateway::Start(const Settings& settings, FileSystem& files,
                                                  const Clock& clock) {
  RIND_ASSIGN_OR_RETURN(const Bundle bundle, LoadBundle(files, settings.bundle));
  const std::string mirror = settings.mirror.empty() ? bundle.mirror : settings.mirror;
  RIND_ASSIGN_OR_RETURN(auto fetcher, tuf_client::HttpFetcher(mirror, settings.ca_file));
  // One folder per pinned root: another bundle never meets this one's floors.
  RIND_ASSIGN_OR_RETURN(auto repository,
                        Repository::Open(Cat(settings.cache, "/metadata/", bundle.root_sha256),
                                         bundle.root, settings.refresh, files, *fetcher, clock));
  RIND_ASSIGN_OR_RETURN(auto cache,
                        VerifiedCache::Open(files, settings.cache, settings.cache_bytes));
  LogInfo("the root is pinned", {{"root_sha256", bundle.root_sha256},
                                 {"repository", Printable(bundle.repository)},
                                 {"mirror", mirror}});
  auto gateway =
      std::make_unique<GatewayImpl>(mirror, bundle.repository, bundle.root_sha256,
                                    std::move(fetcher), std::move(repository), std::move(cache));
  RIND_RETURN_IF_ERROR(gateway->Listen(settings));
  return gateway;
}

}  // namespace rind::gateway
