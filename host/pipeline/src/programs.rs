//! Programs, the loaded form of campaign versions: compiled and stored when a document is saved, loaded when a batch needs them.

use super::Pipeline;
use super::rendered::json;
use super::unavailable::unavailable;
use async_recursion::async_recursion as boxed;
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_engine::contract::{Diagnostic, DiagnosticLevel};
use hookmill_engine::{ConfigurationError, Digest, LoadError, LoadedComponent, Program};
use hookmill_store::StoreError;
use hookmill_store::audit::AuditEntry;
use hookmill_store::campaign_versions::{Activation, NewCampaignVersion};
use hookmill_store::campaigns::Campaign;
use serde::Serialize;
use std::str::FromStr;
use std::sync::Arc;

/// The standard document (O3), as a new campaign shows it.
pub const STANDARD_DOCUMENT: &str = include_str!("../../../plugins/default/documents/standard.yaml");

/// Programs that are ready to run. They never change, so they are kept until others need their place.
pub(crate) struct Ready(quick_cache::sync::Cache<String, ReadyProgram>);

/// A program, and whether it is a custom plugin.
#[derive(Clone)]
struct ReadyProgram {
    program: Program,
    is_plugin: bool,
}

impl Ready {
    pub(crate) fn new(programs_max: usize) -> Self {
        Self(quick_cache::sync::Cache::new(programs_max))
    }

    fn get(&self, id: &str) -> Option<Program> {
        self.0.get(id).map(|ready| ready.program)
    }

    /// Whether a program is a custom plugin; none when the program does not exist.
    pub(crate) fn is_plugin(&self, id: &str) -> Option<bool> {
        self.0.get(id).map(|ready| ready.is_plugin)
    }

    fn put(&self, id: &str, program: ReadyProgram) {
        self.0.insert(id.to_owned(), program);
    }
}

/// Something that is wrong in a document, or odd.
#[derive(Debug, Clone, Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// `error` or `warning`.
    pub level: String,
    /// A stable code in snake case.
    pub code: String,
    /// The place as a path into the document.
    pub path: String,
    /// The line, from 1; 0 when unknown.
    pub line: u32,
    /// The column, from 1; 0 when unknown.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// The suggested fix.
    pub suggestion: Option<String>,
}

impl From<&Diagnostic> for Problem {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            level: match diagnostic.level {
                DiagnosticLevel::Error => "error".into(),
                DiagnosticLevel::Warning => "warning".into(),
            },
            code: diagnostic.code.clone(),
            path: diagnostic.path.clone(),
            line: diagnostic.line,
            column: diagnostic.column,
            message: diagnostic.message.clone(),
            suggestion: diagnostic.suggestion.clone(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {}", self.line, self.column, self.level, self.message)?;
        if !self.path.is_empty() {
            write!(f, " ({})", self.path)?;
        }
        match &self.suggestion {
            Some(hint) => write!(f, "\n    {hint}"),
            None => Ok(()),
        }
    }
}

/// Why a document was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The document is wrong.
    #[error("the document does not compile")]
    Problems(Vec<Problem>),
    /// Anything else.
    #[error(transparent)]
    Rejected(#[from] ApiError),
}

impl From<SaveError> for ApiError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Rejected(error) => error,
            SaveError::Problems(problems) => {
                let details = problems
                    .iter()
                    .map(|p| Detail { path: p.path.clone(), code: p.code.clone(), message: p.to_string() })
                    .collect();
                ApiError::new(
                    Kind::Invalid,
                    "document_invalid",
                    format!("the document has {} problems; nothing was saved", problems.len()),
                )
                .with_details(details)
                .with_fields(serde_json::json!({ "problems": problems }))
            }
        }
    }
}

/// Why a program can't be run.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The store does not respond: the program may run later.
    #[error("database unavailable: {0}")]
    Later(String),
    /// Running it again will not help.
    #[error("{0}")]
    Never(String),
}

impl From<StoreError> for NotReady {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt { .. } => Self::Never(error.to_string()),
            other => Self::Later(other.to_string()),
        }
    }
}

/// The component of a new campaign version.
#[derive(Debug, Clone)]
pub struct ChosenComponent {
    /// The plugin and its version; none for the default plugin.
    pub plugin: Option<(String, i64)>,
    /// SHA-256 of the component, as it is written.
    pub digest: String,
}

/// A campaign version that is compiled and not stored yet.
pub struct CompiledVersion {
    chosen: ChosenComponent,
    document: Option<String>,
    plan: Option<Arc<[u8]>>,
    warnings: Vec<u8>,
}

impl CompiledVersion {
    /// The same, for the store.
    pub fn as_new(&self) -> NewCampaignVersion<'_> {
        NewCampaignVersion {
            plugin: self.chosen.plugin.as_ref().map(|(id, version)| (id.as_str(), *version)),
            component_digest: &self.chosen.digest,
            document: self.document.as_deref().map(str::as_bytes),
            plan: self.plan.as_deref(),
            warnings: &self.warnings,
        }
    }
}

