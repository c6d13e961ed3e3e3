// A project's developers and their files, for the tests of claims.
//
// Threading: one thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/evidence/statements.h"
#include "common/pypi/index_page.h"
#include "common/testing/repository_simulator.h"
#include "common/tuf/json/encode.h"
#include "services/delegation_manager/claims/claim_request.h"

namespace rind::delegation_manager {

inline pypi::ProjectName TestProject() { return *pypi::ProjectName::Parse("six"); }

inline KnownFile FileOf(std::string_view content) {
  return {.length = content.size(), .sha256 = Sha256(content)};
}

// Developers with some keys, and what they would publish. Change it, then ask for the signed forms.
struct Developers {
  explicit Developers(int count = 2) {
    for (int i = 0; i < count; ++i) keys.push_back(testing::SimulatedKey::Generate());
    // docs/formats/statements.md: sorted by material.
    std::sort(keys.begin(), keys.end(), [](const auto& left, const auto& right) {
      return left.public_key().material() < right.public_key().material();
    });
  }

  std::vector<testing::SimulatedKey> keys;
  int threshold = 2;
  std::map<std::string, std::string> contents;  // file name -> content

  ProjectPages Pages() const {
    std::vector<pypi::PublishedFile> files;
    for (const auto& [name, content] : contents) {
      auto distribution = pypi::Distribution::Parse(name, TestProject());
      if (!distribution.ok()) continue;  // a metadata file
      pypi::PublishedFile file{.distribution = *distribution,
                               .sha256 = Sha256(content),
                               .size = content.size(),
                               .core_metadata_sha256 = {},
                               .facts = {}};
      files.push_back(std::move(file));
    }
    return {.html = pypi::RenderIndexHtml(TestProject(), files),
            .json = pypi::RenderIndexJson(TestProject(), files)};
  }

  tuf::Targets Role(std::int64_t version, absl::Time expires) const {
    tuf::Targets role;
    role.header = {*tuf::Version::Create(version), expires};
    const auto put = [&](const std::string& path, std::string_view content) {
      role.targets[path].length = content.size();
      role.targets[path].hashes = tuf::Hashes::OfSha256(Sha256(content));
    };
    const ProjectPages pages = Pages();
    put("simple/six/index.html", pages.html);
    put("simple/six/index.json", pages.json);
    for (const auto& [name, content] : contents) put(Cat("files/six/", name), content);
    return role;
  }

  std::string Sign(const tuf::Targets& role) const {
    const std::string canonical = tuf::EncodeCanonical(role);
    std::vector<tuf::Signature> signatures;
    for (const auto& key : keys) signatures.push_back({key.id(), key.Sign(canonical)});
    return tuf::EncodeEnvelope(canonical, std::move(signatures));
  }

  tuf::RoleSigners Signers() const {
    tuf::RoleSigners signers;
    for (const auto& key : keys) signers.keys.push_back(key.public_key());
    signers.threshold = *tuf::Threshold::Create(threshold);
    return signers;
  }

  evidence::ClaimStatement Statement(absl::Time expires) const {
    const tuf::RoleSigners signers = Signers();
    return {.repository = "rind-test",
            .project = "six",
            .keys = signers.keys,
            .threshold = signers.threshold,
            .expires = expires};
  }
};

inline StatementSignature SignStatement(const testing::SimulatedKey& key,
                                        std::string_view statement) {
  return {.key_id = evidence::StatementKeyId(key.public_key()),
          .signature = key.Sign(Cat("rind-statement-v1\n", statement))};
}

// Signed by each of the keys.
inline SignedClaim SignClaim(const Developers& developers,
                             const evidence::ClaimStatement& statement) {
  SignedClaim claim;
  claim.statement = evidence::Encode(statement);
  for (const auto& key : developers.keys) {
    claim.signatures.push_back(SignStatement(key, claim.statement));
  }
  return claim;
}

}  // namespace rind::delegation_manager
