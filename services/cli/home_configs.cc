// The configs of a home, text by text (docs/configuration.md).
#include "common/base/text.h"
#include "services/cli/home.h"
#include "services/cli/nginx_template.h"
#include "services/cli/toml_text.h"

namespace rind::cli {
namespace {

std::string Loopback(std::uint16_t port) { return Cat("127.0.0.1:", port); }

std::string Head(std::string_view what, std::uint16_t port) {
  return Cat("# ", what, ". Written by `rind up`; edits stay until its settings change.\n",
             "[service]\nlisten = \"", Loopback(port), "\"\nlog = \"text\"\n",
             "[tls]\nca = \"tls/ca.pem\"\ncertificate = \"tls/certificate.pem\"\n"
             "key = \"tls/key.pem\"\n");
}

// Every method of `service`, allowed for `caller` alone.
std::string Callers(std::string_view service, const std::vector<std::string>& methods,
                    std::string_view caller) {
  std::string out;
  for (const std::string& method : methods) {
    out = Cat(out, "\"/", service, "/", method, "\" = [\"", caller, "\"]\n");
  }
  return out;
}

std::string OfficerKey(const HomeSettings& settings) {
  return settings.bootstrap == "demo" ? "../officer/officer.pub" : "";
}

std::string OfflineSigner(const HomeSettings& settings) {
  return Cat(Head("offline-signer: root, targets, claimed, unclaimed", settings.ports.offline()),
             "[callers]\n",
             Callers("rind.ceremony.v1.Ceremony", {"Propose", "GetProposal", "GetState"},
                     "delegation-manager"),
             "[repository]\nid = ", Quoted(settings.id),
             "\n[keys]\ndirectory = \"keys\"\npassphrase_file = \"passphrase\"\n"
             "[ledger]\ndirectory = \"ledger\"\n"
             "[policy]\nbootstrap = ",
             Quoted(settings.bootstrap),
             "\nclaims_officer_key_file = ", Quoted(OfficerKey(settings)),
             "\n[approval]\nsocket = \"approve.sock\"\n");
}

std::string OnlineSigner(const HomeSettings& settings, std::string_view roles, std::uint16_t port,
                         std::string_view policy) {
  return Cat(Head(Cat(roles, "-signer"), port), "[callers]\n",
             Callers("rind.signer.v1.Signer", {"Sign", "GetState"}, "delegation-manager"),
             "[repository]\nid = ", Quoted(settings.id), "\n[signer]\nroles = ", Quoted(roles),
             "\n[keys]\ndirectory = \"keys\"\npassphrase_file = \"passphrase\"\n"
             "[ledger]\ndirectory = \"ledger\"\n"
             "[policy]\nprofile = ",
             Quoted(settings.profile), "\n", policy);
}

std::string Manager(const HomeSettings& settings) {
  const Ports& ports = settings.ports;
  return Cat(
      Head("delegation-manager: composes, holds no key", ports.manager()), "[callers]\n",
      Callers("rind.delegation.v1.Operator",
              {"Create", "Release", "Timestamp", "GetStatus", "Check", "PlanDestroy", "Destroy",
               "GetClientBundle", "ListClaims", "SubmitAuthorisation", "Promote", "GetPromotion"},
              "operator"),
      Callers("rind.delegation.v1.Ingest", {"IngestProject", "ListProjects", "GetRepository"},
              "mirror-syncer"),
      Callers("rind.delegation.v1.Developer",
              {"RequestClaim", "GetProject", "UploadBlob", "PushProject"}, "developer"),
      "[repository]\nid = ", Quoted(settings.id), "\nbins = ", settings.bins,
      "\nprofile = ", Quoted(settings.profile),
      "\n[storage]\ndatabase = \"state.db\"\npublic = \"../public\"\nblobs = \"../blobs\"\n"
      "[signers]\nrelease = ",
      Quoted(Loopback(ports.release())), "\ncontent = ", Quoted(Loopback(ports.content())),
      "\noffline = ", Quoted(Loopback(ports.offline())),
      "\n[publish]\nautomatic = true\nsettle = \"2s\"\ntimestamp_every = \"1h\"\n"
      "plain_mirror = false\n");
}

std::string Syncer(const HomeSettings& settings) {
  return Cat(Head("mirror-syncer: fetches from upstream and vouches", settings.ports.syncer()),
             "[callers]\n", Callers("rind.syncer.v1.Syncer", {"Sync", "GetStatus"}, "operator"),
             "[repository]\nid = ", Quoted(settings.id),
             "\n[upstream]\nindex = ", Quoted(settings.upstream),
             "\nca_file = ", Quoted(settings.upstream_ca),
             "\nproxy = ", Quoted(settings.upstream_proxy),
             "\ncredentials_file = ", Quoted(settings.upstream_credentials),
             "\nallow_private_addresses = ", settings.private_upstream ? "true" : "false",
             "\n[projects]\nnames = ", QuotedList(settings.projects),
             "\nnewest_releases = ", settings.newest_releases,
             "\n[sync]\nevery = \"0s\"\nparallel = 8\n"
             "[storage]\nblobs = \"../blobs\"\nstate = \"state.db\"\n"
             "[evidence]\nkey = \"evidence.key\"\n"
             "[manager]\naddress = ",
             Quoted(Loopback(settings.ports.manager())), "\n");
}

std::string Gateway(const HomeSettings& settings) {
  return Cat(
      "# gateway: what installers talk to. Written by `rind up`.\n"
      "[gateway]\nlisten = ",
      Quoted(Loopback(settings.ports.gateway)), "\nbundle = \"../bundle\"\nmirror = \"http://",
      Loopback(settings.ports.web),
      "/\"\nca_file = \"\"\nallow_other_addresses = false\nrefresh = \"60s\"\n"
      "[cache]\ndirectory = \"cache\"\nmax_bytes = 10737418240\n");
}

std::string Client(const HomeSettings& settings, std::string_view up) {
  return Cat(
      "[tls]\nca = \"tls/ca.pem\"\ncertificate = \"tls/certificate.pem\"\n"
      "key = \"tls/key.pem\"\n[services]\nmanager = ",
      Quoted(Loopback(settings.ports.manager())),
      "\nsyncer = ", Quoted(Loopback(settings.ports.syncer())), "\nmirror = \"http://",
      Loopback(settings.ports.web), "/\"\ngateway = \"http://", Loopback(settings.ports.gateway),
      "/\"\n[client]\nbundle = \"", up, "bundle\"\ncache = \"cache\"\n");
}

std::string Replaced(std::string text, std::string_view placeholder, std::string_view value) {
  for (std::size_t at = text.find(placeholder); at != std::string::npos;
       at = text.find(placeholder, at + value.size())) {
    text.replace(at, placeholder.size(), value);
  }
  return text;
}

std::string Nginx(const HomeSettings& settings, const std::string& folder) {
  std::string text(kNginxTemplate);
  text = Replaced(std::move(text), "@PUBLIC@", JoinPath(folder, "public"));
  text = Replaced(std::move(text), "@BLOBS@", JoinPath(folder, "blobs"));
  text = Replaced(std::move(text), "@TEMP@", JoinPath(folder, "web/temp"));
  return Replaced(std::move(text), "@LISTEN@", Loopback(settings.ports.web));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ConfigFiles(const HomeSettings& settings,
                                                             const std::string& folder) {
  const std::string officer = Quoted(OfficerKey(settings));
  return {
      {"offline-signer/config.toml", OfflineSigner(settings)},
      {"release-signer/config.toml",
       OnlineSigner(settings, "release", settings.ports.release(),
                    "receipt_key_files = [\"../content-signer/receipt.pub\"]\n")},
      {"content-signer/config.toml",
       OnlineSigner(settings, "content", settings.ports.content(),
                    Cat("evidence_key_files = [\"../mirror-syncer/evidence.pub\"]\n"
                        "evidence_threshold = 1\nclaims_officer_key_file = ",
                        officer, "\nreceipt_key_out = \"receipt.pub\"\n"))},
      {"delegation-manager/config.toml", Manager(settings)},
      {"mirror-syncer/config.toml", Syncer(settings)},
      {"gateway/config.toml", Gateway(settings)},
      {"client.toml", Client(settings, "")},
      {"developer/client.toml", Client(settings, "../")},
      {"web/nginx.conf", Nginx(settings, folder)},
  };
}

}  // namespace rind::cli
