#include "common/http/client.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <limits>
#include <utility>

#include <curl/curl.h>
#include <sys/socket.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/text.h"
#include "common/http/private_address.h"

namespace rind::http {
namespace {

// Idle connections beyond this are closed.
constexpr std::size_t kMaxIdleHandles = 32;
constexpr std::size_t kMaxHeaderBytes = 128UL * 1024;
constexpr std::size_t kMaxOtherBody = 16UL * 1024;

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

constexpr char kRetryAfter[] = "rind/retry-after";
constexpr std::uint64_t kMaxRetryAfterSeconds = 86'400;

bool IsSuccess(int status) { return status >= 200 && status < 300; }

// Why a callback stopped curl before the end.
enum class Stop { kNone, kSink, kTooLarge, kHeaders, kEnough };

// One transfer, as curl's callbacks see it.
struct Transfer {
  CURL* easy;
  const std::function<Status(std::string_view)>* sink;
  const std::atomic<bool>* cancelled;
  std::uint64_t max_bytes;
  std::uint64_t received = 0;
  std::size_t header_bytes = 0;
  Stop stop = Stop::kNone;
  bool address_refused = false;
  Status sink_status;
  Response response;

  int StatusCode() const {
    long code = 0;  // NOLINT(google-runtime-int): curl's type
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
  }
};

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > kMaxHeaderBytes) {
    transfer.stop = Stop::kHeaders;
    return 0;
  }
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();  // after a 100 or a proxy's
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    transfer.response.headers[ToLower(Trim(line.substr(0, colon)))] =
        std::string(Trim(line.substr(colon + 1)));
  }
  return line.size();
}

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view piece(data, size * count);
  if (!IsSuccess(transfer.StatusCode())) {
    std::string& body = transfer.response.body;
    body.append(piece.substr(0, kMaxOtherBody - body.size()));
    if (body.size() < kMaxOtherBody) return piece.size();
    transfer.stop = Stop::kEnough;
    return 0;
  }
  // Counted here, after decoding: neither a header nor compression gets past it.
  transfer.received += piece.size();
  if (transfer.received > transfer.max_bytes) {
    transfer.stop = Stop::kTooLarge;
    return 0;
  }
  if (transfer.sink == nullptr) {
    transfer.response.body.append(piece);
    return piece.size();
  }
  transfer.sink_status = (*transfer.sink)(piece);
  if (transfer.sink_status.ok()) return piece.size();
  transfer.stop = Stop::kSink;
  return 0;
}

// curl asks for a socket for each address that it is about to connect to.
curl_socket_t OnSocket(void* user, curlsocktype, curl_sockaddr* address) {
  if (IsPrivateSocketAddress(&address->addr)) {
    static_cast<Transfer*>(user)->address_refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->cancelled->load() ? 1 : 0;
}

Status FromCurl(CURLcode code, const std::string& url, const char* details) {
  const std::string message = Cat(url, ": ", *details != '\0' ? details : curl_easy_strerror(code));
  switch (code) {
    case CURLE_PARTIAL_FILE:
      return DataLoss(message);
    case CURLE_OPERATION_TIMEDOUT:
      return DeadlineExceeded(message);
    case CURLE_URL_MALFORMAT:
      return InvalidArgument(message);
    case CURLE_ABORTED_BY_CALLBACK:
      return Cancelled(Cat(url, ": cancelled"));
    case CURLE_OUT_OF_MEMORY:
      return ResourceExhausted(message);
    default:
      return Unavailable(message);
  }
}

StatusOr<HeaderList> MakeHeaders(const Request& request) {
  HeaderList list;
  for (const auto& [name, value] : request.headers) {
    const std::string line = Cat(name, ": ", value);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return InvalidArgument(Cat("request header ", Printable(name), ": a line break in it"));
    }
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return ResourceExhausted("request headers: no memory");
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

long Milliseconds(absl::Duration duration) {  // NOLINT(google-runtime-int): curl's type
  return static_cast<long>(                   // NOLINT(google-runtime-int)
      std::clamp<std::int64_t>(absl::ToInt64Milliseconds(duration), 1,
                               std::numeric_limits<int>::max()));
}

// What is the same for every transfer. All options are of libcurl 7.85 and later.
void SetFixedOptions(CURL* easy, const ClientOptions& options) {
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  // An empty string, unlike none, keeps curl from asking http_proxy and no_proxy.
  curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(options.connect_timeout));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT,
                   static_cast<long>(options.least_bytes_per_second));
  curl_easy_setopt(
      easy, CURLOPT_LOW_SPEED_TIME,
      static_cast<long>(std::max<std::int64_t>(1, absl::ToInt64Seconds(options.slow_for))));
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &OnProgress);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
  if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.keep_connections) curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

Status SetCredentials(CURL* easy, const SecretBytes& credentials) {
  // Access: HTTP Basic authentication needs the bytes; curl keeps a copy until the handle is reset.
  const auto bytes = credentials.Read(SecretAccess::Grant());
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  const CURLcode code = curl_easy_setopt(easy, CURLOPT_USERPWD, text.c_str());
  RIND_ASSIGN_OR_RETURN(const SecretBytes wiped, SecretBytes::TakeFrom(text));
  return code == CURLE_OK ? OkStatus() : Internal("credentials: curl refused them");
}