impl Pipeline {
    /// The component of this digest, compiled.
    #[boxed]
    pub async fn component(&self, digest: &str) -> Result<Arc<LoadedComponent>, NotReady> {
        let parsed = Digest::from_str(digest).map_err(|error| NotReady::Never(error.to_string()))?;
        let fetch = || async {
            let found = self.store.component(digest).await?;
            found.ok_or_else(|| StoreError::corrupt("components", digest, "the component is missing"))
        };
        self.engine.load(parsed, fetch).await.map_err(|error| match error {
            LoadError::Fetch { source, .. } => match source.downcast::<StoreError>() {
                Ok(store) => NotReady::from(*store),
                Err(other) => NotReady::Later(other.to_string()),
            },
            other => NotReady::Never(other.to_string()),
        })
    }

    /// What a campaign runs, ready to run.
    #[boxed]
    pub async fn campaign_program(&self, campaign: &Campaign) -> Result<Program, NotReady> {
        let Some(id) = &campaign.active_version_id else { return Ok(self.standard.clone()) };
        self.program_by_id(id).await
    }

    /// The program of a campaign version, ready to run.
    pub(crate) async fn program_by_id(&self, id: &str) -> Result<Program, NotReady> {
        if let Some(ready) = self.ready.get(id) {
            return Ok(ready);
        }
        let row = self
            .store
            .campaign_version(id)
            .await?
            .ok_or_else(|| NotReady::Never(format!("campaign version {id} not found")))?;
        let program =
            Program { component: self.component(&row.component_digest).await?, plan: row.plan.map(Arc::from) };
        self.ready.put(id, ReadyProgram { program: program.clone(), is_plugin: row.plugin_id.is_some() });
        Ok(program)
    }

    /// Compiles a document for a component, without keeping anything.
    #[boxed]
    pub async fn compile(&self, digest: &str, document: &str) -> Result<(Program, Vec<Problem>), SaveError> {
        let bytes_max = self.settings.limits.document_bytes_max;
        if bytes_max < document.len() {
            return Err(ApiError::new(
                Kind::TooLarge,
                "document_too_large",
                format!("a document may have {bytes_max} bytes (document_bytes_max)"),
            )
            .into());
        }
        let component = self
            .component(digest)
            .await
            .map_err(|why| ApiError::new(Kind::Invalid, "component_unusable", why.to_string()))?;
        match self.engine.compile_configuration(&component, document).await {
            Ok(compiled) => {
                let warnings = compiled.warnings.iter().map(Problem::from).collect();
                Ok((Program { component, plan: Some(compiled.plan) }, warnings))
            }
            Err(ConfigurationError::Diagnostics(list)) => {
                Err(SaveError::Problems(list.iter().map(Problem::from).collect()))
            }
            Err(ConfigurationError::Fault(fault)) => Err(ApiError::new(
                Kind::Invalid,
                "plugin_faulted",
                format!("the plugin faulted while compiling: {fault}"),
            )
            .into()),
            Err(ConfigurationError::NotConfigurable) => Err(ApiError::new(
                Kind::Invalid,
                "not_configurable",
                "this plugin takes no document; activate it without one",
            )
            .into()),
        }
    }

    /// Compiles a campaign version, without storing anything.
    #[boxed]
    pub async fn compile_version(
        &self,
        chosen: ChosenComponent,
        document: Option<&str>,
    ) -> Result<(CompiledVersion, Vec<Problem>), SaveError> {
        let (plan, problems) = match document {
            Some(document) => {
                let (program, problems) = self.compile(&chosen.digest, document).await?;
                (program.plan, problems)
            }
            None => {
                self.component(&chosen.digest)
                    .await
                    .map_err(|why| ApiError::new(Kind::Invalid, "component_unusable", why.to_string()))?;
                (None, Vec::new())
            }
        };
        let (document, warnings) = (document.map(str::to_owned), json(&problems));
        Ok((CompiledVersion { chosen, document, plan, warnings }, problems))
    }

    /// Saves a version of a campaign, and activates it on request.
    #[boxed]
    pub async fn save_campaign_version(
        &self,
        campaign_key: &str,
        compiled: &CompiledVersion,
        activation: Activation,
        entry: &AuditEntry,
    ) -> Result<hookmill_store::campaign_versions::CampaignVersion, ApiError> {
        let new = compiled.as_new();
        let saved = self.people.save_campaign_version(campaign_key, new, activation, entry, self.clock.now()).await;
        let saved = saved.map_err(|error| match error {
            StoreError::Conflict => ApiError::new(
                Kind::Conflict,
                "saved_meanwhile",
                "another version was saved at the same time; save again",
            ),
            other => unavailable(other),
        })?;
        self.forget_lookups();
        Ok(saved)
    }

    /// The default plugin of this host.
    pub fn default_component(&self) -> ChosenComponent {
        ChosenComponent { plugin: None, digest: self.standard_digest.clone() }
    }
}
