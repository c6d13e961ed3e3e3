// What the offline signer keeps on its host: keys and ledger; how they are made, opened, destroyed.
//
// Promise: made only by Init(), which replaces nothing and goes on where it was interrupted.
// Threading: one thread.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/runtime/config.h"
#include "common/runtime/service_main.h"
#include "common/signing/signing_session.h"
#include "services/offline_signer/signer_config.h"

namespace rind::offline_signer {

StatusOr<signing::SigningSession::Parts> LoadParts(const SignerConfig& config,
                                                   const runtime::Environment& environment);

// The subcommands `init` and `destroy`.
Status Init(runtime::Config& config, const runtime::Environment& environment,
            const std::vector<std::string>& arguments);
Status Destroy(runtime::Config& config, const runtime::Environment& environment,
               const std::vector<std::string>& arguments);

// Asks on standard output and reads standard input; only "yes" is yes.
bool Confirm(const std::string& question);

}  // namespace rind::offline_signer
