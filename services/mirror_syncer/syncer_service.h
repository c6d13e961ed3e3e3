// The gRPC face of a syncer: translates, and nothing else.
//
// Promise: a caller that goes away ends the sync that it asked for.
// Threading: thread-safe.
#pragma once

#include <memory>
#include <string>

#include "services/mirror_syncer/syncer.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace rind::mirror_syncer {

struct SyncerIdentity {
  std::string upstream;  // without credentials
  std::string evidence_key_id;
  std::string evidence_key;  // hexadecimal
};

// `syncer` must outlive the service.
std::unique_ptr<grpc::Service> MakeSyncerService(Syncer& syncer, SyncerIdentity identity);
// "rind.syncer.v1.Syncer".
std::string SyncerServiceName();

}  // namespace rind::mirror_syncer
