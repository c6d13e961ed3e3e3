#include <array>
#include <random>

#include <gtest/gtest.h>

#include "common/signing/signing_test_world.h"

namespace rind::signing {
namespace {

constexpr std::size_t kPaths = 3;

// What one random request for the bin is made of.
struct Draw {
  std::int64_t version = 0;
  int previous = -1;                     // which accepted document is sent along; -1: none
  std::array<int, kPaths> content = {};  // by path: 0 absent, else which content
  bool vouched = false;
};

// What may never happen, in the fewest words: the rules that the signer is held against.
class Model {
 public:
  bool Allows(const Draw& draw) const {
    if (draw.version != accepted_ + 1 || draw.previous != accepted_ - 1) return false;
    for (std::size_t p = 0; p < kPaths; ++p) {
      const int content = draw.content[p];
      if (content == 0) continue;
      const bool other = first_[p] != 0 && first_[p] != content;
      const bool unvouched = content != current_[p] && !draw.vouched;
      if (other || unvouched) return false;
    }
    return true;
  }
  void Take(const Draw& draw) {
    ++accepted_;
    current_ = draw.content;
    for (std::size_t p = 0; p < kPaths; ++p) {
      if (first_[p] == 0) first_[p] = current_[p];
    }
  }
  int accepted() const { return accepted_; }
  int current(std::size_t path) const { return current_[path]; }

 private:
  int accepted_ = 0;
  std::array<int, kPaths> first_ = {};  // a path's first content is its content for ever
  std::array<int, kPaths> current_ = {};
};

// Random requests for one bin against the model, through the pure rules.
class PolicyProperty : public World {
 protected:
  void SetUp() override {
    World::SetUp();
    for (int i = 0; paths_.size() < kPaths; ++i) {
      const std::string path = Cat("files/six/f", i);
      if (BinOf(path) == "bin-3") paths_.push_back(path);
    }
  }
  int Pick(int below) { return static_cast<int>(draws_() % static_cast<unsigned>(below)); }

  // Mostly the next version after the newest document, sometimes not.
  Draw DrawOne(const Model& model) {
    const int newest = model.accepted();
    Draw draw;
    draw.version = std::max(1, newest + 1 - (Pick(4) == 0 ? Pick(3) - 1 : 0));
    draw.previous = Pick(8) == 0 ? Pick(newest + 1) - 1 : newest - 1;
    draw.vouched = Pick(3) != 0;
    for (std::size_t p = 0; p < kPaths; ++p) {
      draw.content[p] = Pick(3) == 0 ? Pick(3) : model.current(p);
    }
    return draw;
  }
  Proposal ProposalOf(const Draw& draw, const std::vector<Proposal>& accepted) const {
    std::map<std::string, tuf::TargetFile> entries;
    std::vector<evidence::VouchedTarget> targets;
    for (std::size_t p = 0; p < kPaths; ++p) {
      if (draw.content[p] == 0) continue;
      targets.push_back(Target(paths_[p], Cat(draw.content[p])));
      entries.emplace(paths_[p], Entry(targets.back()));
    }
    const Proposal* const previous =
        draw.previous < 0 ? nullptr : &accepted[static_cast<std::size_t>(draw.previous)];
    Proposal proposal = Bin("bin-3", draw.version, entries, previous);
    if (draw.vouched && !targets.empty()) proposal.vouched = {Vouch(syncer_, targets)};
    return proposal;
  }

  std::vector<std::string> paths_;
  std::mt19937 draws_{20261122};  // NOLINT: the same run each time
};

TEST_F(PolicyProperty, S02S04S05S06HoldForRandomRequests) {
  const Policy policy = Parts(SignerKind::kContent).policy;
  Memory memory;
  Model model;
  std::vector<Proposal> accepted;
  int refused = 0;
  for (int round = 0; round < 40000; ++round) {
    clock_.Advance(absl::Seconds(1));
    const Draw draw = DrawOne(model);
    Proposal proposal = ProposalOf(draw, accepted);
    const auto intent = Judge(proposal, memory, policy, now());
    ASSERT_EQ(intent.ok(), model.Allows(draw)) << "round " << round << ": " << intent.status();
    if (!intent.ok()) {
      ++refused;
      continue;
    }
    memory.Apply(*intent);
    model.Take(draw);
    accepted.push_back(std::move(proposal));
  }
  EXPECT_GT(refused, 5000);
  EXPECT_GT(accepted.size(), 5000U);
}

}  // namespace
}  // namespace rind::signing
