#include "common/signing/audit_log.h"

#include <utility>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/tuf/json/canonical_json.h"

namespace rind::signing {
namespace {

constexpr std::size_t kMaxLineBytes = 8192;

std::string EncodeLine(const AuditEntry& entry, std::uint64_t number,
                       const Sha256Digest& previous) {
  tuf::CanonicalWriter writer;
  const auto text = [&](std::string_view name, std::string_view value) {
    writer.Name(name);
    writer.String(value);
  };
  writer.BeginObject();
  writer.Name("n");
  writer.Integer(static_cast<std::int64_t>(number));
  text("outcome", entry.outcome);
  text("previous", previous.Hex());
  text("role", Printable(entry.role, 300));
  text("rule", entry.rule);
  text("sha256", entry.sha256.Hex());
  text("text", Printable(entry.text, 1000));
  text("time", FormatUtc(entry.time));
  writer.Name("version");
  writer.Integer(entry.version);
  writer.EndObject();
  return writer.Take();
}

// Where a line says what came before it: `"previous":"<64 hex>"`, at a fixed member.
bool Follows(std::string_view line, std::uint64_t number, const Sha256Digest& previous) {
  const auto canonical = tuf::Canonicalise(line);
  return canonical.ok() && *canonical == line &&
         line.starts_with(Cat("{\"n\":", number, ",\"outcome\":\"")) &&
         line.find(Cat(",\"previous\":\"", previous.Hex(), "\",")) != std::string_view::npos;
}

}  // namespace

std::string AuditLogPath(const std::string& folder) { return JoinPath(folder, "audit.log"); }

StatusOr<AuditSummary> VerifyAuditLog(const FileReader& files, const std::string& path) {
  AuditSummary summary;
  std::string partial;
  const auto take = [&](std::string_view line) -> Status {
    if (!Follows(line, summary.lines + 1, summary.head)) {
      return DataLoss(Cat(path, ": line ", summary.lines + 1,
                          ": does not follow the line before it: altered, cut or moved"));
    }
    ++summary.lines;
    summary.head = Sha256(line);
    summary.whole_bytes += line.size() + 1;
    return OkStatus();
  };
  RIND_RETURN_IF_ERROR(files.ReadPieces(path, [&](std::string_view piece) -> Status {
    partial.append(piece);
    std::size_t begin = 0;
    for (std::size_t end = partial.find('\n'); end != std::string::npos;
         end = partial.find('\n', begin)) {
      RIND_RETURN_IF_ERROR(take(std::string_view(partial).substr(begin, end - begin)));
      begin = end + 1;
    }
    partial.erase(0, begin);
    if (partial.size() <= kMaxLineBytes) return OkStatus();
    return DataLoss(Cat(path, ": line ", summary.lines + 1, ": longer than ", kMaxLineBytes));
  }));
  return summary;
}

StatusOr<AuditLog> AuditLog::Open(FileSystem& files, const std::string& path) {
  RIND_ASSIGN_OR_RETURN(AppendFile file, AppendFile::Open(path, 0600));
  RIND_ASSIGN_OR_RETURN(const AuditSummary summary, VerifyAuditLog(files, path));
  RIND_ASSIGN_OR_RETURN(const FileInfo info, files.Stat(path));
  if (info.size != summary.whole_bytes) {
    RIND_RETURN_IF_ERROR(file.Truncate(summary.whole_bytes));
  }
  AuditLog log(std::move(file));
  log.lines_ = summary.lines;
  log.head_ = summary.head;
  return log;
}

void AuditLog::Add(const AuditEntry& entry) {
  const std::string line = EncodeLine(entry, lines_ + 1, head_);
  ++lines_;
  head_ = Sha256(line);
  pending_ += line;
  pending_ += '\n';
}

Status AuditLog::Sync() {
  if (pending_.empty()) return OkStatus();
  RIND_RETURN_IF_ERROR(file_.Append(pending_));
  pending_.clear();
  return file_.Sync();
}

}  // namespace rind::signing
