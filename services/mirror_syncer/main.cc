#include "common/runtime/service_main.h"
#include "services/mirror_syncer/mirror_syncer.h"

int main(int argc, char** argv) {
  return rind::runtime::ServiceMain(
      argc, argv,
      {.name = "mirror-syncer",
       .description = "Fetches from an upstream index and vouches for what it saw.",
       .build = &rind::mirror_syncer::Build,
       .commands = {{"init", "make the evidence key (--keep: unless there is one)",
                     &rind::mirror_syncer::Init}},
       .health = {},
       .umask = 002});  // blobs are shared with a group
}
