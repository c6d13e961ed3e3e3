// What the offline signer keeps on its host: keys and ledger; how they are made, opened, destroyed.
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
#include "services/offline_signer/signer_config.h"

namespace rind::offline_signer {

StatusOr<signing::SigningSession::Parts> LoadParts(const SignerConfig& config,
                                                   const runtime::Environment& environment);

// The subcommands `init` and `destroy`.
Status Init(runtime::Config& config, const runtime::Environment& environment,
            const std::vector<std::string>& arguments);
// `import-key` and `export-key` (SignerHome).
Status ImportKey(runtime::Config& file, const runtime::Environment& environment,
                 const std::vector<std::string>& arguments);
Status ExportKey(runtime::Config& file, const runtime::Environment& environment,
                 const std::vector<std::string>& arguments);
Status Destroy(runtime::Config& config, const runtime::Environment& environment,
               const std::vector<std::string>& arguments);

}  // namespace rind::offline_signer
