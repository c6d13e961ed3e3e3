// A program under test as a process of its own.
//
// Promise: ended, at the latest, when the object goes; its output is kept. Ended by its own id
// only. Threading: one thread at a time; a thread of its own collects the output.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"

namespace rind::testing {

class ChildProcess {
 public:
  // Starts `arguments[0]` with the others as its arguments; `environment` ("NAME=value") is added
  // to this process's.
  static StatusOr<std::unique_ptr<ChildProcess>> Start(
      const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {});
  virtual ~ChildProcess() = default;

  // Waits for a line of its output that holds `text` and returns the line; FailedPrecondition with
  // all output when it ends before, DeadlineExceeded after `limit`.
  virtual StatusOr<std::string> WaitForLine(const std::string& text, absl::Duration limit) = 0;
  // Waits for its end: the exit code, or 128 + the signal that ended it.
  virtual StatusOr<int> WaitForExit(absl::Duration limit) = 0;
  virtual void Signal(int signal) = 0;
  virtual int id() const = 0;
  // Standard output and standard error so far.
  virtual std::string Output() const = 0;
};

// Runs a program to its end: FailedPrecondition with its output unless it exits with 0.
StatusOr<std::string> RunProgram(const std::vector<std::string>& arguments, absl::Duration limit);

// The folder of the programs under test (RIND_BIN, set by ctest).
std::string ProgramFolder();
// A new folder below the test's temporary folder.
std::string NewFolder(const std::string& name);

}  // namespace rind::testing
