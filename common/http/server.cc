#include "common/http/server.h"

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <set>
#include <thread>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/log.h"
#include "common/base/text.h"

namespace rind::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kIoThreads = 2;
// A peer must take this much within idle_timeout.
constexpr std::size_t kPiece = 256UL * 1024;
// After an accept that failed (no descriptors left): not at once again.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

std::chrono::milliseconds ToChrono(absl::Duration duration) {
  return std::chrono::milliseconds(absl::ToInt64Milliseconds(duration));
}

bool BreaksALine(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

// The bytes before a body.
StatusOr<std::string> HeaderText(int status, std::string_view reason,
                                 const ResponseWriter::Headers& headers,
                                 std::uint64_t content_length, bool keep_alive) {
  std::string usual;
  if (reason.empty()) {
    usual = std::string(
        beast::http::obsolete_reason(beast::http::int_to_status(static_cast<unsigned>(status))));
    reason = usual;
  }
  if (BreaksALine(reason)) return Internal("HTTP response: a line break in the reason phrase");
  std::string text = Cat("HTTP/1.1 ", status, " ", reason, "\r\n");
  for (const auto& [name, value] : headers) {
    if (BreaksALine(name) || BreaksALine(value)) {
      return Internal(Cat("HTTP response: a line break in header ", Printable(name)));
    }
    text += Cat(name, ": ", value, "\r\n");
  }
  // RFC 9110 section 8.6: a 304 has no content, and its length would be the 200's.
  if (status != 304) text += Cat("Content-Length: ", content_length, "\r\n");
  text += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return text;
}

class ServerImpl;

// One connection. Reading is asynchronous, so that an idle connection costs no thread; a handler
// writes from its own thread and waits for each piece to be taken.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(ServerImpl& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {}

  void Start();
  void Read();
  void OnRead(const error_code& error);
  void Answer();
  // Sends bytes from a handler's thread.
  Status Send(std::string_view first, std::string_view second);
  void Refuse(int status, std::string_view why);
  void Close();
  auto executor() { return stream_.get_executor(); }

 private:
  Status SendPiece(std::string_view first, std::string_view second);

  ServerImpl& server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<beast::http::empty_body>> parser_;
  ServerRequest request_;
  bool keep_alive_ = false;
};

// What the handler sees.
class Writer final : public ResponseWriter {
 public:
  Writer(Session& session, bool head, bool keep_alive)
      : session_(session), head_(head), keep_alive_(keep_alive) {}

  Status Send(int status, std::string_view reason, const Headers& headers,
              std::string_view body) override {
    RIND_RETURN_IF_ERROR(MayBegin());
    RIND_ASSIGN_OR_RETURN(const std::string text,
                          HeaderText(status, reason, headers, body.size(), keep_alive_));
    state_ = State::kBegun;
    RIND_RETURN_IF_ERROR(session_.Send(text, head_ || status == 304 ? std::string_view() : body));
    state_ = State::kFinished;
    return OkStatus();
  }

  Status Begin(int status, std::string_view reason, const Headers& headers,
               std::uint64_t content_length) override {
    RIND_RETURN_IF_ERROR(MayBegin());
    RIND_ASSIGN_OR_RETURN(const std::string text,
                          HeaderText(status, reason, headers, content_length, keep_alive_));
    state_ = State::kBegun;
    left_ = content_length;
    return session_.Send(text, {});
  }

  Status Write(std::string_view piece) override {
    if (state_ != State::kBegun) return Internal("HTTP response: Write() without Begin()");
    if (piece.size() > left_) return Internal("HTTP response: more than its announced length");
    left_ -= piece.size();
    return head_ || piece.empty() ? OkStatus() : session_.Send(piece, {});
  }

  Status Finish() override {
    if (state_ != State::kBegun) return Internal("HTTP response: Finish() without Begin()");
    if (left_ != 0 && !head_) return Internal("HTTP response: less than its announced length");
    state_ = State::kFinished;
    return OkStatus();
  }

  bool untouched() const { return state_ == State::kNothing; }
  bool finished() const { return state_ == State::kFinished; }

 private:
  enum class State { kNothing, kBegun, kFinished };
  Status MayBegin() const {
    return state_ == State::kNothing ? OkStatus() : Internal("HTTP response: begun twice");
  }

  Session& session_;
  const bool head_;
  const bool keep_alive_;
  State state_ = State::kNothing;
  std::uint64_t left_ = 0;
};

class ServerImpl final : public Server {
 public:
  ServerImpl(const ServerOptions& options, Handler handler)
      : options_(options),
        handler_(std::move(handler)),
        io_(kIoThreads),
        work_(io_.get_executor()),
        acceptor_(asio::make_strand(io_)),
        pause_(acceptor_.get_executor()),
        handlers_(static_cast<std::size_t>(options.threads)) {}
  ~ServerImpl() override { Stop(absl::ZeroDuration()); }
  ServerImpl(const ServerImpl&) = delete;
  ServerImpl& operator=(const ServerImpl&) = delete;

