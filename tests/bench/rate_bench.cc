// How fast the core is, without any service: encoding, parsing, and signing with all that a signer
// does for it (judging, ledger and audit log synced to disk).
//
//   rate_bench FOLDER
//
// FOLDER is made, and takes the signer's files. Prints one line for each rate. On one thread.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/evidence/merkle.h"
#include "common/evidence/statement_key.h"
#include "common/evidence/statements.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/signing/signing_session.h"
#include "common/tuf/json/canonical_json.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/json/encode.h"

namespace rind {
namespace {

using signing::Proposal;

constexpr char kRepository[] = "rind-bench";
constexpr int kBins = 16'384;
// 17 M targets in 16,384 bins make bins of some 250 KB.
constexpr int kTargetsInBin = 1'040;
constexpr char kProject[] = "bench";
constexpr std::string_view kDigits = "0123456789abcdef";  // the bins that are signed
constexpr int kBinsInCall = 16;
constexpr absl::Duration kAtLeast = absl::Seconds(2);
constexpr int kRounds = 20;

class Bench {
 public:
  explicit Bench(std::string folder) : folder_(std::move(folder)) {}

  Status Run() {
    RIND_RETURN_IF_ERROR(files_.MakeDirectories(folder_, 0700));
    RIND_RETURN_IF_ERROR(
        Codec("snapshot of 16,384 bins", MakeSnapshot(), &tuf::DecodeCanonicalSnapshot));
    RIND_ASSIGN_OR_RETURN(const auto syncer, evidence::StatementKey::Generate(random_));
    RIND_ASSIGN_OR_RETURN(const tuf::Targets bin,
                          tuf::DecodeCanonicalTargets(MakeBin(0, kTargetsInBin, syncer).proposed));
    RIND_RETURN_IF_ERROR(Codec("bin of 1,040 targets", bin, &tuf::DecodeCanonicalTargets));
    RIND_RETURN_IF_ERROR(SignBins("bins of 5 targets", 5));
    return SignBins("bins of 1,040 targets", kTargetsInBin);
  }

 private:
  // How often `body` runs in a second of the processor: the best of some rounds, which says more
  // about the code and less about what else the machine does.
  template <typename Body>
  static StatusOr<double> PerSecond(const Body& body) {
    double best = 0;
    for (int round = 0; round < kRounds; ++round) {
      const std::clock_t begin = std::clock();
      std::clock_t took = 0;
      int runs = 0;
      for (; took < CLOCKS_PER_SEC / kRounds; took = std::clock() - begin, ++runs) {
        RIND_RETURN_IF_ERROR(body());
      }
      best = std::max(best, runs / (static_cast<double>(took) / CLOCKS_PER_SEC));
    }
    return best;
  }

  static void Print(std::string_view what, double rate, std::string_view unit) {
    std::printf("  %-46s %.0f %s\n", std::string(what).c_str(), rate, std::string(unit).c_str());
    std::fflush(stdout);
  }

  template <typename Document, typename Decode>
  Status Codec(std::string_view what, const Document& document, const Decode& decode) const {
    const std::string canonical = tuf::EncodeCanonical(document);
    const double megabytes = static_cast<double>(canonical.size()) / 1e6;
    RIND_ASSIGN_OR_RETURN(const double encodings, PerSecond([&]() -> Status {
                            if (tuf::EncodeCanonical(document).size() == canonical.size()) {
                              return OkStatus();
                            }
                            return Internal("encoded to another size");
                          }));
    RIND_ASSIGN_OR_RETURN(const double parses,
                          PerSecond([&]() -> Status { return tuf::CheckCanonical(canonical); }));
    RIND_ASSIGN_OR_RETURN(const double decodings,
                          PerSecond([&]() -> Status { return decode(canonical).status(); }));
    Print(Cat("encode ", what), encodings * megabytes, "MB/s");
    Print(Cat("parse ", what), parses * megabytes, "MB/s");
    Print(Cat("parse into values ", what), decodings * megabytes, "MB/s");
    return OkStatus();
  }

  tuf::Header HeaderOf(std::int64_t version) const {
    return {*tuf::Version::Create(version),
            absl::FromUnixSeconds(absl::ToUnixSeconds(clock_.Now())) + absl::Hours(24)};
  }

  // Versions alone, as above 1,024 bins.
  tuf::Snapshot MakeSnapshot() const {
    tuf::Snapshot snapshot{HeaderOf(1), {}};
    snapshot.roles.emplace(tuf::TopLevelRole::kTargets, tuf::FileMeta());
    for (int bin = 0; bin < kBins; ++bin) {
      std::array<char, 16> name{};
      std::snprintf(name.data(), name.size(), "bin-%04x", static_cast<unsigned>(bin));
      snapshot.roles.emplace(*tuf::RoleName::Parse(name.data()), tuf::FileMeta());
    }
    return snapshot;
  }

  static std::string BinName(int bin) { return Cat("bin-", kDigits.substr(bin, 1)); }

