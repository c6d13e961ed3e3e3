// What an operator asks a delegation_manager, as values.
//
// Promise: every call has a deadline; an error names the service and its address. Progress and
// differences are handed on as they come. Threading: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "services/cli/client_settings.h"

namespace rind::cli {

struct ServiceHealth {
  std::string name;
  bool serving = false;
  std::string version;
  std::string detail;
};

struct RoleStatus {
  std::string role;
  std::int64_t version = 0;
  absl::Time expires;
  std::uint32_t threshold = 0;
  std::vector<std::string> key_ids;
  std::string signed_by;
  std::uint32_t count = 0;
};

struct RepositoryStatus {
  bool created = false;
  std::string repository_id;
  std::uint32_t bins = 0;
  std::string profile;
  std::vector<RoleStatus> roles;
  std::vector<ServiceHealth> services;
  std::uint64_t projects = 0, files = 0, targets = 0, bytes = 0, waiting = 0;
  std::int64_t last_ingest = 0, serial = 0;
  std::string next_action;
  std::int64_t next_action_time = 0;
  std::int64_t next_ceremony = 0;
  std::string next_ceremony_role;
  std::map<std::string, std::uint64_t> claims, refusals;
  absl::Time now;
  std::string last_error;
};

struct RefusedRole {
  std::string role;
  std::string rule;
  std::string text;
};

struct ReleaseResult {
  bool published = false;
  std::int64_t snapshot_version = 0, timestamp_version = 0;
  std::uint32_t changed_roles = 0;
  std::uint64_t milliseconds = 0;
  std::vector<RefusedRole> refused;  // what a signer did not sign; the rest is published
};

enum class DifferenceKind { kWrong, kMissing, kUnlisted, kUnreadable };
std::string_view NameOf(DifferenceKind kind);

struct Difference {
  DifferenceKind kind = DifferenceKind::kUnreadable;
  std::string what;
  std::string detail;
};

struct CheckSummary {
  std::uint64_t roles = 0, targets = 0, bytes = 0, differences = 0, unreadable = 0;
};

struct DestroyPlan {
  std::vector<std::string> will_delete;
  std::string token;
};

struct ClientBundle {
  std::string root;  // 1.root.json
  std::string root_sha256_hex;
  std::string repository_id;
};

struct StatementSignature {
  std::string key_id;
  std::string signature;
};

// What a project's developers ask for, in the bytes that they signed.
struct Claim {
  std::string project;
  std::string state;
  std::string statement;
  std::vector<StatementSignature> signatures;
  std::int64_t since = 0;
  std::string detail;
};

struct Promotion {
  std::string proposal_id;
  std::vector<std::string> projects;
};

struct PromotionState {
  std::string state;  // waiting, refused, published
  std::string detail;
  std::int64_t claimed_version = 0;
};

using OnProgress =
    std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)>;

class OperatorClient {
 public:
  static StatusOr<std::unique_ptr<OperatorClient>> Connect(const ClientSettings& settings);
  virtual ~OperatorClient() = default;

  virtual Status Create(std::uint32_t bins, const std::string& profile,
                        const OnProgress& progress) = 0;
  virtual StatusOr<ReleaseResult> Release(bool force) = 0;
  virtual StatusOr<ReleaseResult> Timestamp() = 0;
  virtual StatusOr<RepositoryStatus> GetStatus() = 0;
  virtual StatusOr<CheckSummary> Check(const std::string& role, bool data,
                                       const std::function<void(const Difference&)>& difference,
                                       const OnProgress& progress) = 0;
  virtual StatusOr<DestroyPlan> PlanDestroy(bool blobs) = 0;
  virtual StatusOr<std::vector<std::string>> Destroy(const std::string& token, bool blobs) = 0;
  virtual StatusOr<ClientBundle> GetClientBundle() = 0;
  virtual StatusOr<std::vector<Claim>> ListClaims(bool waiting_only) = 0;
  // Returns the state that the project is in now.
  virtual StatusOr<std::string> SubmitAuthorisation(const Claim& authorised) = 0;
  virtual StatusOr<Promotion> Promote(const std::vector<std::string>& projects, bool all) = 0;
  virtual StatusOr<PromotionState> GetPromotion(const std::string& proposal_id) = 0;
};

}  // namespace rind::cli
