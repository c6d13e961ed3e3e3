// C-07: the client's search against a small oracle on random delegation graphs with cycles,
// diamonds and self-loops, terminating or not, some of whose roles can't be fetched.

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_file_system.h"
#include "common/testing/repository_simulator.h"
#include "common/tuf_client/client.h"

namespace rind {
namespace {

using testing::RepositorySimulator;

constexpr std::string_view kTarget = "a/b";

struct Edge {
  int child;
  bool matches;
  bool terminating;
};

struct Graph {
  std::vector<std::vector<Edge>> edges;  // by role; 0 is targets
  std::set<int> list_it;
  std::set<int> unfetchable;
};

enum class Kind { kFound, kAbsent, kRefused };
struct Outcome {
  Kind kind = Kind::kAbsent;
  int role = -1;
  bool operator==(const Outcome&) const = default;
};

// TUF 1.0.34, 5.6.7, as a recursion: what a role's subtree answers, and whether the search ends.
class Oracle {
 public:
  explicit Oracle(const Graph& graph) : graph_(graph) {}
  Outcome Search() { return Visit(0).first; }

 private:
  std::pair<Outcome, bool> Visit(int role) {
    if (seen_.contains(role)) return {{}, false};
    // targets and 32 delegated roles.
    if (seen_.size() == 33) return {{Kind::kRefused, -1}, true};
    seen_.insert(role);
    if (graph_.unfetchable.contains(role)) return {{Kind::kRefused, -1}, true};
    if (graph_.list_it.contains(role)) return {{Kind::kFound, role}, true};
    for (const Edge& edge : graph_.edges[static_cast<std::size_t>(role)]) {
      if (!edge.matches) continue;
      const auto [outcome, ends] = Visit(edge.child);
      if (ends) return {outcome, true};
      if (edge.terminating) return {{}, true};
    }
    return {{}, false};
  }

  const Graph& graph_;
  std::set<int> seen_;
};

Graph RandomGraph(std::mt19937_64& random) {
  const auto below = [&random](std::uint64_t n) { return static_cast<int>(random() % n); };
  Graph graph;
  const int roles = 2 + below(below(8) == 0 ? 45 : 9);
  graph.edges.resize(static_cast<std::size_t>(roles));
  for (int from = 0; from < roles; ++from) {
    std::set<int> children;  // no role twice in one document
    for (int i = below(4) + (below(3) == 0 ? below(12) : 0); i > 0; --i) {
      const int child = 1 + below(static_cast<std::uint64_t>(roles - 1));
      if (!children.insert(child).second) continue;
      graph.edges[static_cast<std::size_t>(from)].push_back({child, below(5) != 0, below(6) == 0});
    }
    if (below(12) == 0) graph.list_it.insert(from);
    if (from != 0 && below(25) == 0) graph.unfetchable.insert(from);
  }
  return graph;
}

tuf::RoleName NameOf(int role) {
  return role == 0 ? tuf::RoleName(tuf::TopLevelRole::kTargets)
                   : *tuf::RoleName::Parse(Cat("r", role));
}

// Publishes the graph; each document's delegations stand in the graph's order.
void Build(const Graph& graph, RepositorySimulator& repository) {
  std::vector<int> queue = {0};
  std::set<int> made = {0};
  for (std::size_t next = 0; next < queue.size(); ++next) {
    const int role = queue[next];
    for (const Edge& edge : graph.edges[static_cast<std::size_t>(role)]) {
      const std::vector<std::string> patterns = {edge.matches ? "a/*" : "z/*"};
      if (made.insert(edge.child).second) {
        repository.Delegate(NameOf(role), NameOf(edge.child), patterns, edge.terminating);
        queue.push_back(edge.child);
      } else {
        repository.DelegateAgain(NameOf(role), NameOf(edge.child), patterns, edge.terminating,
                                 repository.keys(NameOf(edge.child)));
      }
    }
    if (graph.list_it.contains(role)) {
      repository.AddTarget(NameOf(role), std::string(kTarget), Cat("of ", role));
    }
  }
  repository.Publish();
  for (const int role : graph.unfetchable) {
    repository.Files().erase(Cat("metadata/1.", NameOf(role).FileName(), ".json"));
  }
}

class SimulatedMirror final : public tuf_client::Fetcher {
 public:
  explicit SimulatedMirror(RepositorySimulator& repository) : repository_(repository) {}
  StatusOr<std::string> Fetch(std::string_view path, std::uint64_t) override {
    const auto found = repository_.Files().find(std::string(path));
    if (found == repository_.Files().end()) return NotFound(path);
    return found->second;
  }
  Status FetchTo(std::string_view path, std::uint64_t max_bytes,
                 const std::function<Status(std::string_view)>& sink) override {
    RIND_ASSIGN_OR_RETURN(const std::string bytes, Fetch(path, max_bytes));
    return sink(bytes);
  }

 private:
  RepositorySimulator& repository_;
};

Outcome Ask(tuf_client::Client& client) {
  const auto found = client.Find(kTarget);
  if (found.ok()) {
    const std::string& name = found->chain.back().role.text();
    return {Kind::kFound, name == "targets" ? 0 : std::stoi(name.substr(1))};
  }
  if (absl::IsNotFound(found.status())) return {Kind::kAbsent, -1};
  EXPECT_TRUE(tuf::RejectionOf(found.status()).has_value()) << found.status();
  return {Kind::kRefused, -1};
}

TEST(DelegationSearch, C07AgreesWithAnOracleOnRandomGraphs) {
  constexpr int kGraphs = 600;
  LocalFileSystem disk;  // for the lock file only
  const std::string folder = Cat(::testing::TempDir(), "rind-search-", ::getpid());
  ASSERT_TRUE(disk.MakeDirectories(folder, 0700).ok());
  const testing::FakeClock clock;
  std::map<Kind, int> seen;
  for (int seed = 1; seed <= kGraphs; ++seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(seed));
    const Graph graph = RandomGraph(random);
    RepositorySimulator repository(clock.Now());
    const std::string root = repository.Files().at("metadata/1.root.json");
    Build(graph, repository);

    testing::FakeFileSystem files;
    SimulatedMirror mirror(repository);
    ASSERT_TRUE(tuf_client::Client::Initialise(files, folder, root).ok());
    tuf_client::ClientOptions options;
    options.metadata_dir = folder;
    const auto client = tuf_client::Client::Open(options, files, mirror, clock);
    ASSERT_TRUE(client.ok()) << client.status();
    ASSERT_TRUE((*client)->Refresh().ok()) << seed;
    const Outcome wanted = Oracle(graph).Search();
    const Outcome got = Ask(**client);
    ++seen[wanted.kind];
    ASSERT_TRUE(got == wanted) << "graph " << seed << ": wanted " << static_cast<int>(wanted.kind)
                               << " from r" << wanted.role << ", got " << static_cast<int>(got.kind)
                               << " from r" << got.role;
    ASSERT_TRUE(Ask(**client) == wanted) << "the same again from what is loaded, graph " << seed;
  }
  // Each kind of end was met often enough to mean something.
  EXPECT_GT(seen[Kind::kFound], kGraphs / 10);
  EXPECT_GT(seen[Kind::kAbsent], kGraphs / 10);
  EXPECT_GT(seen[Kind::kRefused], kGraphs / 20);
  ASSERT_TRUE(RemoveTree(disk, folder).ok());
}

}  // namespace
}  // namespace rind