  // A bin of the project's paths that hash into it, and evidence over them.
  Proposal MakeBin(int bin, int targets, const evidence::StatementKey& syncer) const {
    std::vector<evidence::VouchedTarget> vouched;
    const char digit = BinName(bin).back();
    for (int i = 0; static_cast<int>(vouched.size()) < targets; ++i) {
      const std::string path = Cat("files/", kProject, "/", kProject, "-", i,
                                   "-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
      const Sha256Digest hash = Sha256(path);
      if (hash.Hex().front() != digit) continue;
      vouched.push_back({*tuf::TargetPath::Parse(path), 100'000, hash});
    }
    std::sort(vouched.begin(), vouched.end());
    const evidence::MerkleTree tree(vouched);
    const std::string statement = evidence::Encode(evidence::EvidenceStatement{
        kRepository, kProject, 1, clock_.Now(), vouched.size(), tree.root()});
    signing::SuppliedEvidence supplied = {{statement, syncer.key_id(), syncer.Sign(statement)}, {}};
    tuf::Targets document{HeaderOf(1), {}, std::nullopt};
    for (std::size_t i = 0; i < vouched.size(); ++i) {
      tuf::TargetFile file;
      file.length = vouched[i].length;
      file.hashes = tuf::Hashes::OfSha256(vouched[i].sha256);
      document.targets.emplace(vouched[i].path.text(), std::move(file));
      supplied.targets.push_back({vouched[i], i, tree.Path(i)});
    }
    return {.role = *tuf::RoleName::Parse(BinName(bin)),
            .proposed = tuf::EncodeCanonical(document),
            .previous = {},
            .vouched = {std::move(supplied)},
            .authorisations = {},
            .receipts = {},
            .files = {}};
  }

  StatusOr<std::unique_ptr<signing::SigningSession>> OpenSession(
      const std::string& folder, const evidence::StatementKey& syncer) {
    std::string text = "a passphrase";
    RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, SecretBytes::TakeFrom(text));
    keystore::EncryptedFileKeyStore keys(files_, random_, JoinPath(folder, "keys"),
                                         std::move(passphrase), sealing::Cost::Least());
    RIND_RETURN_IF_ERROR(keys.Create("bins").status());
    signing::SigningSession::Parts parts;
    RIND_ASSIGN_OR_RETURN(parts.signers["bins"], keys.Open("bins"));
    parts.policy.kind = signing::SignerKind::kContent;
    parts.policy.repository = kRepository;
    RIND_ASSIGN_OR_RETURN(parts.policy.lifetimes, signing::LifetimesOf("default"));
    parts.policy.evidence_keys = {syncer.public_key()};
    parts.policy.bin_bits = 4;
    RIND_ASSIGN_OR_RETURN(parts.receipts, evidence::StatementKey::Generate(random_));
    const std::string ledger = JoinPath(folder, "ledger");
    RIND_RETURN_IF_ERROR(
        signing::Ledger::Init(files_, ledger, signing::SigningSession::IdentityOf(parts)));
    return signing::SigningSession::Open(files_, clock_, ledger, std::move(parts));
  }

  // Each call has the next version of all bins, with what they held before.
  Status SignBins(std::string_view what, int targets) {
    RIND_ASSIGN_OR_RETURN(const auto syncer, evidence::StatementKey::Generate(random_));
    RIND_ASSIGN_OR_RETURN(const auto session,
                          OpenSession(JoinPath(folder_, Cat("signer-", targets)), syncer));
    std::vector<Proposal> bins;
    std::vector<tuf::Targets> documents;
    for (int bin = 0; bin < kBinsInCall; ++bin) {
      bins.push_back(MakeBin(bin, targets, syncer));
      RIND_ASSIGN_OR_RETURN(auto document, tuf::DecodeCanonicalTargets(bins.back().proposed));
      documents.push_back(std::move(document));
    }
    absl::Duration signing_time;
    int calls = 0;
    while (signing_time < kAtLeast) {
      const absl::Time begin = clock_.Now();
      RIND_ASSIGN_OR_RETURN(const auto outcomes, session->Sign({kRepository, begin, bins}));
      if (calls++ > 0) signing_time += clock_.Now() - begin;  // the first alone has evidence
      for (int bin = 0; bin < kBinsInCall; ++bin) {
        RIND_RETURN_IF_ERROR(outcomes[bin].status());
        RIND_ASSIGN_OR_RETURN(documents[bin].header.version, documents[bin].header.version.Next());
        bins[bin].vouched.clear();
        bins[bin].previous =
            std::exchange(bins[bin].proposed, tuf::EncodeCanonical(documents[bin]));
      }
    }
    Print(Cat("sign ", what, ", ", kBinsInCall, " a call"),
          (calls - 1) * kBinsInCall / absl::ToDoubleSeconds(signing_time), "/s");
    return OkStatus();
  }

  LocalFileSystem files_;
  SystemClock clock_;
  SystemRandom random_;
  std::string folder_;
};

}  // namespace
}  // namespace rind

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: rate_bench FOLDER\n");
    return 2;
  }
  const rind::Status status = rind::Bench(argv[1]).Run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "rate_bench: %s\n", status.ToString().c_str());
  return 1;
}
