//! The exports: one plan for each instance, and every stage on it.

use std::cell::RefCell;
use std::rc::Rc;

use hookmill_plugin_sdk::types::{
    ClientResponse, Compiled, Context, Description, Destination, DestinationKind, Diagnostic, Failure, Inbound, Level,
    Loaded, Mapped, Outcome, Payload, Severities, Subject, Submission, Verdict,
};
use hookmill_plugin_sdk::{configuration, interpretation, lifecycle, mapping, qualification, shaping};

use crate::document::{self, Problem, ProblemLevel};
use crate::functions::{clock, phone, place, plain, plain_codes};
use crate::lead::{TAGS, TEXT_FIELDS};
use crate::plan::{LoadedPlan, PlanError};
use crate::run::{self, Call};

/// What a hundred leads of some kilobytes need: growing the heap costs more than mapping one of them.
const HEAP_BYTES: usize = 256 << 10;

/// Growing in a fresh instance goes through the host; this one also allocates several times faster than the standard one.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// The default plugin.
pub struct Declarative;

thread_local! {
    static LOADED: RefCell<Option<Rc<LoadedPlan<'static>>>> = const { RefCell::new(None) };
}

/// The loaded plan; the standard one when none was loaded.
fn plan() -> Result<Rc<LoadedPlan<'static>>, Failure> {
    if let Some(plan) = LOADED.with_borrow(Clone::clone) {
        return Ok(plan);
    }
    let no_plan = || Failure::new("no_plan", "the standard document does not compile");
    let standard = document::standard().map_err(|_| no_plan())?.to_bytes(plain_codes).map_err(damaged)?;
    keep(standard)
}

/// Loads a plan for all calls to come. Its bytes stay as long as the instance, which is one batch.
fn keep(bytes: Vec<u8>) -> Result<Rc<LoadedPlan<'static>>, Failure> {
    let loaded = Rc::new(LoadedPlan::read(bytes.leak()).map_err(damaged)?);
    LOADED.set(Some(Rc::clone(&loaded)));
    Ok(loaded)
}

fn damaged(damaged: PlanError) -> Failure {
    let hint = "save the document again";
    Failure::new("bad_plan", format!("this is not a compiled document: {}; {hint}", damaged.0))
}

/// One result for each item, each by itself.
fn each<I, O>(items: &[I], call: impl Fn(&LoadedPlan<'static>, &I) -> Result<O, Failure>) -> Vec<Result<O, Failure>> {
    let plan = plan();
    items
        .iter()
        .map(|item| match &plan {
            Ok(plan) => call(plan, item),
            Err(failure) => Err(failure.clone()),
        })
        .collect()
}

impl mapping::Guest for Declarative {
    fn map(context: Context, elements: Vec<Inbound>) -> Vec<Result<Mapped, Failure>> {
        let call = Call::new(&context);
        each(&elements, |plan, element| run::map(plan.map().map_err(damaged)?, &call, element))
    }
}

impl qualification::Guest for Declarative {
    fn qualify(
        context: Context,
        severities: Severities,
        submissions: Vec<Submission>,
    ) -> Vec<Result<Verdict, Failure>> {
        let call = Call::new(&context);
        each(&submissions, |plan, submission| {
            run::qualify(plan.qualify().map_err(damaged)?, plan.rule_paths(), &call, severities, submission)
        })
    }
}

impl shaping::Guest for Declarative {
    fn shape(context: Context, destination: Destination, subjects: Vec<Subject>) -> Vec<Result<Payload, Failure>> {
        let call = Call::new(&context).with_destination(&destination);
        each(&subjects, |plan, subject| {
            let message = match subject {
                Subject::Submission(_) if destination.kind == DestinationKind::Ping => plan.ping(),
                Subject::Submission(_) => plan.client(),
                Subject::Event(_) => plan.webhook(),
            };
            run::shape(message.map_err(damaged)?, &call, &destination, subject)
        })
    }
}

impl interpretation::Guest for Declarative {
    fn interpret(
        context: Context,
        destination: Destination,
        responses: Vec<ClientResponse>,
    ) -> Vec<Result<Option<Outcome>, Failure>> {
        let call = Call::new(&context).with_destination(&destination);
        each(&responses, |plan, response| {
            let plan = match destination.kind {
                DestinationKind::Ping => plan.interpret_ping(),
                _ => plan.interpret(),
            };
            run::interpret(plan.map_err(damaged)?, &call, response)
        })
    }
}

impl lifecycle::Guest for Declarative {
    /// Every instance starts with all patterns and zones read, and a heap that need not grow for an ordinary batch.
    fn initialize() {
        phone::prepare();
        clock::prepare();
        place::prepare();
        plain::prepare();
        // At last, so that this much is free beside all tables.
        drop(std::hint::black_box(Vec::<u8>::with_capacity(HEAP_BYTES)));
    }
}

impl configuration::Guest for Declarative {
    fn compile(text: String) -> Result<Compiled, Vec<Diagnostic>> {
        let compiled = document::compile(&text).map_err(diagnostics)?;
        let plan = compiled.plan.to_bytes(plain_codes).map_err(|damaged| diagnostics(vec![too_large(damaged.0)]))?;
        Ok(Compiled { plan, warnings: diagnostics(compiled.warnings) })
    }

    fn load(bytes: Vec<u8>) -> Result<Loaded, Failure> {
        keep(bytes).map(|plan| Loaded { severities: plan.severities(), reads_price: plan.reads_price() })
    }

    fn describe() -> Description {
        let fields = TEXT_FIELDS.iter().chain([&TAGS, &"custom"]);
        Description {
            name: "default".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: "Maps, qualifies and shapes leads, and interprets responses, as a declarative document says."
                .to_owned(),
            reads: Vec::new(),
            writes: fields.map(|field| (*field).to_owned()).collect(),
            grants: Vec::new(),
            configuration_schema: Some(document::schema()),
        }
    }
}

fn too_large(why: &str) -> Problem {
    Problem {
        severe: ProblemLevel::Error,
        code: "too_large",
        path: String::new(),
        line: 0,
        column: 0,
        message: why.to_owned(),
        suggestion: Some("shorten the document".to_owned()),
    }
}

fn diagnostics(problems: Vec<Problem>) -> Vec<Diagnostic> {
    problems.into_iter().map(diagnostic).collect()
}

fn diagnostic(problem: Problem) -> Diagnostic {
    let Problem { severe, code, path, line, column, message, suggestion } = problem;
    let level = match severe {
        ProblemLevel::Error => Level::Error,
        ProblemLevel::Warning => Level::Warning,
    };
    Diagnostic { level, code: code.to_owned(), path, line, column, message, suggestion }
}

hookmill_plugin_sdk::export!(guest Declarative: mapping, qualification, shaping, interpretation, configuration, lifecycle);
