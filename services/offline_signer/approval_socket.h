// Where the holder reaches the running signer: a Unix socket on its own host.
//
// Promise: only processes of the same user are answered (SO_PEERCRED), one at a time, each bounded
// in size and time. The socket can show and approve what lies on the desk; it can't lay anything
// there. Form: one line in ("pending", "review ID", "approve ID DIGEST"), then "ok" or "error", a
// newline and text until the end. Threading: Start() makes one thread, Stop() ends it; `desk` must
// outlive both.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "common/base/status.h"
#include "services/offline_signer/proposal_desk.h"

namespace rind::offline_signer {

class ApprovalSocket {
 public:
  static StatusOr<std::unique_ptr<ApprovalSocket>> Start(const std::string& path,
                                                         ProposalDesk& desk);
  ~ApprovalSocket();
  ApprovalSocket(const ApprovalSocket&) = delete;
  ApprovalSocket& operator=(const ApprovalSocket&) = delete;

 private:
  ApprovalSocket(std::string path, int listener, int stop, ProposalDesk& desk);
  void Serve();
  void Answer(int connection);

  const std::string path_;
  const int listener_;
  const int stop_;  // an eventfd: readable when the thread should end
  ProposalDesk& desk_;
  std::thread thread_;
};

// One question to the signer that listens at `path`; Unavailable when none does.
StatusOr<std::string> AskSigner(const std::string& path, const std::string& line);

}  // namespace rind::offline_signer
