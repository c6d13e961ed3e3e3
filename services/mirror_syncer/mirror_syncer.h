// The program rind-mirror-syncer, put together.
//
// Threading: called by ServiceMain.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/runtime/config.h"
#include "common/runtime/service_main.h"

namespace rind::mirror_syncer {

StatusOr<std::unique_ptr<runtime::Service>> Build(runtime::Config& config,
                                                  const runtime::Environment& environment);

// `init`: makes the evidence key and writes its public half. AlreadyExists when there is one,
// unless
// `--keep` is given: then it stays and only the public half is written again.
Status Init(runtime::Config& config, const runtime::Environment& environment,
            const std::vector<std::string>& arguments);

}  // namespace rind::mirror_syncer
