#include "services/cli/commands_table.h"

namespace rind::cli {

const std::vector<Command>& Commands() {
  static const auto* const commands = new std::vector<Command>{
      UpCommand(),      DownCommand(),       CreateCommand(), SyncCommand(),
      ReleaseCommand(), TimestampCommand(),  UpdateCommand(), StatusCommand(),
      CheckCommand(),   DestroyCommand(),    ClaimsCommand(), PromoteCommand(),
      ExplainCommand(), DownloadCommand(),   ClientCommand(), GatewayCommand(),
      DemoCommand(),    CompletionCommand(),
  };
  return *commands;
}

}  // namespace rind::cli
