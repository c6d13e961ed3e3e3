// The commands of `rind`, one file each. Threading: called once each.
#pragma once

#include "services/cli/command.h"

namespace rind::cli {

Command UpCommand();
Command DownCommand();
Command CreateCommand();
Command SyncCommand();
Command ReleaseCommand();
Command TimestampCommand();
Command UpdateCommand();
Command StatusCommand();
Command CheckCommand();
Command DestroyCommand();
Command ClaimsCommand();
Command PromoteCommand();
Command ExplainCommand();
Command DownloadCommand();
Command ClientCommand();
Command GatewayCommand();
Command DemoCommand();
Command CompletionCommand();

}  // namespace rind::cli
