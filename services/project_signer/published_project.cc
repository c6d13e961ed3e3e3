#include "services/project_signer/published_project.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/tuf/model/target_path.h"

namespace rind::project_signer {
namespace {

std::string PagePath(const pypi::ProjectName& project, std::string_view name) {
  return Cat("simple/", project.text(), "/", name);
}

std::string FilePath(const pypi::ProjectName& project, std::string_view filename) {
  return Cat("files/", project.text(), "/", filename);
}

tuf::TargetFile Target(const Content& content) {
  tuf::TargetFile file;
  file.length = content.length;
  file.hashes = tuf::Hashes::OfSha256(content.sha256);
  return file;
}

Content ContentOf(std::string_view bytes) {
  return {.length = bytes.size(), .sha256 = Sha256(bytes)};
}

StatusOr<tuf::Header> NextHeader(const PublishedProject& published, absl::Time expires) {
  RIND_ASSIGN_OR_RETURN(const tuf::Version version,
                        tuf::Version::Create(published.last_version + 1));
  return tuf::Header{.version = version,
                     .expires = absl::FromUnixSeconds(absl::ToUnixSeconds(expires))};
}

// A page that came with the list must be the one that the list names: what we sign is what we saw.
Status CheckPage(const PublishedProject& published, const std::string& path,
                 std::string_view bytes) {
  const auto found = published.targets.find(path);
  if (found == published.targets.end() || found->second != ContentOf(bytes)) {
    return DataLoss(Cat(path, ": the page that the manager sent is not the one that it lists"));
  }
  return OkStatus();
}

void PutPages(const pypi::ProjectName& project, NextVersion& next) {
  next.role.targets[PagePath(project, "index.html")] = Target(ContentOf(next.index_html));
  next.role.targets[PagePath(project, "index.json")] = Target(ContentOf(next.index_json));
}

// The role over the files that are published, without pages.
StatusOr<NextVersion> Begin(const PublishedProject& published, const pypi::ProjectName& project,
                            absl::Time expires) {
  NextVersion next;
  RIND_ASSIGN_OR_RETURN(next.role.header, NextHeader(published, expires));
  const std::string own = FilePath(project, "");
  for (const auto& [path, content] : published.targets) {
    if (path.starts_with("simple/")) continue;
    if (!path.starts_with(own)) {
      return InvalidArgument(Cat(Printable(path), ": the manager lists it for ", project.text(),
                                 ", and it is not below ", own));
    }
    RIND_RETURN_IF_ERROR(tuf::TargetPath::Parse(path).status());
    next.role.targets[path] = Target(content);
  }
  return next;
}

// What the published page says of each file, for the next page to repeat.
StatusOr<std::map<std::string, pypi::PublishedFile>> FilesOnPage(const PublishedProject& published,
                                                                 const pypi::ProjectName& project) {
  std::map<std::string, pypi::PublishedFile> files;
  if (published.index_json.empty()) return files;
  RIND_RETURN_IF_ERROR(CheckPage(published, PagePath(project, "index.json"), published.index_json));
  RIND_ASSIGN_OR_RETURN(const pypi::IndexPage page,
                        pypi::ParseIndexJson(published.index_json, project));
  for (const pypi::ListedFile& listed : page.files) {
    const std::string path = FilePath(project, listed.distribution.filename());
    const auto target = published.targets.find(path);
    if (target == published.targets.end() || listed.sha256 != target->second.sha256) {
      return DataLoss(Cat(path, ": the published page and the published list disagree about it"));
    }
    files.emplace(listed.distribution.filename(),
                  pypi::PublishedFile{.distribution = listed.distribution,
                                      .sha256 = target->second.sha256,
                                      .size = target->second.length,
                                      .core_metadata_sha256 = listed.core_metadata_sha256,
                                      .facts = listed.facts});
  }
  return files;
}

void Render(const pypi::ProjectName& project,
            const std::map<std::string, pypi::PublishedFile>& files, NextVersion& next) {
  std::vector<pypi::PublishedFile> all;
  all.reserve(files.size());
  for (const auto& [name, file] : files) all.push_back(file);
  next.index_html = pypi::RenderIndexHtml(project, all);
  next.index_json = pypi::RenderIndexJson(project, all);
  PutPages(project, next);
}

}  // namespace

StatusOr<NextVersion> VouchFor(const PublishedProject& published, const pypi::ProjectName& project,
                               absl::Time expires) {
  RIND_ASSIGN_OR_RETURN(NextVersion next, Begin(published, project, expires));
  if (published.index_html.empty() && published.index_json.empty() && next.role.targets.empty()) {
    Render(project, {}, next);  // a name that nothing was mirrored of yet
    return next;
  }
  RIND_RETURN_IF_ERROR(CheckPage(published, PagePath(project, "index.html"), published.index_html));
  // The JSON page is held against the list, file by file, too.
  RIND_RETURN_IF_ERROR(FilesOnPage(published, project).status());
  next.index_html = published.index_html;
  next.index_json = published.index_json;
  PutPages(project, next);
  return next;
}

StatusOr<NextVersion> AddFiles(const PublishedProject& published, const pypi::ProjectName& project,
                               const std::vector<NewFile>& files, absl::Time expires) {
  RIND_ASSIGN_OR_RETURN(NextVersion next, Begin(published, project, expires));
  RIND_ASSIGN_OR_RETURN(auto on_page, FilesOnPage(published, project));
  for (const NewFile& file : files) {
    const std::string& name = file.distribution.filename();
    const std::string path = FilePath(project, name);
    RIND_RETURN_IF_ERROR(tuf::TargetPath::Parse(path).status());
    const auto there = published.targets.find(path);
    if (there != published.targets.end()) {
      if (there->second == file.content) continue;
      return AlreadyExists(Cat(name, ": is published with sha256 ", there->second.sha256.Short(),
                               ", this one has ", file.content.sha256.Short(),
                               "; a file never changes: make a new version"));
    }
    next.role.targets[path] = Target(file.content);
    pypi::PublishedFile listed{.distribution = file.distribution,
                               .sha256 = file.content.sha256,
                               .size = file.content.length,
                               .core_metadata_sha256 = {},
                               .facts = {}};
    listed.facts.requires_python = file.requires_python;
    if (file.metadata) {
      listed.core_metadata_sha256 = file.metadata->sha256;
      next.role.targets[Cat(path, ".metadata")] = Target(*file.metadata);
    }
    on_page.insert_or_assign(name, std::move(listed));
  }
  Render(project, on_page, next);
  return next;
}

std::string RequiresPython(std::string_view core_metadata) {
  constexpr std::string_view kName = "requires-python:";
  for (const std::string& line : Split(core_metadata, '\n')) {
    if (Trim(line).empty()) break;  // the headers end here
    if (ToLower(line.substr(0, kName.size())) == kName) {
      return std::string(Trim(std::string_view(line).substr(kName.size())));
    }
  }
  return "";
}

}  // namespace rind::project_signer
