// The home of a system that `rind up` runs: one folder, a folder for each service in it
// (docs/configuration.md, "Where rind up puts things").
//
// Promise: up.toml in the home is what the home was made with; every config is a function of it, so
// a home can be moved, and started again at any time. Configs are written when they are missing or
// when up.toml changed; what a person edited in one stays otherwise. Keys and passphrases are made
// once and readable by their owner alone. Threading: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/status.h"

namespace rind::cli {

struct Ports {
  std::uint16_t base =
      7200;  // + 0, 1, 2 the signers; + 10 the manager; + 20 the syncer; + 80 the sample
  std::uint16_t gateway = 8080;
  std::uint16_t web = 8081;

  std::uint16_t offline() const { return base; }
  std::uint16_t release() const { return static_cast<std::uint16_t>(base + 1); }
  std::uint16_t content() const { return static_cast<std::uint16_t>(base + 2); }
  std::uint16_t manager() const { return static_cast<std::uint16_t>(base + 10); }
  std::uint16_t syncer() const { return static_cast<std::uint16_t>(base + 20); }
  std::uint16_t sample() const { return static_cast<std::uint16_t>(base + 80); }
};

struct HomeSettings {
  std::string id;
  Ports ports;
  bool sample = false;                // runs the sample index too
  std::string upstream;               // URL of the index; the sample's when `sample`
  std::vector<std::string> projects;  // empty: everything
  std::int64_t newest_releases = 3;
  bool private_upstream = false;     // the upstream may be at a private address
  std::string upstream_credentials;  // path of a file, or ""
  std::string upstream_ca;
  std::string upstream_proxy;
  std::uint32_t bins = 256;
  std::string profile = "default";
  std::string bootstrap = "demo";
  bool operator==(const HomeSettings&) const;
};

// "rind-" and eight random digits.
std::string NewRepositoryId(Random& random);
std::string EncodeSettings(const HomeSettings& settings);
StatusOr<HomeSettings> LoadSettings(const std::string& path);

class Home {
 public:
  // `folder` is made absolute.
  Home(FileSystem& files, std::string folder);

  const std::string& folder() const { return folder_; }
  std::string Path(std::string_view below) const { return JoinPath(folder_, below); }
  std::string Config(std::string_view service) const;
  std::string Log(std::string_view service) const;
  std::string PidFile(std::string_view service) const;
  bool Exists() const;

  StatusOr<HomeSettings> Load() const;
  // Folders, up.toml, configs, passphrases, the claims officer's key (when bootstrap is "demo").
  Status Prepare(const HomeSettings& settings, Random& random) const;

 private:
  Status WriteConfigs(const HomeSettings& settings, bool replace) const;
  Status MakeSecrets(const HomeSettings& settings, Random& random) const;
  FileSystem& files_;
  std::string folder_;
};

// Every config of the home as (path below the home, text).
std::vector<std::pair<std::string, std::string>> ConfigFiles(const HomeSettings& settings,
                                                             const std::string& folder);

}  // namespace rind::cli
