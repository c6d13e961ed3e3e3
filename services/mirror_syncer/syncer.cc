#include "services/mirror_syncer/syncer.h"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"

namespace rind::mirror_syncer {

// What the threads of one sync share.
struct Syncer::Tally {
  explicit Tally(SyncObserver& who) : observer(who) {}

  void HoldBack(const HeldBack& held) {
    const absl::MutexLock lock(&mutex);
    HoldBackLocked(held);
  }
  void HoldBackLocked(const HeldBack& held) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    ++summary.held_back;
    LogWarning("held back",
               {{"project", held.project}, {"file", held.file}, {"reason", held.reason}});
    observer.OnHeldBack(held);
  }

  std::vector<pypi::ProjectName> projects;  // fixed before the threads start
  std::atomic<std::size_t> next = 0;
  absl::Mutex mutex;
  SyncObserver& observer ABSL_GUARDED_BY(mutex);
  Summary summary ABSL_GUARDED_BY(mutex);
  std::uint64_t done ABSL_GUARDED_BY(mutex) = 0;
};

Syncer::Syncer(Settings settings, const ProjectSync::Parts& parts)
    : settings_(std::move(settings)), parts_(parts), project_sync_(parts) {}

Status Syncer::Restore() {
  RIND_ASSIGN_OR_RETURN(RunRecord run, parts_.state.LastRun());
  RIND_ASSIGN_OR_RETURN(const Totals totals, parts_.state.CountAll());
  const absl::MutexLock lock(&mutex_);
  status_.last.projects = totals.projects;
  status_.last.files = totals.files;
  status_.last.bytes = totals.bytes;
  status_.last.serial = run.serial;
  status_.last_run = std::move(run);
  return OkStatus();
}

SyncerStatus Syncer::status() const {
  const absl::MutexLock lock(&mutex_);
  return status_;
}

void Syncer::SetNextSync(absl::Time next) {
  const absl::MutexLock lock(&mutex_);
  status_.next_sync = absl::ToUnixSeconds(next);
}

StatusOr<Summary> Syncer::Run(const std::vector<std::string>& projects, SyncObserver& observer) {
  const absl::Time started = parts_.clock.Now();
  RunRecord run;
  {
    const absl::MutexLock lock(&mutex_);
    if (status_.running) return FailedPrecondition("another sync is running");
    status_.running = true;
    status_.last_run.started = absl::ToUnixSeconds(started);
    run = status_.last_run;
  }
  StatusOr<Summary> summary = RunLocked(projects, observer);
  const absl::Time finished = parts_.clock.Now();
  run.finished = absl::ToUnixSeconds(finished);
  run.error = summary.ok() ? "" : std::string(MessageOf(summary.status()));
  if (summary.ok()) {
    summary->milliseconds = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, absl::ToInt64Milliseconds(finished - started)));
    run.serial = std::max(run.serial, summary->serial);
  }
  const Status saved = parts_.state.SaveRun(run);
  {
    const absl::MutexLock lock(&mutex_);
    status_.running = false;
    status_.last_run = run;
    if (summary.ok()) status_.last = *summary;
  }
  if (summary.ok() && !saved.ok()) return saved;
  return summary;
}

StatusOr<std::vector<pypi::ProjectName>> Syncer::Choose(const std::vector<std::string>& projects,
                                                        Tally& tally) {
  if (projects.empty() && !settings_.projects.empty()) return settings_.projects;
  if (projects.empty()) {
    RIND_ASSIGN_OR_RETURN(pypi::ProjectList list, parts_.upstream.Projects());
    for (const pypi::HeldBackFile& held : list.held_back) {
      tally.HoldBack({held.filename, "", held.reason});
    }
    return std::move(list.projects);
  }
  std::set<pypi::ProjectName> chosen;
  for (const std::string& spelling : projects) {
    RIND_ASSIGN_OR_RETURN(pypi::ProjectName name, pypi::ProjectName::Parse(spelling));
    // The list is a policy: a name that is not on it could be somebody else's of that name.
    if (!settings_.projects.empty() &&
        std::find(settings_.projects.begin(), settings_.projects.end(), name) ==
            settings_.projects.end()) {
      return InvalidArgument(Cat("project ", name.text(), " is not in [projects] names"));
    }
    chosen.insert(std::move(name));
  }
  return std::vector<pypi::ProjectName>(chosen.begin(), chosen.end());
}

