//! A campaign's program for one batch: its own component serves the stages it has, the default plugin the rest (M1).

use super::Pipeline;
use super::lookups::Lookups;
use hookmill_engine::contract::{
    ClientResponse, Context, Destination, Inbound, Mapped, Outcome, Payload, Severities, Subject, Submission, Verdict,
};
use hookmill_engine::{MissingStage, Outcomes, Program, Session, SessionReport, Stage};
use std::sync::Arc;

/// The stages of one batch. An instance is made at the first call that needs it, and dropped with this.
pub(crate) struct Run {
    own: Session,
    standard: Session,
}

impl Run {
    pub(crate) fn new(pipeline: &Pipeline, program: &Program, context: Arc<Context>, lookups: &Lookups) -> Self {
        Self {
            own: pipeline.engine.session(program, Arc::clone(&context)).with_value_sets(lookups.for_own()),
            standard: pipeline.engine.session(&pipeline.standard, context).with_value_sets(lookups.for_standard()),
        }
    }

    pub(crate) async fn map(&mut self, elements: Vec<Inbound>) -> Result<Outcomes<Mapped>, MissingStage> {
        self.serving(Stage::Map).map(elements).await
    }

    pub(crate) async fn qualify(
        &mut self,
        severities: Severities,
        submissions: Vec<Arc<Submission>>,
    ) -> Result<Outcomes<Verdict>, MissingStage> {
        self.serving(Stage::Qualify).qualify(severities, submissions).await
    }

    pub(crate) async fn shape(
        &mut self,
        destination: Destination,
        subjects: Vec<Subject>,
    ) -> Result<Outcomes<Payload>, MissingStage> {
        self.serving(Stage::Shape).shape(destination, subjects).await
    }

    /// None when no component interprets: the host's default applies.
    pub(crate) async fn interpret(
        &mut self,
        destination: Destination,
        responses: Vec<ClientResponse>,
    ) -> Option<Outcomes<Option<Outcome>>> {
        self.serving(Stage::Interpret).interpret(destination, responses).await.ok()
    }

    /// Whether a component interprets responses.
    pub(crate) fn interprets(&self) -> bool {
        self.own.stages().has(Stage::Interpret) || self.standard.stages().has(Stage::Interpret)
    }

    /// What both used.
    pub(crate) fn finish(self) -> [SessionReport; 2] {
        [self.own.finish(), self.standard.finish()]
    }

    fn serving(&mut self, stage: Stage) -> &mut Session {
        if self.own.stages().has(stage) { &mut self.own } else { &mut self.standard }
    }
}
