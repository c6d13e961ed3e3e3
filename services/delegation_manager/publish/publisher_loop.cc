#include "services/delegation_manager/publish/publisher_loop.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"

namespace rind::delegation_manager {
namespace {

constexpr absl::Duration kLookAgain = absl::Minutes(1);

}  // namespace

PublisherLoop::PublisherLoop(PublisherLoopOptions options, Publisher& publisher, StateStore& state,
                             const Clock& clock, std::function<void()> recovered)
    : options_(options),
      publisher_(publisher),
      state_(state),
      clock_(clock),
      recovered_(std::move(recovered)) {}

PublisherLoop::~PublisherLoop() { Stop(); }

void PublisherLoop::Start() {
  thread_ = std::thread([this] { Run(); });
}

void PublisherLoop::Stop() {
  {
    const absl::MutexLock hold(&mu_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void PublisherLoop::Changed() {
  const absl::Time now = clock_.Now();
  const absl::MutexLock hold(&mu_);
  if (first_change_ == absl::InfinitePast()) first_change_ = now;
  last_change_ = now;
  changed_ = true;
}

NextAction PublisherLoop::Next() const { return DecideNextAction(View()); }

bool PublisherLoop::Wait(absl::Duration time) {
  const absl::MutexLock hold(&mu_);
  mu_.AwaitWithTimeout(absl::Condition(&stopping_), time);
  return !stopping_;
}

bool PublisherLoop::AwaitRecovered(absl::Duration limit) {
  const absl::MutexLock hold(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(&is_recovered_), limit);
}

PublisherView PublisherLoop::View() const {
  PublisherView view;
  view.automatic = options_.automatic;
  view.settle = options_.settle;
  view.timestamp_every = options_.timestamp_every;
  const Status status = state_.Transact([&](Tables& tables) -> Status {
    const tuf::RoleName role = tuf::TopLevelRole::kTimestamp;
    RIND_ASSIGN_OR_RETURN(const auto timestamp, tables.roles.Find(role));
    RIND_ASSIGN_OR_RETURN(const auto name, tables.settings.Find(kSettingProfile));
    RIND_ASSIGN_OR_RETURN(const auto journal, tables.journal.Read());
    view.unfinished = journal && journal->kind == "release";
    if (!name) return OkStatus();
    view.created = true;
    RIND_ASSIGN_OR_RETURN(const Profile profile, ParseProfile(*name));
    if (timestamp) {
      view.timestamp_version = timestamp->version.value();
      view.timestamp_signed = timestamp->expires - LifetimeOf(role, profile);
    }
    RIND_ASSIGN_OR_RETURN(const auto bins, tables.bins.Dirty());
    RIND_ASSIGN_OR_RETURN(const auto staged, tables.staging.Roles());
    view.dirty = !bins.empty() || !staged.empty();
    return OkStatus();
  });
  if (!status.ok()) LogError("the publisher can't read its state", {{"error", status.ToString()}});
  const absl::MutexLock hold(&mu_);
  view.first_change = first_change_;
  view.last_change = last_change_;
  view.failures = failures_;
  view.last_failure = last_failure_;
  return view;
}

void PublisherLoop::Note(const Status& status) {
  const absl::MutexLock hold(&mu_);
  if (status.ok()) {
    failures_ = 0;
    return;
  }
  ++failures_;
  last_failure_ = clock_.Now();
  LogError("publishing failed",
           {{"error", std::string(MessageOf(status))}, {"failures", Cat(failures_)}});
}

// Until what was begun, or expired while we were away, is published.
bool PublisherLoop::Recover() {
  while (true) {
    const Status status = publisher_.Recover();
    Note(status);
    if (status.ok()) break;
    int failures = 0;
    {
      const absl::MutexLock hold(&mu_);
      failures = failures_;
    }
    if (!Wait(BackoffAfter(failures))) return false;
  }
  recovered_();
  const absl::MutexLock hold(&mu_);
  is_recovered_ = true;
  return true;
}

void PublisherLoop::Act() {
  {
    const absl::MutexLock hold(&mu_);
    first_change_ = last_change_ = absl::InfinitePast();
  }
  // A release takes up what nears expiry too. When it published nothing, because there was nothing
  // or because it failed, the timestamp is due all the same.
  const auto released = publisher_.Release(false);
  Status status = released.status();
  if (released.ok() && !released->refused.empty()) {
    status = FailedPrecondition(Describe(released->refused));
  }
  if (!released.ok() || !released->published) {
    const PublisherView view = View();
    if (view.created && clock_.Now() >= view.timestamp_signed + view.timestamp_every) {
      const Status refreshed = publisher_.RefreshTimestamp().status();
      if (status.ok()) status = refreshed;
    }
  }
  Note(status);
}

void PublisherLoop::Run() {
  if (!Recover()) return;
  while (true) {
    const NextAction next = Next();
    const absl::Duration left = next.when - clock_.Now();
    const bool due = next.kind != NextAction::Kind::kNothing && left <= absl::ZeroDuration();
    {
      const absl::MutexLock hold(&mu_);
      const auto woken = [this]()
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_ || changed_; };
      if (!due) mu_.AwaitWithTimeout(absl::Condition(&woken), std::min(left, kLookAgain));
      if (stopping_) return;
      changed_ = false;
    }
    if (due) Act();
  }
}

}  // namespace rind::delegation_manager
