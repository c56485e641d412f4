//! Ready documents for well-known senders.

use crate::auth::OrgUser;
use crate::error::HttpError;
use crate::extract::Path;
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The senders that there are documents for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SenderDocuments {
    /// Their names.
    senders: Vec<&'static str>,
}

/// The document of a sender.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SenderDocument {
    /// The sender's name.
    sender: String,
    /// The document, in YAML. Save it as a campaign's own, as it is or changed.
    document: &'static str,
}

/// Lists the senders that there are ready documents for
#[utoipa::path(get, path = "", operation_id = "listSenderDocuments",
    responses((status = OK, description = "Their names.", body = SenderDocuments)))]
pub(crate) async fn list(OrgUser(scope): OrgUser) -> Result<Json<SenderDocuments>, HttpError> {
    Ok(Json(SenderDocuments { senders: scope.list_sender_documents()? }))
}

/// Shows the ready document of a sender
#[utoipa::path(get, path = "", operation_id = "getSenderDocument",
    responses((status = OK, description = "The document.", body = SenderDocument)))]
pub(crate) async fn get(
    OrgUser(scope): OrgUser,
    Path(sender): Path<String>,
) -> Result<Json<SenderDocument>, HttpError> {
    let document = scope.sender_document(&sender)?;
    Ok(Json(SenderDocument { sender, document }))
}
