#include "common/testing/child_process.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/text.h"

extern char** environ;

namespace rind::testing {
namespace {

class Child final : public ChildProcess {
 public:
  Child(int id, int output) : id_(id), output_(output), reader_([this] { Collect(); }) {}

  ~Child() override {
    if (!exit_) {
      ::kill(id_, SIGKILL);
      Reap(0);
    }
    reader_.join();
    ::close(output_);
  }

  StatusOr<std::string> WaitForLine(const std::string& text, absl::Duration limit) override {
    struct Wanted {
      Child* self;
      const std::string* text;
    } wanted{this, &text};
    const absl::MutexLock lock(&mutex_);
    const auto there = [](Wanted* w) {
      w->self->mutex_.AssertHeld();
      return w->self->closed_ || !w->self->LineWith(*w->text).empty();
    };
    const bool in_time = mutex_.AwaitWithTimeout(absl::Condition(+there, &wanted), limit);
    std::string line = LineWith(text);
    if (!line.empty()) return line;
    if (!in_time) return DeadlineExceeded(Cat("no line with \"", text, "\" in:\n", text_));
    return FailedPrecondition(Cat("it ended without \"", text, "\":\n", text_));
  }

  StatusOr<int> WaitForExit(absl::Duration limit) override {
    {
      // Its end closes the pipe: waiting for that is waiting for the process.
      const absl::MutexLock lock(&mutex_);
      if (!mutex_.AwaitWithTimeout(absl::Condition(&closed_), limit)) {
        return DeadlineExceeded(
            Cat("still running after ", absl::ToInt64Seconds(limit), " s:\n", text_));
      }
    }
    if (!exit_) Reap(0);
    return *exit_;
  }

  void Signal(int signal) override {
    if (!exit_) ::kill(id_, signal);
  }
  int id() const override { return id_; }
  std::string Output() const override {
    const absl::MutexLock lock(&mutex_);
    return text_;
  }

 private:
  void Collect() {
    char piece[4096];
    while (true) {
      const ssize_t got = ::read(output_, piece, sizeof piece);
      if (got < 0 && errno == EINTR) continue;
      const absl::MutexLock lock(&mutex_);
      if (got <= 0) {
        closed_ = true;
        return;
      }
      text_.append(piece, static_cast<std::size_t>(got));
    }
  }

  void Reap(int options) {
    int status = 0;
    if (::waitpid(id_, &status, options) == id_) {
      exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else {
      exit_ = -1;
    }
  }

  std::string LineWith(const std::string& text) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::size_t at = text_.find(text);
    if (at == std::string::npos) return "";
    const std::size_t end = text_.find('\n', at);
    if (end == std::string::npos) return "";
    const std::size_t start = text_.rfind('\n', at);
    const std::size_t first = start == std::string::npos ? 0 : start + 1;
    return text_.substr(first, end - first);
  }

  const int id_;
  const int output_;
  std::optional<int> exit_;
  mutable absl::Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread reader_;
};

}  // namespace

StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Internal(Cat("pipe: ", std::strerror(errno)));
  std::vector<std::string> variables = environment;
  for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (const std::string& variable : variables) envp.push_back(const_cast<char*>(variable.c_str()));
  envp.push_back(nullptr);

  const int id = ::fork();
  if (id < 0) return Internal(Cat("fork: ", std::strerror(errno)));
  if (id == 0) {
    ::dup2(ends[1], 1);
    ::dup2(ends[1], 2);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  return std::make_unique<Child>(id, ends[0]);
}

StatusOr<std::string> RunProgram(const std::vector<std::string>& arguments, absl::Duration limit) {
  RIND_ASSIGN_OR_RETURN(const auto child, ChildProcess::Start(arguments));
  RIND_ASSIGN_OR_RETURN(const int code, child->WaitForExit(limit));
  if (code != 0) {
    return FailedPrecondition(Cat(arguments[0], " ended with ", code, ":\n", child->Output()));
  }
  return child->Output();
}

std::string ProgramFolder() {
  const char* folder = std::getenv("RIND_BIN");
  return folder == nullptr ? "build/release/bin" : folder;
}

std::string NewFolder(const std::string& name) {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = Cat(base == nullptr ? "/tmp" : base, "/rind-", name, "-XXXXXX");
  return ::mkdtemp(pattern.data()) == nullptr ? "" : pattern;
}

}  // namespace rind::testing
