#include "services/pki/program.h"

#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/runtime/hardening.h"
#include "common/runtime/version.h"
#include "services/pki/authority.h"

namespace rind::pki {
namespace {

constexpr unsigned kUmask =
    022;  // ca.pem and certificate.pem are for everyone; keys are 0600 anyway

int Fail(std::string_view message, int code) {
  std::fprintf(stderr, "rind-pki: %s\n", std::string(message).c_str());
  return code;
}

Status Fulfil(const std::string& ca_folder, const std::vector<Order>& orders) {
  LocalFileSystem files;
  const SystemClock clock;
  SystemRandom random;
  RIND_ASSIGN_OR_RETURN(Authority authority, Authority::Open(files, clock, random, ca_folder));
  for (const Order& order : orders) {
    RIND_ASSIGN_OR_RETURN(const std::string line, authority.Fulfil(order));
    std::printf("%s\n", line.c_str());
  }
  return OkStatus();
}

}  // namespace

int Run(int argc, char** argv) {
  CLI::App app(
      "Makes the certificates with which rind's services know one another: EC P-256, valid for 90 "
      "days, renewed when a third is left, exactly one DNS name each.",
      "rind-pki");
  std::string ca_folder;
  std::vector<std::string> wishes;
  app.set_version_flag("--version", Cat("rind-pki ", runtime::kVersion));
  app.add_option("--ca-dir", ca_folder, "the authority's own folder; made when it is missing")
      ->type_name("FOLDER")
      ->required();
  app.add_option("--issue", wishes,
                 "writes ca.pem, certificate.pem and key.pem for NAME into FOLDER, owned by UID")
      ->type_name("NAME=FOLDER[:UID]");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& answer) {  // --help, --version
    return app.exit(answer);
  } catch (const CLI::ParseError& error) {
    return Fail(Cat(error.what(), " (--help says more)"), 2);
  }
  std::vector<Order> orders;
  for (const std::string& wish : wishes) {
    auto order = Order::Parse(wish);
    if (!order.ok()) return Fail(MessageOf(order.status()), 2);
    orders.push_back(*std::move(order));
  }
  const auto hardened = runtime::HardenProcess(kUmask);
  if (!hardened.ok()) return Fail(MessageOf(hardened.status()), 1);
  const Status status = Fulfil(ca_folder, orders);
  return status.ok() ? 0 : Fail(MessageOf(status), 1);
}

}  // namespace rind::pki
