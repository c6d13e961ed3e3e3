// An index page of a project: PEP 503 (HTML) and PEP 691/700 (JSON), read and written.
//
// Promise: reading is bounded and takes hostile input: what is wrong with one file puts that file
// into `held_back`, what is wrong with the page is an error. Writing is byte-stable: the same files
// give the same bytes whatever their order, and no serial, time or host is in them. Threading: pure
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/pypi/distribution.h"
#include "common/pypi/project_name.h"

namespace rind::pypi {

// Media types for Accept and Content-Type.
inline constexpr std::string_view kJsonType = "application/vnd.pypi.simple.v1+json";
inline constexpr std::string_view kHtmlType = "application/vnd.pypi.simple.v1+html";

// What an index says of a file beside its content.
struct FileFacts {
  std::string requires_python;  // "" when the index gives none
  bool yanked = false;
  std::string yanked_reason;
  std::string upload_time;  // "2024-05-01T10:00:00.123456Z"; "" when the index gives none
  bool operator==(const FileFacts&) const = default;
};

// A file as a page lists it. A page may leave out hash and size; ours never do.
struct ListedFile {
  Distribution distribution;
  std::string url;  // as in the page, perhaps relative; without fragment
  std::optional<Sha256Digest> sha256;
  std::optional<std::uint64_t> size;
  bool has_core_metadata = false;  // PEP 658/714: <url>.metadata is there
  std::optional<Sha256Digest> core_metadata_sha256;
  FileFacts facts;
};

struct HeldBackFile {
  std::string filename;  // printable
  std::string reason;
};

struct IndexPage {
  std::vector<ListedFile> files;  // sorted by file name, no name twice
  std::vector<HeldBackFile> held_back;
  std::size_t left_out = 0;                 // files in forms that no installer takes
  std::optional<std::int64_t> last_serial;  // meta._last-serial (JSON only)
};

// InvalidArgument when it is not a page of version 1 of the API for this project.
StatusOr<IndexPage> ParseIndexJson(std::string_view bytes, const ProjectName& project);
StatusOr<IndexPage> ParseIndexHtml(std::string_view bytes, const ProjectName& project);

// A file as we publish it.
struct PublishedFile {
  Distribution distribution;
  Sha256Digest sha256;
  std::uint64_t size = 0;
  std::optional<Sha256Digest> core_metadata_sha256;
  FileFacts facts;
};

// Links are ../../files/<project>/<sha256>/<filename>.
std::string RenderIndexHtml(const ProjectName& project, std::span<const PublishedFile> files);
std::string RenderIndexJson(const ProjectName& project, std::span<const PublishedFile> files);

// The list of all projects: simple/index.html and simple/index.json.
struct ProjectList {
  std::vector<ProjectName> projects;  // sorted, each once
  std::vector<HeldBackFile> held_back;
  std::optional<std::int64_t> last_serial;
};
StatusOr<ProjectList> ParseProjectListJson(std::string_view bytes);
StatusOr<ProjectList> ParseProjectListHtml(std::string_view bytes);
std::string RenderProjectListHtml(std::span<const ProjectName> projects);
std::string RenderProjectListJson(std::span<const ProjectName> projects);

}  // namespace rind::pypi
