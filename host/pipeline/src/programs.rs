//! Programs, the loaded form of campaign versions: compiled and stored when a document is saved, loaded when a batch needs them.

use super::Pipeline;
use super::rendered::json;
use super::unavailable::{unavailable, version_gone};
use async_recursion::async_recursion as boxed;
use hookmill_domain::clock::BootTime;
use hookmill_domain::error::{ApiError, Detail, Kind};
use hookmill_engine::contract::{Diagnostic, DiagnosticLevel};
use hookmill_engine::{ConfigurationError, Digest, FaultKind, LoadedComponent, Program};
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
pub(crate) struct Ready {
    programs: quick_cache::sync::Cache<String, ReadyProgram>,
    /// The components of those that were not ready when they were needed: their rows need not be read for each batch.
    components: quick_cache::sync::Cache<String, Digest>,
}

/// A program, and whether it is a custom plugin.
#[derive(Clone)]
struct ReadyProgram {
    program: Program,
    is_plugin: bool,
    /// Whether it is the standard document, which its campaign has not changed.
    is_standard: bool,
}

impl Ready {
    pub(crate) fn new(programs_max: usize) -> Self {
        let (programs, components) =
            (quick_cache::sync::Cache::new(programs_max), quick_cache::sync::Cache::new(programs_max));
        Self { programs, components }
    }

    fn get(&self, id: &str) -> Option<Program> {
        self.programs.get(id).map(|ready| ready.program)
    }

    /// Whether a program is a custom plugin; none when the program does not exist.
    pub(crate) fn is_plugin(&self, id: &str) -> Option<bool> {
        self.programs.get(id).map(|ready| ready.is_plugin)
    }

    /// Whether a program is the standard document; none when it is not among these.
    fn is_standard(&self, id: &str) -> Option<bool> {
        self.programs.get(id).map(|ready| ready.is_standard)
    }

