#include "common/testing/repository_simulator.h"

#include <array>
#include <cstdlib>
#include <utility>
#include <variant>

#include <gtest/gtest.h>
#include <sodium.h>

#include "common/base/text.h"
#include "common/tuf/json/encode.h"

namespace rind::testing {

using tuf::RoleName;
using tuf::TopLevelRole;

namespace {

// A simulator that does not work is no test: stop there.
template <typename Value>
Value Must(StatusOr<Value> value) {
  if (!value.ok()) {
    ADD_FAILURE() << MessageOf(value.status());
    std::abort();
  }
  return *std::move(value);
}

std::string MetadataPath(const RoleName& role, std::int64_t version) {
  if (role.top_level() == TopLevelRole::kTimestamp) return "metadata/timestamp.json";
  return Cat("metadata/", version, ".", role.FileName(), ".json");
}

}  // namespace

SimulatedKey SimulatedKey::Generate() {
  EXPECT_GE(sodium_init(), 0);
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
  std::string secret(crypto_sign_SECRETKEYBYTES, '\0');
  crypto_sign_keypair(open.data(), reinterpret_cast<unsigned char*>(secret.data()));
  return {Must(PublicKey::FromEd25519({reinterpret_cast<const char*>(open.data()), open.size()})),
          std::move(secret)};
}

std::string SimulatedKey::Sign(std::string_view message) const {
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                       reinterpret_cast<const unsigned char*>(secret_.data()));
  return signature;
}

RepositorySimulator::RepositorySimulator(absl::Time now)
    : expires_(absl::FromUnixSeconds(absl::ToUnixSeconds(now + absl::Hours(30 * 24)))) {
  for (const TopLevelRole role : {TopLevelRole::kRoot, TopLevelRole::kTargets,
                                  TopLevelRole::kSnapshot, TopLevelRole::kTimestamp}) {
    Enrol(role);
    root_.roles.emplace(role, Register(keys_.at(role), root_.keys));
  }
  root_.header.expires = expires_;
  timestamp_.header.expires = expires_;
  snapshot_.header.expires = expires_;
  targets_[TopLevelRole::kTargets].header.expires = expires_;
  PublishRoot();
  Publish();
}

void RepositorySimulator::Enrol(const RoleName& role) { keys_[role] = {SimulatedKey::Generate()}; }

tuf::RoleKeys RepositorySimulator::Register(const std::vector<SimulatedKey>& keys,
                                            tuf::KeyMap& map) const {
  tuf::RoleKeys role{.key_ids = {}, .threshold = *tuf::Threshold::Create(1)};
  for (const SimulatedKey& key : keys) {
    role.key_ids.push_back(key.id());
    map.emplace(key.id(), tuf::Key::Of(key.public_key()));
  }
  return role;
}

void RepositorySimulator::Rotate(TopLevelRole role) {
  if (role == TopLevelRole::kRoot) old_root_keys_ = keys_.at(role);
  Enrol(role);
  root_.roles.at(role) = Register(keys_.at(role), root_.keys);
}

void RepositorySimulator::AddTarget(const RoleName& role, const std::string& path,
                                    std::string_view content) {
  tuf::TargetFile file;
  file.length = content.size();
  file.hashes = tuf::Hashes::OfSha256(Sha256(content));
  targets_.at(role).targets[path] = std::move(file);
  contents_[path] = std::string(content);
}

tuf::Delegations& RepositorySimulator::DelegationsOf(const RoleName& parent) {
  auto& delegations = targets_.at(parent).delegations;
  if (!delegations) delegations.emplace();
  return *delegations;
}

void RepositorySimulator::AddDelegation(const RoleName& parent, tuf::DelegatedRole role) {
  std::get<std::vector<tuf::DelegatedRole>>(DelegationsOf(parent).roles).push_back(std::move(role));
}

void RepositorySimulator::Delegate(const RoleName& parent, const RoleName& child,
                                   std::vector<std::string> patterns, bool terminating) {
  Enrol(child);
  targets_[child].header.expires = expires_;
  DelegateAgain(parent, child, std::move(patterns), terminating, keys_.at(child));
}

void RepositorySimulator::DelegateAgain(const RoleName& parent, const RoleName& child,
                                        std::vector<std::string> patterns, bool terminating,
                                        const std::vector<SimulatedKey>& keys) {
  tuf::RoleKeys role_keys = Register(keys, DelegationsOf(parent).keys);
  AddDelegation(parent, {.name = child,
                         .keys = std::move(role_keys),
                         .terminating = terminating,
                         .paths = tuf::PathPatterns{std::move(patterns)}});
}