  Status Listen();
  std::uint16_t port() const override { return port_; }
  void Stop(absl::Duration grace) override;

  void Accept();
  void Forget(const std::shared_ptr<Session>& session) {
    const absl::MutexLock lock(&mutex_);
    sessions_.erase(session);
  }
  void Answering(int change) {
    const absl::MutexLock lock(&mutex_);
    answering_ += change;
  }
  bool stopping() const { return stopping_.load(); }
  const ServerOptions& options() const { return options_; }
  const Handler& handler() const { return handler_; }
  asio::thread_pool& handlers() { return handlers_; }

 private:
  // Whether the connection may stay.
  bool Remember(const std::shared_ptr<Session>& session) {
    const absl::MutexLock lock(&mutex_);
    sessions_.insert(session);
    return sessions_.size() <= static_cast<std::size_t>(options_.max_connections);
  }
  bool NothingBusy() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return answering_ == 0; }

  const ServerOptions options_;
  const Handler handler_;
  asio::io_context io_;
  // While a handler runs there may be nothing to do, and run() must not return.
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  asio::thread_pool handlers_;
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  absl::Mutex mutex_;
  std::set<std::shared_ptr<Session>> sessions_ ABSL_GUARDED_BY(mutex_);
  int answering_ ABSL_GUARDED_BY(mutex_) = 0;
};

void Session::Start() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->Read(); });
}

void Session::Read() {
  if (server_.stopping()) {
    Close();
    return;
  }
  parser_.emplace();
  parser_->header_limit(server_.options().max_header_bytes);
  stream_.expires_after(ToChrono(server_.options().idle_timeout));
  beast::http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const error_code& error, std::size_t) { self->OnRead(error); });
}

void Session::OnRead(const error_code& error) {
  stream_.expires_never();
  if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow) {
    Refuse(431, "the request's headers are too large");
    return;
  }
  if (error.category() == beast::http::make_error_code(beast::http::error::bad_method).category() &&
      error != beast::http::error::end_of_stream && error != beast::http::error::partial_message) {
    Refuse(400, "this is no HTTP/1.1 request");
    return;
  }
  if (error) {
    Close();
    return;
  }
  const auto& message = parser_->get();
  const auto value = [&message](beast::http::field field) {
    const auto found = message[field];
    return std::string(found.data(), found.size());
  };
  if (message.method() != beast::http::verb::get && message.method() != beast::http::verb::head) {
    Refuse(405, "only GET and HEAD are served");
    return;
  }
  if (parser_->chunked() || parser_->content_length().value_or(0) != 0) {
    Refuse(413, "a request with a body is not taken");
    return;
  }
  if (buffer_.size() != 0) {
    Refuse(400, "pipelined requests are not taken");
    return;
  }
  const auto target = message.target();
  error_code ignored;
  const auto peer = stream_.socket().remote_endpoint(ignored);
  request_ = ServerRequest{
      .method = message.method() == beast::http::verb::head ? "HEAD" : "GET",
      .target = std::string(target.data(), target.size()),
      .accept = value(beast::http::field::accept),
      .accept_encoding = value(beast::http::field::accept_encoding),
      .if_none_match = value(beast::http::field::if_none_match),
      .range = value(beast::http::field::range),
      .user_agent = value(beast::http::field::user_agent),
      .peer = ignored ? std::string() : peer.address().to_string(),
  };
  keep_alive_ = parser_->keep_alive();
  server_.Answering(1);
  asio::post(server_.handlers(), [self = shared_from_this()] { self->Answer(); });
}

void Session::Answer() {
  const bool keep_alive = keep_alive_ && !server_.stopping();
  Writer writer(*this, request_.method == "HEAD", keep_alive);
  server_.handler()(request_, writer);
  if (writer.untouched()) {
    const Status sent = writer.Send(500, "", {{"Content-Type", "text/plain"}}, "no answer\n");
    if (!sent.ok())
      LogWarning("HTTP: no answer could be sent", {{"error", std::string(MessageOf(sent))}});
  }
  const bool again = writer.finished() && keep_alive;
  asio::post(stream_.get_executor(), [self = shared_from_this(), again] {
    self->server_.Answering(-1);
    if (again) {
      self->Read();
    } else {
      self->Close();
    }
  });
}

Status Session::Send(std::string_view first, std::string_view second) {
  RIND_RETURN_IF_ERROR(SendPiece(first, second.substr(0, kPiece)));
  for (std::size_t sent = kPiece; sent < second.size(); sent += kPiece) {
    RIND_RETURN_IF_ERROR(SendPiece(second.substr(sent, kPiece), {}));
  }
  return OkStatus();
}

