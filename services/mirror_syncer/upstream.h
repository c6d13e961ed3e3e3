// The index that is mirrored, as the only thing outside that a syncer talks to.
//
// Promise (SECURITY.md Y-01): https only, but for the index's own origin when its address is http;
// at most 3 redirects, each checked like the first address; credentials go to the index's origin
// and nowhere else; private addresses are refused at connect unless allowed. Every transfer is
// bounded and what fails for the moment is tried again. Errors: NotFound (404, 410),
// PermissionDenied (refused by a rule here, or 401/403 by upstream), FailedPrecondition (another
// status), InvalidArgument (not a page), and those of http/client.h. Threading: thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/base/secret_bytes.h"
#include "common/base/status.h"
#include "common/http/client.h"
#include "common/pypi/index_page.h"
#include "services/mirror_syncer/retry.h"

namespace rind::mirror_syncer {

struct UpstreamOptions {
  std::string index;  // "https://index.example.org/simple/"
  std::string ca_file;
  std::string proxy;
  std::shared_ptr<const SecretBytes> credentials;  // null: none
  bool allow_private_addresses = false;
};

struct FetchedPage {
  bool not_modified = false;  // the ETag still holds; nothing else is set but `serial`
  pypi::IndexPage page;
  http::Url base;  // what the page's links are relative to
  std::string etag;
  std::optional<std::int64_t> serial;
};

// May something that the index at `index` led to be asked from `url`?
Status CheckAddress(const http::Url& index, const http::Url& url);

class Upstream {
 public:
  // `waiter` and `random` must outlive it. InvalidArgument for a wrong index address.
  static StatusOr<std::unique_ptr<Upstream>> Create(const UpstreamOptions& options, Waiter& waiter,
                                                    Random& random);

  StatusOr<FetchedPage> Page(const pypi::ProjectName& project, const std::string& etag);
  StatusOr<pypi::ProjectList> Projects();

  // Downloads `address` (as a page at `base` has it). Each attempt begins with `start`, then its
  // pieces go to `sink`, then `finish` judges; an error of `finish` is final unless it is DataLoss.
  struct Receiver {
    std::function<Status()> start;
    std::function<Status(std::string_view)> sink;
    std::function<Status()> finish;
  };
  Status Download(const http::Url& address, std::uint64_t max_bytes, const Receiver& receiver);

  // Ends what runs, for a stop.
  void Cancel() { client_.Cancel(); }
  // The index's address for people; it never has credentials in it.
  std::string Text() const { return index_.Text(); }

 private:
  Upstream(const UpstreamOptions& options, http::Url index, http::Client client, Waiter& waiter,
           Random& random);
  struct Answer {
    http::Response response;
    http::Url address;
  };
  StatusOr<Answer> GetOnce(http::Request request, http::Url address,
                           const std::function<Status(std::string_view)>* sink,
                           std::optional<absl::Duration>& retry_after);
  StatusOr<Answer> GetPage(const http::Url& address, std::uint64_t max_bytes,
                           const std::string& etag);

  http::Url index_;
  std::shared_ptr<const SecretBytes> credentials_;
  http::Client client_;
  Waiter& waiter_;
  Random& random_;
};

}  // namespace rind::mirror_syncer
