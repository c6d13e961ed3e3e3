#include <random>

#include <gtest/gtest.h>

#include "common/signing/signing_test_world.h"

namespace rind::signing {
namespace {

// Random requests for one bin against a model of what may never happen, through the pure rules.
class PolicyProperty : public World {
 protected:
  // What one random request is made of.
  struct Draw {
    std::int64_t version;
    int previous;              // which accepted document is sent along; -1: none
    std::vector<int> content;  // by path: 0 absent, else which content
    bool vouched;
  };
  static constexpr int kPaths = 3;
  std::vector<std::string> paths_;
};

TEST_F(PolicyProperty, S02S04S05S06HoldForRandomRequests) {
  for (int i = 0; paths_.size() < kPaths; ++i) {
    const std::string path = Cat("files/six/f", i);
    if (BinOf(path) == "bin-3") paths_.push_back(path);
  }
  const Policy policy = Parts(SignerKind::kContent).policy;
  std::mt19937 random(20261122);  // NOLINT: the same run each time
  const auto pick = [&](int below) { return static_cast<int>(random() % below); };
  Memory memory;
  std::vector<Proposal> accepted;
  std::map<std::string, int> first_content;  // for ever
  std::vector<int> current(kPaths, 0);
  int refused = 0;
  for (int round = 0; round < 40000; ++round) {
    clock_.Advance(absl::Seconds(1));
    const auto newest = static_cast<std::int64_t>(accepted.size());
    Draw draw = {
        std::max<std::int64_t>(1, newest + 1 - (pick(4) == 0 ? pick(3) - 1 : 0)),
        pick(8) == 0 ? pick(static_cast<int>(newest) + 1) - 1 : static_cast<int>(newest) - 1,
        {},
        pick(3) != 0};
    std::map<std::string, tuf::TargetFile> entries;
    std::vector<evidence::VouchedTarget> targets;
    for (int p = 0; p < kPaths; ++p) {
      draw.content.push_back(pick(3) == 0 ? pick(3) : current[static_cast<std::size_t>(p)]);
      if (draw.content.back() == 0) continue;
      targets.push_back(Target(paths_[static_cast<std::size_t>(p)], Cat(draw.content.back())));
      entries.emplace(paths_[static_cast<std::size_t>(p)], Entry(targets.back()));
    }
    Proposal proposal =
        Bin("bin-3", draw.version, entries,
            draw.previous < 0 ? nullptr : &accepted[static_cast<std::size_t>(draw.previous)]);
    if (draw.vouched && !targets.empty()) proposal.vouched = {Vouch(syncer_, targets)};
    const auto intent = Judge(proposal, memory, policy, now());

    bool legal = draw.version == newest + 1 && draw.previous == newest - 1;
    for (std::size_t p = 0; p < kPaths; ++p) {
      const int content = draw.content[p];
      if (content == 0) continue;
      const auto first = first_content.find(paths_[p]);
      legal = legal && (first == first_content.end() || first->second == content);
      legal = legal && (content == current[p] || draw.vouched);
    }
    ASSERT_EQ(intent.ok(), legal) << "round " << round << ": " << intent.status();
    if (!legal) {
      ++refused;
      continue;
    }
    memory.Apply(*intent);
    accepted.push_back(std::move(proposal));
    current = draw.content;
    for (std::size_t p = 0; p < kPaths; ++p) {
      if (current[p] != 0) first_content.emplace(paths_[p], current[p]);
    }
  }
  EXPECT_GT(refused, 5000);
  EXPECT_GT(accepted.size(), 5000u);
}

}  // namespace
}  // namespace rind::signing
