#include "services/cli/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// glibc 2.36 declares these without C linkage.
extern "C" {
#include <sys/pidfd.h>
}

#include "common/base/text.h"

namespace rind::cli {
namespace {

// Between two tries to connect to a server that has no READY line (nginx).
constexpr absl::Duration kConnectPause = absl::Milliseconds(20);
constexpr std::uint64_t kMaxStatBytes = 64ULL * 1024;
constexpr std::size_t kLinesInErrors = 6;

// Time left on a monotonic clock, for poll().
class Deadline {
 public:
  explicit Deadline(absl::Duration limit) : end_(Now() + limit) {}
  bool Over() const { return Now() >= end_; }
  int Milliseconds(absl::Duration at_most = absl::Hours(1)) const {
    const absl::Duration left = std::min(end_ - Now(), at_most);
    return static_cast<int>(std::max<std::int64_t>(0, absl::ToInt64Milliseconds(left) + 1));
  }

 private:
  static absl::Duration Now() {
    struct timespec now {};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return absl::DurationFromTimespec(now);
  }
  absl::Duration end_;
};

bool PollReadable(int descriptor, int milliseconds) {
  struct pollfd entry {
    .fd = descriptor, .events = POLLIN, .revents = 0
  };
  return ::poll(&entry, 1, milliseconds) > 0;
}

// Field 22 of /proc/PID/stat; the second field is the name in brackets and may hold anything.
std::optional<std::uint64_t> StartTime(pid_t pid) {
  const auto stat = LocalFileSystem().Read(Cat("/proc/", pid, "/stat"), kMaxStatBytes);
  if (!stat.ok()) return std::nullopt;
  const std::size_t end_of_name = stat->rfind(')');
  if (end_of_name == std::string::npos) return std::nullopt;
  const auto fields = Split(std::string_view(*stat).substr(end_of_name + 2), ' ');
  constexpr std::size_t kStartTime = 22 - 3;
  if (fields.size() <= kStartTime) return std::nullopt;
  return ParseUnsigned(fields[kStartTime], UINT64_MAX);
}

// The environment without our own variables: RIND_SERVICE_LISTEN would override every service's
// config. Failpoints are meant for the services.
std::vector<std::string> CleanEnvironment() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with("RIND_") && !text.starts_with("RIND_FAILPOINT")) continue;
    out.emplace_back(text);
  }
  return out;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Between fork() and exec(): only calls that are safe after a fork of a threaded process.
[[noreturn]] void BecomeProgram(char* const* arguments, char* const* environment, int log,
                                int nothing, bool ends_with_us) {
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (ends_with_us) ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::dup2(nothing, STDIN_FILENO) < 0 || ::dup2(log, STDOUT_FILENO) < 0 ||
      ::dup2(log, STDERR_FILENO) < 0) {
    ::_exit(127);
  }
  ::execve(arguments[0], arguments, environment);
  constexpr std::string_view kMessage = "could not be executed\n";
  (void)!::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(127);
}

std::string Ending(int exit_code) {
  return exit_code > 128 ? Cat("ended by signal ", exit_code - 128)
                         : Cat("ended with exit code ", exit_code);
}

Status EndedTooSoon(const std::string& name, int exit_code, const std::string& log) {
  const std::string lines = LastLines(LocalFileSystem(), log, kLinesInErrors);
  return FailedPrecondition(Cat(name, ": ", Ending(exit_code),
                                lines.empty() ? "" : Cat("; its last words: ", lines),
                                "; log: ", log));
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}
Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

StatusOr<Process> Process::Start(const ProcessSpec& spec) {
  if (::access(spec.arguments.front().c_str(), X_OK) != 0) {
    return NotFound(Cat(spec.name, ": no program ", spec.arguments.front()));
  }
  const Descriptor log(::open(spec.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (log.get() < 0) return Unavailable(Cat(spec.log, ": open: ", std::strerror(errno)));
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::vector<std::string> arguments = spec.arguments;
  std::vector<std::string> environment = CleanEnvironment();
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const pid_t pid = ::fork();
  if (pid < 0) return ResourceExhausted(Cat(spec.name, ": fork: ", std::strerror(errno)));
  if (pid == 0) {
    BecomeProgram(argument_pointers.data(), environment_pointers.data(), log.get(), nothing.get(),
                  spec.ends_with_us);
  }
  Descriptor descriptor(::pidfd_open(pid, 0));
  if (descriptor.get() < 0) return Unavailable(Cat(spec.name, ": pidfd: ", std::strerror(errno)));
  return Process(spec.name, {pid, StartTime(pid).value_or(0)}, std::move(descriptor), true);
}

StatusOr<Process> Process::Attach(const std::string& name, ProcessId id) {
  // The descriptor first: what it stands for can't change any more while we look.
  Descriptor descriptor(::pidfd_open(id.pid, 0));
  if (descriptor.get() < 0 || StartTime(id.pid) != id.started) {
    return NotFound(Cat(name, ": process ", id.pid, " is no more"));
  }
  return Process(name, id, std::move(descriptor), false);
}

Status Process::RunToEnd(const ProcessSpec& spec, absl::Duration limit) {
  RIND_ASSIGN_OR_RETURN(Process process, Start(spec));
  const std::optional<int> exit_code = process.Wait(limit);
  if (!exit_code) {
    process.Signal(SIGKILL);
    process.Wait(absl::Seconds(5));
    return DeadlineExceeded(
        Cat(spec.name, ": not done after ", absl::ToInt64Seconds(limit), " s; log: ", spec.log));
  }
  if (*exit_code != 0) return EndedTooSoon(spec.name, *exit_code, spec.log);
  return OkStatus();
}

bool Process::Ended() const { return exit_code_.has_value() || PollReadable(descriptor_.get(), 0); }

std::optional<int> Process::Wait(absl::Duration limit) {
  if (exit_code_) return exit_code_;
  const Deadline deadline(limit);
  while (!PollReadable(descriptor_.get(), deadline.Milliseconds())) {
    if (deadline.Over()) return std::nullopt;
  }
  if (!child_) {
    exit_code_ = -1;
    return exit_code_;
  }
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(descriptor_.get()), &info, WEXITED) != 0) return -1;
  exit_code_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  return exit_code_;
}

