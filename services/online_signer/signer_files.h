// What an online signer keeps on its host: keys, receipt key, ledger; how they are made, opened and
// destroyed.
//
// Promise: that of common/signer_home.
// Threading: one thread.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/runtime/config.h"
#include "common/runtime/service_main.h"
#include "common/signing/signing_session.h"
#include "services/online_signer/signer_config.h"

namespace rind::online_signer {

// Unlocks keys and reads the pinned keys of others.
StatusOr<signing::SigningSession::Parts> LoadParts(const SignerConfig& config,
                                                   const runtime::Environment& environment,
                                                   const std::vector<std::string>& arguments);

// The subcommands. Arguments: `--passphrase-fd N`, and those named in their help.
Status Init(runtime::Config& config, const runtime::Environment& environment,
            const std::vector<std::string>& arguments);
// `import-key` and `export-key` (SignerHome).
Status ImportKey(runtime::Config& file, const runtime::Environment& environment,
                 const std::vector<std::string>& arguments);
Status ExportKey(runtime::Config& file, const runtime::Environment& environment,
                 const std::vector<std::string>& arguments);
Status Destroy(runtime::Config& config, const runtime::Environment& environment,
               const std::vector<std::string>& arguments);
Status PrintState(runtime::Config& config, const runtime::Environment& environment,
                  const std::vector<std::string>& arguments);

}  // namespace rind::online_signer
