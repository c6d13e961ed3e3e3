#include "services/offline_signer/approval_commands.h"

#include <cstdio>
#include <utility>

#include "common/base/text.h"
#include "common/signer_home/signer_home.h"
#include "services/offline_signer/approval_socket.h"
#include "services/offline_signer/signer_config.h"

namespace rind::offline_signer {
namespace {

struct Shown {
  std::string digest;
  std::string text;
};

StatusOr<Shown> FetchReview(const SignerConfig& config, const std::string& id) {
  RIND_ASSIGN_OR_RETURN(const std::string answer,
                        AskSigner(config.approval_socket, Cat("review ", id)));
  const auto end = answer.find('\n');
  if (end == std::string::npos) return Unavailable("the signer's answer is cut short");
  return Shown{answer.substr(0, end), answer.substr(end + 1)};
}

StatusOr<std::string> IdOf(const std::vector<std::string>& arguments, std::string_view command) {
  if (arguments.empty() || arguments[0].starts_with("-") ||
      arguments[0].find_first_of(" \n") != std::string::npos) {
    return InvalidArgument(Cat(command, ": wanted the ID of a proposal; `pending` lists them"));
  }
  return arguments[0];
}

void Print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

Status PendingCommand(runtime::Config& file, const runtime::Environment& /*environment*/,
                      const std::vector<std::string>& /*arguments*/) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  RIND_ASSIGN_OR_RETURN(const std::string answer, AskSigner(config.approval_socket, "pending"));
  Print(answer);
  return OkStatus();
}

Status ReviewCommand(runtime::Config& file, const runtime::Environment& /*environment*/,
                     const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  RIND_ASSIGN_OR_RETURN(const std::string id, IdOf(arguments, "review"));
  RIND_ASSIGN_OR_RETURN(const Shown shown, FetchReview(config, id));
  Print(shown.text);
  return OkStatus();
}

Status ApproveCommand(runtime::Config& file, const runtime::Environment& /*environment*/,
                      const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  RIND_ASSIGN_OR_RETURN(const std::string id, IdOf(arguments, "approve"));
  RIND_ASSIGN_OR_RETURN(const Shown shown, FetchReview(config, id));
  Print(shown.text);
  const bool sure = arguments.size() > 1 && arguments[1] == "--yes";
  if (!sure && !signer_home::Confirm("\nSign exactly this?")) {
    return Cancelled("nothing was signed");
  }
  RIND_ASSIGN_OR_RETURN(const std::string answer,
                        AskSigner(config.approval_socket, Cat("approve ", id, " ", shown.digest)));
  Print(answer);
  return OkStatus();
}

}  // namespace rind::offline_signer
