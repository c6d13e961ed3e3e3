#include "common/base/text.h"
#include "services/delegation_manager/state/sqlite_tables.h"

namespace rind::delegation_manager {
namespace {

constexpr std::string_view kColumns =
    "SELECT project, state, statement, role_file, index_html, index_json, since, detail "
    "FROM claims ";

StatusOr<Claim> ClaimFrom(const Query& row) {
  Claim claim;
  claim.project = row->Text(0);
  RIND_ASSIGN_OR_RETURN(claim.state, ParseProjectState(row->Text(1)));
  claim.claim.statement = row->Blob(2);
  claim.role_file = row->Blob(3);
  claim.index_html = row->Blob(4);
  claim.index_json = row->Blob(5);
  claim.since = absl::FromUnixSeconds(row->Int(6));
  claim.detail = row->Text(7);
  return claim;
}

}  // namespace

SqliteClaimTable::SqliteClaimTable(sqlite::Database& database)
    : find_(database, Cat(kColumns, "WHERE project = ?1")),
      list_(database, Cat(kColumns, "WHERE ?1 = '' OR state = ?1 ORDER BY project")),
      put_(database,
           "INSERT INTO claims VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
           "ON CONFLICT(project) DO UPDATE SET state = ?2, statement = ?3, role_file = ?4, "
           "index_html = ?5, index_json = ?6, since = ?7, detail = ?8"),
      remove_(database, "DELETE FROM claims WHERE project = ?1"),
      signatures_(database,
                  "SELECT key_id, signature FROM claim_signatures WHERE project = ?1 "
                  "ORDER BY position"),
      put_signature_(database, "INSERT INTO claim_signatures VALUES (?1, ?2, ?3, ?4)"),
      remove_signatures_(database, "DELETE FROM claim_signatures WHERE project = ?1") {}

Status SqliteClaimTable::ReadSignatures(Claim& claim) {
  RIND_ASSIGN_OR_RETURN(const Query query, signatures_.Start());
  query->BindText(1, claim.project);
  while (true) {
    RIND_ASSIGN_OR_RETURN(const bool more, query->Step());
    if (!more) return OkStatus();
    claim.claim.signatures.push_back({query->Text(0), query->Blob(1)});
  }
}

StatusOr<std::optional<Claim>> SqliteClaimTable::Find(std::string_view project) {
  RIND_ASSIGN_OR_RETURN(const Query query, find_.Start());
  query->BindText(1, project);
  RIND_ASSIGN_OR_RETURN(const bool found, query->Step());
  if (!found) return std::optional<Claim>();
  RIND_ASSIGN_OR_RETURN(Claim claim, ClaimFrom(query));
  RIND_RETURN_IF_ERROR(ReadSignatures(claim));
  return std::optional<Claim>(std::move(claim));
}

StatusOr<std::vector<Claim>> SqliteClaimTable::List(std::optional<ProjectState> state) {
  RIND_ASSIGN_OR_RETURN(const Query query, list_.Start());
  query->BindText(1, state ? NameOf(*state) : "");
  std::vector<Claim> claims;
  while (true) {
    RIND_ASSIGN_OR_RETURN(const bool more, query->Step());
    if (!more) return claims;
    RIND_ASSIGN_OR_RETURN(Claim claim, ClaimFrom(query));
    RIND_RETURN_IF_ERROR(ReadSignatures(claim));
    claims.push_back(std::move(claim));
  }
}

Status SqliteClaimTable::Put(const Claim& claim) {
  RIND_RETURN_IF_ERROR(Remove(claim.project));
  RIND_ASSIGN_OR_RETURN(const Query query, put_.Start());
  query->BindText(1, claim.project)
      .BindText(2, NameOf(claim.state))
      .BindBlob(3, claim.claim.statement)
      .BindBlob(4, claim.role_file)
      .BindBlob(5, claim.index_html)
      .BindBlob(6, claim.index_json)
      .BindInt(7, absl::ToUnixSeconds(claim.since))
      .BindText(8, claim.detail);
  RIND_RETURN_IF_ERROR(query->Run());
  std::int64_t position = 0;
  for (const StatementSignature& signature : claim.claim.signatures) {
    RIND_ASSIGN_OR_RETURN(const Query row, put_signature_.Start());
    row->BindText(1, claim.project)
        .BindInt(2, position++)
        .BindText(3, signature.key_id)
        .BindBlob(4, signature.signature);
    RIND_RETURN_IF_ERROR(row->Run());
  }
  return OkStatus();
}

Status SqliteClaimTable::Remove(std::string_view project) {
  for (Prepared* const statement : {&remove_signatures_, &remove_}) {
    RIND_ASSIGN_OR_RETURN(const Query query, statement->Start());
    query->BindText(1, project);
    RIND_RETURN_IF_ERROR(query->Run());
  }
  return OkStatus();
}

}  // namespace rind::delegation_manager
