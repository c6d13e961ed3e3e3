#include "services/offline_signer/approval_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/text.h"

namespace rind::offline_signer {
namespace {

constexpr std::size_t kMaxQuestion = 256;
constexpr std::size_t kMaxAnswer = 32ULL * 1024 * 1024;
constexpr timeval kPatience = {10, 0};

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int Release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

bool WriteAll(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Until the peer ends, or, with `line`, until the first newline.
StatusOr<std::string> ReadBounded(int connection, std::size_t most, bool line) {
  std::string out;
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t got = ::recv(connection, piece.data(), piece.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unavailable(Cat("approval socket: ", std::strerror(errno)));
    if (got == 0) return out;
    out.append(piece.data(), static_cast<std::size_t>(got));
    if (out.size() > most) return ResourceExhausted(Cat("approval socket: over ", most, " bytes"));
    if (line && out.find('\n') != std::string::npos) return out.substr(0, out.find('\n'));
  }
}

bool SameUser(int connection) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == ::geteuid();
}

void SetPatience(int connection) {
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
}

StatusOr<int> ConnectTo(const std::string& path) {
  Descriptor connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connection.get() < 0) return Unavailable(Cat("socket: ", std::strerror(errno)));
  const sockaddr_un address = AddressOf(path);
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
      0) {
    return Unavailable(
        Cat(path, ": no offline signer listens here (", std::strerror(errno), "): start it first"));
  }
  return connection.Release();
}

StatusOr<std::string> Dispatch(const std::string& question, ProposalDesk& desk) {
  const std::vector<std::string> words = Split(question, ' ');
  if (words.size() == 1 && words[0] == "pending") return desk.Pending();
  if (words.size() == 2 && words[0] == "review") {
    Sha256Digest digest;
    RIND_ASSIGN_OR_RETURN(const std::string text, desk.Review(words[1], &digest));
    return Cat(digest.Hex(), "\n", text);
  }
  if (words.size() == 3 && words[0] == "approve") {
    RIND_ASSIGN_OR_RETURN(const auto digest, Sha256Digest::FromHex(words[2]));
    return desk.Approve(words[1], digest);
  }
  return InvalidArgument("wanted pending, review ID or approve ID DIGEST");
}

}  // namespace

StatusOr<std::unique_ptr<ApprovalSocket>> ApprovalSocket::Start(const std::string& path,
                                                                ProposalDesk& desk) {
  // A socket that a killed signer left: nobody listens. The ledger's lock keeps out a second
  // signer.
  ::unlink(path.c_str());
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Descriptor stop(::eventfd(0, EFD_CLOEXEC));
  if (listener.get() < 0 || stop.get() < 0) {
    return Internal(Cat(path, ": socket: ", std::strerror(errno)));
  }
  const sockaddr_un address = AddressOf(path);
  // The process's umask (077) makes it its owner's alone.
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 4) != 0) {
    return FailedPrecondition(Cat(path, ": can't listen: ", std::strerror(errno)));
  }
  return std::unique_ptr<ApprovalSocket>(
      new ApprovalSocket(path, listener.Release(), stop.Release(), desk));
}

ApprovalSocket::ApprovalSocket(std::string path, int listener, int stop, ProposalDesk& desk)
    : path_(std::move(path)), listener_(listener), stop_(stop), desk_(desk), thread_([this] {
        Serve();
      }) {}

ApprovalSocket::~ApprovalSocket() {
  const std::uint64_t one = 1;
  if (::write(stop_, &one, sizeof one) != sizeof one) LogError("approval socket: can't be stopped");
  thread_.join();
  ::close(listener_);
  ::close(stop_);
  ::unlink(path_.c_str());
}

void ApprovalSocket::Serve() {
  while (true) {
    std::array<pollfd, 2> waiting = {pollfd{listener_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR) continue;
      LogError(Cat("approval socket: ", std::strerror(errno)));
      return;
    }
    if (waiting[1].revents != 0) return;
    const Descriptor connection(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.get() >= 0) Answer(connection.get());
  }
}

void ApprovalSocket::Answer(int connection) {
  SetPatience(connection);
  if (!SameUser(connection)) {
    LogWarning("approval socket: a process of another user was turned away");
    return;
  }
  const auto question = ReadBounded(connection, kMaxQuestion, /*line=*/true);
  if (!question.ok()) return;
  const auto answer = Dispatch(*question, desk_);
  const std::string text =
      answer.ok() ? Cat("ok\n", *answer) : Cat("error\n", MessageOf(answer.status()), "\n");
  if (!WriteAll(connection, text)) LogWarning("approval socket: the answer could not be sent");
}

StatusOr<std::string> AskSigner(const std::string& path, const std::string& line) {
  RIND_ASSIGN_OR_RETURN(const int descriptor, ConnectTo(path));
  const Descriptor connection(descriptor);
  if (!SameUser(connection.get())) {
    return PermissionDenied(Cat(path, ": belongs to a signer of another user"));
  }
  if (!WriteAll(connection.get(), Cat(line, "\n"))) {
    return Unavailable(Cat(path, ": the signer does not listen any more"));
  }
  RIND_ASSIGN_OR_RETURN(const std::string answer,
                        ReadBounded(connection.get(), kMaxAnswer, /*line=*/false));
  if (answer.starts_with("ok\n")) return answer.substr(3);
  if (answer.starts_with("error\n")) return FailedPrecondition(Trim(answer.substr(6)));
  return Unavailable(Cat(path, ": the signer gave no answer"));
}

}  // namespace rind::offline_signer