void Process::Signal(int signal) const {
  ::pidfd_send_signal(descriptor_.get(), signal, nullptr, 0);
}

std::vector<std::string> StopAll(std::vector<Process>& processes, absl::Duration grace) {
  for (const Process& process : processes) process.Signal(SIGTERM);
  const Deadline deadline(grace);
  std::vector<std::string> killed;
  for (Process& process : processes) {
    if (process.Wait(absl::Milliseconds(deadline.Milliseconds()))) continue;
    process.Signal(SIGKILL);
    process.Wait(absl::Seconds(5));
    killed.push_back(process.name());
  }
  return killed;
}

LogTail LogTail::AtEnd(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() >= 0) ::lseek(file.get(), 0, SEEK_END);
  return LogTail(std::move(file));
}

std::vector<std::string> LogTail::Read() {
  std::array<char, 16UL * 1024> buffer{};
  // A bound for one call: a service that writes faster than we print is read on next time.
  for (int pieces = 0; pieces < 64; ++pieces) {
    const ssize_t got = ::read(file_.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    partial_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  std::vector<std::string> lines = Split(partial_, '\n');
  partial_ = lines.back();
  lines.pop_back();
  return lines;
}

std::string LastLines(const FileReader& files, const std::string& log, std::size_t count) {
  constexpr std::uint64_t kMaxLog = 64ULL * 1024 * 1024;
  const auto text = files.Read(log, kMaxLog);
  if (!text.ok()) return "";
  std::vector<std::string> lines = Split(Trim(*text), '\n');
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
  return Join(lines, " | ");
}

StatusOr<std::string> WaitUntilReady(Process& process, LogTail& tail, const std::string& log,
                                     absl::Duration limit) {
  const Descriptor watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(watch.get(), log.c_str(), IN_MODIFY);
  const Deadline deadline(limit);
  while (true) {
    const bool ended = process.Ended();
    for (const std::string& line : tail.Read()) {
      if (line.starts_with("READY")) return line;
    }
    if (ended)
      return EndedTooSoon(process.name(), process.Wait(absl::ZeroDuration()).value_or(-1), log);
    if (deadline.Over()) {
      return DeadlineExceeded(Cat(process.name(), ": not ready in time; its last words: ",
                                  LastLines(LocalFileSystem(), log, kLinesInErrors),
                                  "; log: ", log));
    }
    std::array<struct pollfd, 2> entries = {
        {{.fd = watch.get(), .events = POLLIN, .revents = 0},
         {.fd = process.descriptor(), .events = POLLIN, .revents = 0}}};
    ::poll(entries.data(), entries.size(), deadline.Milliseconds());
    std::array<char, 4096> events{};
    while (::read(watch.get(), events.data(), events.size()) > 0) {
    }
  }
}

namespace {

sockaddr_in Loopback(std::uint16_t port) {
  struct sockaddr_in address {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool CanConnect(std::uint16_t port) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const struct sockaddr_in address = Loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const struct sockaddr*>(&address),
                   sizeof(address)) == 0;
}

}  // namespace

Status WaitUntilListening(Process& process, std::uint16_t port, const std::string& log,
                          absl::Duration limit) {
  const Deadline deadline(limit);
  while (!CanConnect(port)) {
    if (PollReadable(process.descriptor(), deadline.Milliseconds(kConnectPause))) {
      return EndedTooSoon(process.name(), process.Wait(absl::ZeroDuration()).value_or(-1), log);
    }
    if (deadline.Over()) {
      return DeadlineExceeded(
          Cat(process.name(), ": nothing listens on port ", port, "; log: ", log));
    }
  }
  return OkStatus();
}

bool PortIsFree(std::uint16_t port) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;  // as servers do: a port in TIME_WAIT is free for them
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  const struct sockaddr_in address = Loopback(port);
  return ::bind(socket.get(), reinterpret_cast<const struct sockaddr*>(&address),
                sizeof(address)) == 0 &&
         ::listen(socket.get(), 1) == 0;
}

ProcessId OwnProcessId() { return {::getpid(), StartTime(::getpid()).value_or(0)}; }

std::string EncodeProcessId(ProcessId id) {
  return Cat(static_cast<std::int64_t>(id.pid), " ", id.started, "\n");
}

std::optional<ProcessId> DecodeProcessId(std::string_view text) {
  const auto parts = Split(Trim(text), ' ');
  if (parts.size() != 2) return std::nullopt;
  const auto pid = ParseUnsigned(parts[0], INT32_MAX);
  const auto started = ParseUnsigned(parts[1], UINT64_MAX);
  if (!pid || *pid == 0 || !started) return std::nullopt;
  return ProcessId{static_cast<pid_t>(*pid), *started};
}

}  // namespace rind::cli