    fn put(&self, id: &str, program: ReadyProgram) {
        self.programs.insert(id.to_owned(), program);
        self.components.remove(id);
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
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotReady {
    /// Its component is being loaded or compiled.
    #[error("the plugin {0} is being made ready")]
    Warming(Digest),
    /// The host failed, or what it stands on: the program may run later.
    #[error("{why}")]
    Later {
        /// What failed.
        why: String,
        /// When it is tried again, where that is known.
        again_at: Option<BootTime>,
    },
    /// The plugin can't be run: trying again will not help.
    #[error("{0}")]
    Never(String),
}

impl NotReady {
    /// The host failed.
    pub(crate) fn later(why: impl ToString) -> Self {
        Self::Later { why: why.to_string(), again_at: None }
    }

    /// As a caller of the API sees it: with this kind and code where the plugin is the cause, and as "try again" where the host is.
    pub fn into_error(self, kind: Kind, code: &'static str) -> ApiError {
        match self {
            Self::Never(why) => ApiError::new(kind, code, why),
            Self::Warming(_) | Self::Later { .. } => host_failed(self),
        }
    }
}

/// Whatever the store says, it says nothing of the plugin.
impl From<StoreError> for NotReady {
    fn from(error: StoreError) -> Self {
        Self::later(format_args!("the campaign version can't be read: {error}"))
    }
}

/// The host could not run a plugin, as a caller of the API sees it.
pub fn host_failed(why: impl std::fmt::Display) -> ApiError {
    tracing::error!(%why, "a plugin could not be run for a caller of the API");
    let message = format!("the host could not run the plugin, and nothing was saved: {why}; try again shortly");
    ApiError::new(Kind::Unavailable, "host_failed", message)
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

fn is_standard(document: Option<&[u8]>) -> bool {
    document.is_none_or(|document| document == STANDARD_DOCUMENT.as_bytes())
}

impl Pipeline {
    /// The component of this digest, compiled; for who can wait for the compiler.
    #[boxed]
    pub async fn component(&self, digest: &str) -> Result<Arc<LoadedComponent>, NotReady> {
        self.component_when_ready(Digest::from_str(digest).map_err(NotReady::later)?).await
    }

    /// What a campaign runs, ready to run; for who can wait for the compiler.
    #[boxed]
    pub async fn campaign_program(&self, campaign: &Campaign) -> Result<Program, NotReady> {
        let id = campaign.active_version_id.as_deref();
        loop {
            match self.program_if_ready(id).await {
                Err(NotReady::Warming(digest)) => drop(self.component_when_ready(digest).await?),
                result => return result,
            }
        }
    }

    /// The program of a campaign version, or of the standard document, if it can be run at once. Otherwise it is being made ready from
    /// now on.
    pub(crate) async fn program_if_ready(&self, id: Option<&str>) -> Result<Program, NotReady> {
        let Some(id) = id else { return Ok(self.standard.clone()) };
        if let Some(ready) = self.ready.get(id) {
            return Ok(ready);
        }
        if let Some(digest) = self.ready.components.get(id) {
            self.component_if_ready(digest)?;
        }
        let row = self.store.campaign_version(id).await?;
        let row = row.ok_or_else(|| NotReady::later(format_args!("campaign version {id} not found")))?;
        if row.deleted_at.is_some() {
            return Err(NotReady::Never(version_gone(row.version).message));
        }
        let digest = Digest::from_str(&row.component_digest).map_err(NotReady::later)?;
        let component =
            self.component_if_ready(digest).inspect_err(|_| self.ready.components.insert(id.to_owned(), digest))?;
        let program = Program { component, plan: row.plan.map(Arc::from) };
        let is_standard = row.plugin_id.is_none() && is_standard(row.document.as_deref());
        let is_plugin = row.plugin_id.is_some();
        self.ready.put(id, ReadyProgram { program: program.clone(), is_plugin, is_standard });
        Ok(program)
    }

    /// Whether a campaign version is the standard document.
    pub(crate) async fn runs_standard(&self, id: Option<&str>) -> Result<bool, StoreError> {
        let Some(id) = id else { return Ok(true) };
        if let Some(known) = self.ready.is_standard(id) {
            return Ok(known);
        }
        let row = self.store.campaign_version(id).await?;
        Ok(row.is_some_and(|row| row.plugin_id.is_none() && is_standard(row.document.as_deref())))
    }

    /// Whether what a campaign runs can read a price out of the response to a ping. The standard document can't.
    #[boxed]
    pub async fn reads_price(&self, campaign: &Campaign) -> Result<bool, ApiError> {
        if campaign.active_version_id.is_none() {
            return Ok(false);
        }
        let program = self.campaign_program(campaign).await;
        let program = program.map_err(|why| why.into_error(Kind::Conflict, "campaign_version_unusable"))?;
        self.program_reads_price(&program).await
    }

    /// The same of a version that is not stored yet.
    #[boxed]
    pub async fn compiled_reads_price(&self, compiled: &CompiledVersion) -> Result<bool, ApiError> {
        let component = self.component(&compiled.chosen.digest).await;
        let component = component.map_err(|why| why.into_error(Kind::Invalid, "component_unusable"))?;
        self.program_reads_price(&Program { component, plan: compiled.plan.clone() }).await
    }

    async fn program_reads_price(&self, program: &Program) -> Result<bool, ApiError> {
        match self.engine().reads_price(program).await {
            Ok(reads_price) => Ok(reads_price),
            Err(fault) if fault.kind == FaultKind::Host => Err(host_failed(fault)),
            Err(fault) => Err(ApiError::new(Kind::Conflict, "campaign_version_unusable", fault.to_string())),
        }
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
        let component =
            self.component(digest).await.map_err(|why| why.into_error(Kind::Invalid, "component_unusable"))?;
        match self.engine().compile_configuration(&component, document).await {
            Ok(compiled) => {
                let warnings = compiled.warnings.iter().map(Problem::from).collect();
                Ok((Program { component, plan: Some(compiled.plan) }, warnings))
            }
            Err(ConfigurationError::Diagnostics(list)) => {
                Err(SaveError::Problems(list.iter().map(Problem::from).collect()))
            }
            Err(ConfigurationError::Fault(fault)) if fault.kind == FaultKind::Host => Err(host_failed(fault).into()),
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
                    .map_err(|why| why.into_error(Kind::Invalid, "component_unusable"))?;
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