Status Session::SendPiece(std::string_view first, std::string_view second) {
  const auto promise = std::make_shared<std::promise<error_code>>();
  auto taken = promise->get_future();
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first.data(), first.size()),
                                                     asio::buffer(second.data(), second.size())};
  asio::post(stream_.get_executor(), [self = shared_from_this(), promise, buffers] {
    self->stream_.expires_after(ToChrono(self->server_.options().idle_timeout));
    asio::async_write(self->stream_, buffers,
                      [self, promise](const error_code& error, std::size_t) {
                        self->stream_.expires_never();
                        promise->set_value(error);
                      });
  });
  // The write ends by itself after idle_timeout at the latest, so this wait does too.
  const error_code error = taken.get();
  if (!error) return OkStatus();
  return Unavailable(Cat("client ", request_.peer, ": ", error.message()));
}

// On the connection's own strand: a short answer, then the end.
void Session::Refuse(int status, std::string_view why) {
  ResponseWriter::Headers headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  if (status == 405) headers.emplace_back("Allow", "GET, HEAD");
  if (status == 503) headers.emplace_back("Retry-After", "5");
  const std::string body = Cat(why, "\n");
  const auto head = HeaderText(status, "", headers, body.size(), false);
  if (!head.ok()) {
    Close();
    return;
  }
  const auto text = std::make_shared<std::string>(Cat(*head, body));
  stream_.expires_after(ToChrono(server_.options().idle_timeout));
  asio::async_write(
      stream_, asio::buffer(*text),
      [self = shared_from_this(), text](const error_code&, std::size_t) { self->Close(); });
}

void Session::Close() {
  error_code ignored;  // the peer may be gone already
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  stream_.close();
  server_.Forget(shared_from_this());
}

Status ServerImpl::Listen() {
  error_code error;
  tcp::resolver resolver(io_);
  const auto found = resolver.resolve(options_.address, "", error);
  if (error || found.empty()) {
    return InvalidArgument(Cat(options_.address, ": is no address of this machine"));
  }
  const tcp::endpoint endpoint(found.begin()->endpoint().address(), options_.port);
  const auto failed = [&](std::string_view what) {
    return Unavailable(
        Cat(options_.address, ":", options_.port, ": ", what, ": ", error.message()));
  };
  acceptor_.open(endpoint.protocol(), error);
  if (error) return failed("open");
  acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (error) return failed("set option");
  acceptor_.bind(endpoint, error);
  if (error) return failed("bind");
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen");
  port_ = acceptor_.local_endpoint(error).port();
  if (error) return failed("read the port");
  Accept();
  for (int i = 0; i < kIoThreads; ++i) {
    threads_.emplace_back([this] { io_.run(); });
  }
  return OkStatus();
}

void ServerImpl::Accept() {
  acceptor_.async_accept(
      asio::make_strand(io_), [this](const error_code& error, tcp::socket socket) {
        if (stopping()) return;
        if (error) {
          pause_.expires_after(kAcceptPause);
          pause_.async_wait([this](const error_code& ended) {
            if (!ended && !stopping()) Accept();
          });
          return;
        }
        error_code ignored;  // a latency matter only
        socket.set_option(tcp::no_delay(true), ignored);
        const auto session = std::make_shared<Session>(*this, std::move(socket));
        if (Remember(session)) {
          session->Start();
        } else {
          asio::dispatch(session->executor(),
                         [session] { session->Refuse(503, "too many connections"); });
        }
        Accept();
      });
}

void ServerImpl::Stop(absl::Duration grace) {
  if (stopping_.exchange(true)) return;
  if (threads_.empty()) return;  // never listened
  std::promise<void> closed;
  asio::post(acceptor_.get_executor(), [this, &closed] {
    error_code ignored;  // closing is all that can be done
    acceptor_.close(ignored);
    pause_.cancel();
    closed.set_value();
  });
  closed.get_future().wait();
  std::set<std::shared_ptr<Session>> left;
  {
    const absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(this, &ServerImpl::NothingBusy), grace);
    left = sessions_;
  }
  for (const auto& session : left) {
    asio::post(session->executor(), [session] { session->Close(); });
  }
  left.clear();
  // Handlers whose connection is cut get an error from their next write.
  handlers_.join();
  io_.stop();
  for (std::thread& thread : threads_) thread.join();
  const absl::MutexLock lock(&mutex_);
  sessions_.clear();
}

}  // namespace

StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, Handler handler) {
  if (options.threads < 1 || options.max_connections < 1 || options.max_header_bytes == 0) {
    return InvalidArgument("HTTP server: threads, connections and header bytes must be positive");
  }
  auto server = std::make_unique<ServerImpl>(options, std::move(handler));
  RIND_RETURN_IF_ERROR(server->Listen());
  return server;
}

}  // namespace rind::http
