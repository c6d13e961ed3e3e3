// Other programs: started, watched, ended.
//
// Promise: a started process has its own group (a Ctrl-C in the terminal reaches rind alone, which
// then stops all in order), standard input from /dev/null, output appended to its log file, default
// signal handling and no RIND_* variable of ours. A process is ended only after a look that its id
// is still that process. Waiting is on the process itself, never by sleeping. Threading: one
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/base/status.h"

namespace rind::cli {

// An open descriptor, closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return value_; }

 private:
  int value_;
};

// Which process: an id alone is used again, id and start time together are not (until a reboot).
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t started = 0;  // /proc/PID/stat, field 22
};

struct ProcessSpec {
  std::string name;
  std::vector<std::string> arguments;  // [0] is the program
  std::string log;
  bool ends_with_us = false;  // SIGTERM when rind itself dies
};

class Process {
 public:
  static StatusOr<Process> Start(const ProcessSpec& spec);
  // A process that another rind started; NotFound when it is no more.
  static StatusOr<Process> Attach(const std::string& name, ProcessId id);
  // Starts, waits for the end; an exit other than 0 is FailedPrecondition with the log's last
  // lines.
  static Status RunToEnd(const ProcessSpec& spec, absl::Duration limit);

  const std::string& name() const { return name_; }
  ProcessId id() const { return id_; }
  // Readable for poll() when the process has ended.
  int descriptor() const { return descriptor_.get(); }
  bool Ended() const;
  // Waits for the end; nothing when the time is over before. The exit code, 128 + the signal, or -1
  // for a process that is not our child.
  std::optional<int> Wait(absl::Duration limit);
  void Signal(int signal) const;

 private:
  Process(std::string name, ProcessId id, Descriptor descriptor, bool child)
      : name_(std::move(name)), id_(id), descriptor_(std::move(descriptor)), child_(child) {}
  std::string name_;
  ProcessId id_;
  Descriptor descriptor_;
  bool child_;
  std::optional<int> exit_code_;
};

// SIGTERM to all, in order; SIGKILL to those that are still there after `grace`. Names of those
// that had to be killed.
std::vector<std::string> StopAll(std::vector<Process>& processes, absl::Duration grace);

// The lines that a growing log file got since the last call.
class LogTail {
 public:
  // Begins at the file's present end.
  static LogTail AtEnd(const std::string& path);
  // Whole lines that are new.
  std::vector<std::string> Read();

 private:
  explicit LogTail(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
  std::string partial_;
};

// The last lines of a log, for an error message.
std::string LastLines(const FileReader& files, const std::string& log, std::size_t count);

// Waits until a line of the log begins with "READY", which it returns. FailedPrecondition with the
// log's last lines when the process ends before, DeadlineExceeded when the time is over.
StatusOr<std::string> WaitUntilReady(Process& process, LogTail& tail, const std::string& log,
                                     absl::Duration limit);

// Waits until a TCP connection to 127.0.0.1:port succeeds; errors as above.
Status WaitUntilListening(Process& process, std::uint16_t port, const std::string& log,
                          absl::Duration limit);

// OK when nothing listens on 127.0.0.1:port.
bool PortIsFree(std::uint16_t port);

// This process, as others would find it.
ProcessId OwnProcessId();

// "PID START", as in run/NAME.pid.
std::string EncodeProcessId(ProcessId id);
std::optional<ProcessId> DecodeProcessId(std::string_view text);

}  // namespace rind::cli