void RepositorySimulator::DelegateBins(const RoleName& parent, int bit_length,
                                       const std::string& prefix) {
  const SimulatedKey key = SimulatedKey::Generate();
  tuf::Delegations& delegations = DelegationsOf(parent);
  tuf::SuccinctRoles bins =
      Must(tuf::SuccinctRoles::Create(Register({key}, delegations.keys), bit_length, prefix));
  for (std::uint64_t bin = 0; bin < bins.BinCount(); ++bin) {
    keys_[bins.BinName(bin)] = {key};
    targets_[bins.BinName(bin)].header.expires = expires_;
  }
  delegations.roles = std::move(bins);
}

std::string RepositorySimulator::Sign(const RoleName& role, std::string_view canonical) const {
  std::vector<tuf::Signature> signatures;
  for (const SimulatedKey& key : keys_.at(role)) {
    signatures.push_back({.key_id = key.id(), .bytes = key.Sign(canonical)});
  }
  return tuf::EncodeEnvelope(canonical, std::move(signatures));
}

std::string RepositorySimulator::SignRoot() const {
  const std::string canonical = tuf::EncodeCanonical(root_);
  std::vector<tuf::Signature> signatures;
  std::map<tuf::KeyId, const SimulatedKey*> signers;
  for (const SimulatedKey& key : old_root_keys_) signers[key.id()] = &key;
  for (const SimulatedKey& key : keys_.at(TopLevelRole::kRoot)) signers[key.id()] = &key;
  for (const auto& [id, key] : signers) {
    signatures.push_back({.key_id = id, .bytes = key->Sign(canonical)});
  }
  return tuf::EncodeEnvelope(canonical, std::move(signatures));
}

std::string RepositorySimulator::SignTimestamp() const {
  return Sign(TopLevelRole::kTimestamp, tuf::EncodeCanonical(timestamp_));
}
std::string RepositorySimulator::SignSnapshot() const {
  return Sign(TopLevelRole::kSnapshot, tuf::EncodeCanonical(snapshot_));
}
std::string RepositorySimulator::SignTargets(const RoleName& role) const {
  return Sign(role, tuf::EncodeCanonical(targets_.at(role)));
}

tuf::FileMeta RepositorySimulator::MetaOf(tuf::Version version, std::string_view bytes) const {
  tuf::FileMeta meta;
  meta.version = version;
  if (hashes_in_snapshot_) {
    meta.length = bytes.size();
    meta.hashes = tuf::Hashes::OfSha256(Sha256(bytes));
  }
  return meta;
}

void RepositorySimulator::PublishRoot() {
  std::int64_t& version = published_[TopLevelRole::kRoot];
  root_.header.version = Must(tuf::Version::Create(++version));
  files_[MetadataPath(TopLevelRole::kRoot, version)] = SignRoot();
  old_root_keys_.clear();
}

void RepositorySimulator::PublishTargets(const RoleName& role) {
  std::int64_t& version = published_[role];
  tuf::Targets& document = targets_.at(role);
  document.header.version = Must(tuf::Version::Create(++version));
  const std::string bytes = SignTargets(role);
  snapshot_.roles[role] = MetaOf(document.header.version, bytes);
  files_[MetadataPath(role, version)] = bytes;
  for (const auto& [path, file] : document.targets) {
    const auto content = contents_.find(path);
    if (content == contents_.end()) continue;
    files_[Cat("targets/", tuf::PathWithHash(path, file.hashes.Preferred()))] = content->second;
  }
}

void RepositorySimulator::PublishSnapshot() {
  std::int64_t& version = published_[TopLevelRole::kSnapshot];
  snapshot_.header.version = Must(tuf::Version::Create(++version));
  const std::string bytes = SignSnapshot();
  timestamp_.snapshot.version = snapshot_.header.version;
  timestamp_.snapshot.length = bytes.size();
  timestamp_.snapshot.hashes = tuf::Hashes::OfSha256(Sha256(bytes));
  files_[MetadataPath(TopLevelRole::kSnapshot, version)] = bytes;
}

void RepositorySimulator::PublishTimestamp() {
  std::int64_t& version = published_[TopLevelRole::kTimestamp];
  timestamp_.header.version = Must(tuf::Version::Create(++version));
  files_[MetadataPath(TopLevelRole::kTimestamp, version)] = SignTimestamp();
}

void RepositorySimulator::Publish() {
  for (const auto& [role, document] : targets_) PublishTargets(role);
  PublishSnapshot();
  PublishTimestamp();
}

std::string RepositorySimulator::Published(const RoleName& role) const {
  return files_.at(MetadataPath(role, published_.at(role)));
}

void RepositorySimulator::WriteTo(FileSystem& files, const std::string& folder) const {
  for (const auto& [path, bytes] : files_) {
    const std::string full = JoinPath(folder, path);
    ASSERT_TRUE(files.MakeDirectories(ParentPath(full), 0755).ok());
    const Status written = files.Replace(full, bytes, 0644);
    ASSERT_TRUE(written.ok()) << MessageOf(written);
  }
}

}  // namespace rind::testing