void Syncer::SyncOne(const pypi::ProjectName& project, const ProjectRecords& records,
                     Tally& tally) {
  std::optional<ProjectRecord> record;
  if (const auto at = records.find(project.text()); at != records.end()) record = at->second;
  const StatusOr<ProjectOutcome> outcome = project_sync_.Run(project, record);

  const absl::MutexLock lock(&tally.mutex);
  Summary& summary = tally.summary;
  if (outcome.ok()) {
    for (const HeldBack& held : outcome->held_back) tally.HoldBackLocked(held);
    if (outcome->result == ProjectResult::kChanged) ++summary.changed_projects;
    if (outcome->result == ProjectResult::kUnchanged) ++summary.unchanged_projects;
    summary.new_files += outcome->new_files;
    summary.new_bytes += outcome->new_bytes;
    summary.serial = std::max(summary.serial, outcome->serial);
  } else if (absl::IsCancelled(outcome.status())) {
    cancelled_.store(true);
    return;
  } else {
    ++summary.failed_projects;
    tally.HoldBackLocked({project.text(), "", std::string(MessageOf(outcome.status()))});
  }
  ++tally.done;
  const bool goes_on = tally.observer.OnProgress({.project = project.text(),
                                                  .projects_done = tally.done,
                                                  .projects_total = tally.projects.size(),
                                                  .files_done = summary.new_files,
                                                  .bytes_done = summary.new_bytes});
  if (!goes_on) cancelled_.store(true);
}

void Syncer::Work(const ProjectRecords& records, Tally& tally) {
  while (!cancelled_.load()) {
    const std::size_t index = tally.next.fetch_add(1);
    if (index >= tally.projects.size()) return;
    SyncOne(tally.projects[index], records, tally);
  }
}

StatusOr<Summary> Syncer::RunLocked(const std::vector<std::string>& projects,
                                    SyncObserver& observer) {
  cancelled_.store(false);
  RIND_ASSIGN_OR_RETURN(const RepositoryInfo repository, parts_.manager.GetRepository());
  if (!repository.created) {
    return FailedPrecondition("there is no repository yet: `rind create` makes one");
  }
  if (repository.id != parts_.repository) {
    return FailedPrecondition(Cat("the manager's repository is ", Printable(repository.id, 80),
                                  ", this syncer's is ", parts_.repository));
  }
  RIND_ASSIGN_OR_RETURN(const ProjectRecords records, parts_.manager.ListProjects());
  Tally tally(observer);
  RIND_ASSIGN_OR_RETURN(tally.projects, Choose(projects, tally));

  std::vector<std::thread> threads;
  const std::size_t count =
      std::min(tally.projects.size(), static_cast<std::size_t>(settings_.parallel));
  threads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&] { Work(records, tally); });
  }
  for (std::thread& thread : threads) thread.join();
  if (cancelled_.load()) return Cancelled("the sync was ended before it was done");
  return Conclude(records, tally);
}

StatusOr<Summary> Syncer::Conclude(const ProjectRecords& records, Tally& tally) {
  std::set<std::string> others;
  for (const auto& [name, record] : records) others.insert(name);
  const absl::MutexLock lock(&tally.mutex);
  Summary& summary = tally.summary;
  RIND_ASSIGN_OR_RETURN(summary.missing_dependencies, parts_.state.MissingDependencies(others));
  RIND_ASSIGN_OR_RETURN(const Totals totals, parts_.state.CountAll());
  summary.projects = totals.projects;
  summary.files = totals.files;
  summary.bytes = totals.bytes;
  return std::move(summary);
}

}  // namespace rind::mirror_syncer
