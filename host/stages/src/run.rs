//! A campaign's program for one batch: its own component serves the stages it has, the default plugin the rest (M1).

use super::machine::Calls;
use hookmill_engine::contract::{
    ClientResponse, Context, Destination, Inbound, Mapped, Outcome, Payload, Severities, Subject, Submission, Verdict,
};
use hookmill_engine::{Engine, ItemError, MissingStage, Outcomes, Program, Session, SessionReport, Stage, ValueSets};
use std::sync::Arc;

/// What both components may look up.
pub struct Tables {
    /// The campaign's own component.
    pub own: Arc<dyn ValueSets>,
    /// The default plugin, where it stands in for that component.
    pub standard: Arc<dyn ValueSets>,
}

/// The stages of one batch. An instance is made at the first call that needs it, and dropped with this.
pub struct Run {
    own: Session,
    standard: Session,
}

impl Run {
    /// A run of a program; nothing is called yet.
    pub fn new(engine: &Engine, program: &Program, standard: &Program, context: Arc<Context>, tables: Tables) -> Self {
        Self {
            own: engine.session(program, Arc::clone(&context)).with_value_sets(tables.own),
            standard: engine.session(standard, context).with_value_sets(tables.standard),
        }
    }

    /// Maps each element to any number of leads.
    pub async fn map(&mut self, elements: Vec<Inbound>) -> Outcomes<Mapped> {
        let count = elements.len();
        self.serving(Stage::Map).map(elements).await.unwrap_or_else(|missing| postpone(missing, count))
    }

    /// Makes a message about each subject, all for one destination.
    pub async fn shape_subjects(&mut self, destination: Destination, subjects: Vec<Subject>) -> Outcomes<Payload> {
        let count = subjects.len();
        self.serving(Stage::Shape).shape(destination, subjects).await.unwrap_or_else(|missing| postpone(missing, count))
    }

    /// Interprets responses; none when no component does: the host's default applies.
    pub async fn interpret(
        &mut self,
        destination: Destination,
        responses: Vec<ClientResponse>,
    ) -> Option<Outcomes<Option<Outcome>>> {
        self.serving(Stage::Interpret).interpret(destination, responses).await.ok()
    }

    /// Whether a component interprets responses.
    pub fn interprets(&self) -> bool {
        self.own.stages().has(Stage::Interpret) || self.standard.stages().has(Stage::Interpret)
    }

    /// What both used.
    pub fn finish(self) -> [SessionReport; 2] {
        [self.own.finish(), self.standard.finish()]
    }

    fn serving(&mut self, stage: Stage) -> &mut Session {
        if self.own.stages().has(stage) { &mut self.own } else { &mut self.standard }
    }
}

impl Calls for Run {
    async fn qualify(&mut self, severities: Severities, submissions: Vec<Arc<Submission>>) -> Outcomes<Verdict> {
        let count = submissions.len();
        self.serving(Stage::Qualify)
            .qualify(severities, submissions)
            .await
            .unwrap_or_else(|missing| postpone(missing, count))
    }

    async fn shape(&mut self, client: Destination, submissions: Vec<Arc<Submission>>) -> Outcomes<Payload> {
        self.shape_subjects(client, submissions.into_iter().map(Subject::Submission).collect()).await
    }
}

/// No component serves a stage: nothing is known about any item. The default plugin serves them all, so this is a fault of the host's
/// build.
fn postpone<T>(missing: MissingStage, count: usize) -> Outcomes<T> {
    tracing::error!(%missing, items = count, "no component serves a stage; its items will be retried");
    (0..count).map(|_| Err(ItemError::Postponed)).collect()
}