Status Outcome(CURLcode code, const std::string& url, const char* details,
               const Transfer& transfer) {
  switch (transfer.stop) {
    case Stop::kSink:
      return transfer.sink_status;
    case Stop::kTooLarge:
      return ResourceExhausted(
          Cat(url, ": more than the ", transfer.max_bytes, " bytes that were allowed"));
    case Stop::kHeaders:
      return ResourceExhausted(Cat(url, ": headers of more than ", kMaxHeaderBytes, " bytes"));
    case Stop::kEnough:
      break;
    case Stop::kNone:
      if (code != CURLE_OK && transfer.address_refused) {
        return PermissionDenied(
            Cat(url, ": leads to a private address, which is not allowed here"));
      }
      if (code != CURLE_OK) return FromCurl(code, url, details);
  }
  if (transfer.response.status >= 500) {
    Status status = Unavailable(Cat(url, ": the server answered ", transfer.response.status));
    const auto after = transfer.response.headers.find("retry-after");
    if (after != transfer.response.headers.end()) {
      status.SetPayload(kRetryAfter, absl::Cord(after->second));
    }
    return status;
  }
  return OkStatus();
}

}  // namespace

std::optional<absl::Duration> RetryAfterOf(const Status& status) {
  const auto payload = status.GetPayload(kRetryAfter);
  if (!payload) return std::nullopt;
  const auto seconds = ParseUnsigned(std::string(*payload), kMaxRetryAfterSeconds);
  if (!seconds) return std::nullopt;
  return absl::Seconds(static_cast<std::int64_t>(*seconds));
}

struct Client::Pool {
  explicit Pool(ClientOptions settings) : options(std::move(settings)) {}

  StatusOr<Easy> Take() {
    Easy easy;
    {
      const absl::MutexLock lock(&mutex);
      if (!idle.empty()) {
        easy = std::move(idle.back());
        idle.pop_back();
      }
    }
    if (easy == nullptr) easy.reset(curl_easy_init());
    if (easy == nullptr) return ResourceExhausted("HTTP client: curl has no memory");
    curl_easy_reset(easy.get());  // keeps connections, forgets options and credentials
    SetFixedOptions(easy.get(), options);
    return easy;
  }

  void Return(Easy easy) {
    curl_easy_reset(easy.get());
    const absl::MutexLock lock(&mutex);
    if (options.keep_connections && idle.size() < kMaxIdleHandles) idle.push_back(std::move(easy));
  }

  StatusOr<Response> Run(const Request& request,
                         const std::function<Status(std::string_view)>* sink);

  const ClientOptions options;
  std::atomic<bool> cancelled = false;
  absl::Mutex mutex;
  std::vector<Easy> idle ABSL_GUARDED_BY(mutex);
};

StatusOr<Response> Client::Pool::Run(const Request& request,
                                     const std::function<Status(std::string_view)>* sink) {
  if (request.max_bytes == 0)
    return InvalidArgument(Cat(request.url, ": asked for without a limit"));
  if (cancelled.load()) return Cancelled(Cat(request.url, ": cancelled"));
  RIND_ASSIGN_OR_RETURN(const Url url, ParseUrl(request.url));
  const std::string text = url.Text();
  RIND_ASSIGN_OR_RETURN(const HeaderList headers, MakeHeaders(request));
  RIND_ASSIGN_OR_RETURN(Easy easy, Take());

  Transfer transfer{.easy = easy.get(),
                    .sink = sink,
                    .cancelled = &cancelled,
                    .max_bytes = request.max_bytes,
                    .sink_status = OkStatus(),
                    .response = {}};
  char details[CURL_ERROR_SIZE] = {};
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, details);
  curl_easy_setopt(easy.get(), CURLOPT_URL, text.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, Milliseconds(request.timeout));
  curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy.get(), CURLOPT_XFERINFODATA, &transfer);
  if (headers != nullptr) curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  if (request.accept_compressed) curl_easy_setopt(easy.get(), CURLOPT_ACCEPT_ENCODING, "gzip");
  if (options.refuse_private_addresses && options.proxy.empty()) {
    curl_easy_setopt(easy.get(), CURLOPT_OPENSOCKETFUNCTION, &OnSocket);
    curl_easy_setopt(easy.get(), CURLOPT_OPENSOCKETDATA, &transfer);
  }
  if (request.credentials != nullptr) {
    RIND_RETURN_IF_ERROR(SetCredentials(easy.get(), *request.credentials));
  }
  const CURLcode code = curl_easy_perform(easy.get());
  transfer.response.status = transfer.StatusCode();
  const Status status = Outcome(code, text, details, transfer);
  Return(std::move(easy));
  RIND_RETURN_IF_ERROR(status);
  return std::move(transfer.response);
}

StatusOr<Client> Client::Create(const ClientOptions& options) {
  // Once per process, thread-safe; curl asks for it before threads use it.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) return Internal(Cat("curl: ", curl_easy_strerror(ready)));
  return Client(std::make_unique<Pool>(options));
}

Client::Client(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

StatusOr<Response> Client::Get(const Request& request) { return pool_->Run(request, nullptr); }

StatusOr<Response> Client::GetTo(const Request& request,
                                 const std::function<Status(std::string_view)>& sink) {
  return pool_->Run(request, &sink);
}

void Client::Cancel() { pool_->cancelled.store(true); }

}  // namespace rind::http
