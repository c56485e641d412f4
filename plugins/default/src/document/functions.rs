//! Chains of functions: `then: [trim, {default: "US"}]`. What a function is called, what it takes and gives, and which
//! arguments it has is told by the registry; nothing is known here twice.

use super::check::{At, Diagnostics, join, shortened};
use super::node::{Key, Kind as NodeKind, Node, Place};
use super::path::{self, BadPath, Stage};
use super::suggest::nearest;
use super::{arguments, references};
use crate::functions::{ArgumentKind, CHAIN_DEPTH_MAX, Declared, Kind, Parameter, Presence, Spec, registry};
use crate::plan::owned::{Argument, Function, Path};

/// The functions of a list, or the one function that stands for a list of one.
pub fn chain(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Vec<Function> {
    Chains { stage, depth: 0 }.read(diagnostics, at)
}

/// Where chains stand: at which stage, and inside how many others.
#[derive(Clone, Copy)]
pub struct Chains {
    /// The stage.
    pub stage: Stage,
    /// How many chains are around.
    pub depth: usize,
}

impl Chains {
    /// The functions of a list, each fitting the one before it.
    pub fn read(self, diagnostics: &mut Diagnostics, at: At<'_>) -> Vec<Function> {
        if self.depth > CHAIN_DEPTH_MAX {
            let message = format!("chains are nested more than {CHAIN_DEPTH_MAX} deep (CHAIN_DEPTH_MAX)");
            diagnostics.error(at, "too_deep", message, Some("do it in fewer steps".to_owned()));
            return Vec::new();
        }
        let items = diagnostics.items(at);
        let mut functions: Vec<Function> = Vec::with_capacity(items.len());
        let mut flow = Flow::ANYTHING;
        for (index, node) in items.iter().enumerate() {
            let path = if items.len() == 1 && !matches!(at.node.kind, NodeKind::List(_)) {
                at.path.to_owned()
            } else {
                format!("{}[{index}]", at.path)
            };
            let at = At { node, path: &path };
            let Some(function) = self.read_one(diagnostics, at) else {
                flow = Flow::ANYTHING;
                continue;
            };
            if let Some(why) = flow.misfit(function.spec(), functions.last().map(Declared::name)) {
                diagnostics.error(at, "wrong_kind", why.message, Some(why.hint));
            }
            flow = flow.after(function.spec());
            functions.push(function);
        }
        functions
    }

    fn read_one(self, diagnostics: &mut Diagnostics, at: At<'_>) -> Option<Function> {
        match &at.node.kind {
            NodeKind::Text(name) => self.without_arguments(diagnostics, at, name),
            NodeKind::Map(entries) if entries.len() == 1 => {
                let (key, argument) = &entries[0];
                let path = join(at.path, &key.text);
                self.with_arguments(diagnostics, at, key, At { node: argument, path: &path })
            }
            NodeKind::Map(entries)
                if 1 < entries.len() && entries.iter().all(|(key, _)| registry::find(&key.text).is_some()) =>
            {
                let each: Vec<String> = entries.iter().map(|(key, _)| format!("{{{}: ...}}", key.text)).collect();
                let hint = format!(
                    "write a list, `[{}]`; several arguments of one function stand in a map inside",
                    each.join(", ")
                );
                diagnostics.error(at, "wrong_type", "this map has several functions, and no order", Some(hint));
                None
            }
            _ => {
                diagnostics
                    .expected(at, "a function such as `trim`, or one with its argument such as `{default: none}`");
                None
            }
        }
    }

    fn without_arguments(self, diagnostics: &mut Diagnostics, at: At<'_>, name: &str) -> Option<Function> {
        let spec = find_function(diagnostics, at, name)?;
        if !spec.stands_alone() {
            let example = spec.examples.first().map_or("", |example| example.call);
            let needed = spec.parameters.iter().find(|read_one| read_one.presence == Presence::Required);
            let needed = needed.map_or("", |parameter| parameter.summary);
            let message = format!("`{name}` needs an argument: {needed}");
            diagnostics.error(at, "missing_argument", message, Some(format!("write it like `{example}`")));
            return None;
        }
        self.build_function(diagnostics, at, spec, &[])
    }

    fn with_arguments(
        self,
        diagnostics: &mut Diagnostics,
        at: At<'_>,
        name: &Key,
        argument: At<'_>,
    ) -> Option<Function> {
        let spec = find_function(diagnostics, at, &name.text)?;
        let Some(first) = spec.parameters.first() else {
            let hint = Some(format!("write just `{}`", spec.name));
            diagnostics.error(at, "unexpected_argument", format!("`{}` takes no argument", spec.name), hint);
            return None;
        };
        match &argument.node.kind {
            NodeKind::Map(entries) if 1 < spec.parameters.len() || !first.kind.takes_a_map() => {
                if Self::is_unnamed_table(diagnostics, argument, spec, entries)
                    || !self.names_all_parameters(diagnostics, argument, spec)
                {
                    return None;
                }
                let given: Vec<(&str, At<'_>, String)> = entries
                    .iter()
                    .map(|(key, node)| (key.text.as_str(), At { node, path: "" }, join(argument.path, &key.text)))
                    .collect();
                let given: Vec<Given<'_>> =
                    given.iter().map(|(name, at, path)| Given { name, at: At { path, ..*at } }).collect();
                self.build_function(diagnostics, argument, spec, &given)
            }
            _ => self.build_function(diagnostics, argument, spec, &[Given { name: first.name, at: argument }]),
        }
    }

    /// Whether a map stands for the first argument, which can be one, though of several arguments each is named.
    fn is_unnamed_table(diagnostics: &mut Diagnostics, at: At<'_>, spec: &Spec, entries: &[(Key, Node)]) -> bool {
        let is_known = |key: &Key| spec.parameters.iter().any(|parameter| parameter.name == key.text);
        let Some(first) = spec.parameters.first() else { return false };
        if !first.kind.takes_a_map() || entries.is_empty() || entries.iter().any(|(key, _)| is_known(key)) {
            return false;
        }
        let others: Vec<&str> = spec.parameters.iter().skip(1).map(|parameter| parameter.name).collect();
        let hint = format!(
            "write `{{{}: {{{}: {{...}}}}}}`; beside it may stand {}",
            spec.name,
            first.name,
            others.join(", ")
        );
        diagnostics.error(
            at,
            "unexpected_argument",
            format!("`{}` wants its `{}` by name", spec.name, first.name),
            Some(hint),
        );
        true
    }

    fn names_all_parameters(self, diagnostics: &mut Diagnostics, at: At<'_>, spec: &Spec) -> bool {
        let names: Vec<&str> = spec.parameters.iter().map(|parameter| parameter.name).collect();
        let before = diagnostics.problems.len();
        diagnostics.map_of(at, "the arguments by name", &names);
        before == diagnostics.problems.len()
    }

    fn build_function(
        self,
        diagnostics: &mut Diagnostics,
        at: At<'_>,
        spec: &'static Spec,
        given: &[Given<'_>],
    ) -> Option<Function> {
        let mut arguments = Vec::with_capacity(spec.parameters.len());
        for parameter in spec.parameters {
            let given = given.iter().find(|read_one| read_one.name == parameter.name);
            arguments.push(match given {
                Some(given) => arguments::read(diagnostics, given.at, parameter.kind, self),
                None => self.missing_argument(diagnostics, at, spec, parameter),
            });
        }
        let mut arguments: Vec<Argument> = arguments.into_iter().collect::<Option<_>>()?;
        while arguments.last() == Some(&Argument::Absent) {
            arguments.pop();
        }
        registry::id_of(spec.name).map(|id| Function { id, arguments })
    }

    fn missing_argument(
        self,
        diagnostics: &mut Diagnostics,
        at: At<'_>,
        spec: &Spec,
        parameter: &Parameter,
    ) -> Option<Argument> {
        match parameter.presence {
            Presence::Optional(_) if parameter.kind == ArgumentKind::OfBirth => {
                let is_birth = diagnostics.defined_fields.is_date_of_birth();
                Some(if is_birth { Argument::Flag(true) } else { Argument::Absent })
            }
            Presence::Optional(_) => Some(Argument::Absent),
            Presence::Usual(usual) => {
                let node = default_node(usual, parameter.kind, at.node.place);
                arguments::read(diagnostics, At { node: &node, path: at.path }, parameter.kind, self)
            }
            Presence::Required => {
                let example = spec.examples.first().map_or("", |example| example.call);
                let message = format!("`{}` needs `{}`: {}", spec.name, parameter.name, parameter.summary);
                diagnostics.error(at, "missing_argument", message, Some(format!("write it like `{example}`")));
                None
            }
        }
    }
}

/// An argument that was given.
struct Given<'n> {
    name: &'n str,
    at: At<'n>,
}

/// A usual value as documents write it: a word, a number, a flag or a text in single quotes.
fn default_node(usual: &str, kind: ArgumentKind, place: Place) -> Node {
    let quoted = usual.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let kind = match (quoted, kind) {
        (Some(text), _) => NodeKind::Text(text.to_owned()),
        (None, ArgumentKind::Flag) => NodeKind::Bool(usual == "true"),
        (None, ArgumentKind::Whole(..) | ArgumentKind::Operand) => NodeKind::Number(usual.to_owned()),
        (None, _) => NodeKind::Text(usual.to_owned()),
    };
    Node { kind, place }
}

fn find_function(diagnostics: &mut Diagnostics, at: At<'_>, name: &str) -> Option<&'static Spec> {
    let spec = registry::find(name);
    if spec.is_none() {
        let message = format!("there is no function `{}`", shortened(name));
        diagnostics.error(at, "unknown_function", message, nearest(name, &registry::names()));
    }
    spec
}

/// Which kinds of value may come out of a chain so far, one bit for each.
#[derive(Clone, Copy)]
struct Flow(u8);

struct TypeMismatch {
    message: String,
    hint: String,
}

impl Flow {
    const ANYTHING: Self = Self(0b111_111);

    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self(1),
            Kind::Number => Self(2),
            Kind::Boolean => Self(4),
            Kind::Time => Self(8),
            Kind::List => Self(16),
            Kind::Object => Self(32),
            Kind::Any => Self::ANYTHING,
        }
    }

    /// What a function can be given.
    const fn into_kind(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self(1 | 2 | 4 | 8),
            Kind::Number => Self(1 | 2),
            Kind::Boolean => Self(1 | 2 | 4),
            Kind::Time => Self(1 | 2 | 8),
            Kind::Object => Self(32),
            Kind::List | Kind::Any => Self::ANYTHING,
        }
    }

    const fn has_list(self) -> bool {
        self.0 & 16 != 0
    }

    const fn without_list(self) -> Self {
        Self(self.0 & !16)
    }

    fn misfit(self, spec: &Spec, before: Option<&str>) -> Option<TypeMismatch> {
        let before = before?;
        let takes_items = spec.lists.is_by_item() && self.has_list();
        if self.0 & Self::into_kind(spec.takes).0 != 0 || takes_items {
            return None;
        }
        let message = format!(
            "`{}` needs {}, but `{before}` gives {}",
            spec.name,
            spec.takes.phrase(),
            self.only_kind().phrase()
        );
        let hint = if self.only_kind() == Kind::List {
            let each = if spec.stands_alone() { spec.name.to_owned() } else { format!("{{{}: ...}}", spec.name) };
            format!("put `first` between them, or write `{{map: [{each}]}}` to do it to each item")
        } else {
            "take one of them out, or change their order".to_owned()
        };
        Some(TypeMismatch { message, hint })
    }

    /// The kind that comes out, where it is one; of a list of them, what its items are.
    fn only_kind(self) -> Kind {
        let all = [Kind::Text, Kind::Number, Kind::Boolean, Kind::Time, Kind::Object];
        let single = self.without_list().0;
        match all.into_iter().find(|kind| Self::of(*kind).0 == single) {
            Some(kind) => kind,
            None if single == 0 => Kind::List,
            None => Kind::Any,
        }
    }

    fn after(self, spec: &Spec) -> Self {
        let given = Self::of(spec.gives);
        if !spec.lists.is_by_item() || !self.has_list() {
            return given;
        }
        // Of a list comes a list, of one value what the function gives.
        if self.without_list().0 == 0 { Self::of(Kind::List) } else { Self(given.0 | Self::of(Kind::List).0) }
    }
}

impl Kind {
    /// What people call it.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Time => "a date or a time",
            Self::List => "a list",
            Self::Object => "an object",
            Self::Any => "a value",
        }
    }
}

/// A path that no functions can follow, or a diagnostic why it is none.
pub fn path_of(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<Path> {
    let text = diagnostics.text(at, "a path such as `contact.email`")?;
    resolved(diagnostics, at, stage, path::read(text, stage).map_err(BadPath::without_functions))
}

/// The path of a recipe, where functions can follow, or a diagnostic why it is none.
pub fn source_path(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage) -> Option<Path> {
    let text = diagnostics.text(at, "a path such as `contact.email`")?;
    resolved(diagnostics, at, stage, path::read(text, stage))
}

fn resolved(diagnostics: &mut Diagnostics, at: At<'_>, stage: Stage, read: Result<Path, BadPath>) -> Option<Path> {
    let text = at.node.as_text().unwrap_or_default();
    match read {
        Ok(path) if stage == Stage::Map => Some(references::resolve(diagnostics, at, path)),
        Ok(path) => {
            if stage == Stage::Qualify {
                references::reject_after_map(diagnostics, at, text);
            }
            Some(path)
        }
        Err(why) => {
            diagnostics.error(at, "bad_path", format!("`{}`: {}", shortened(text), why.message), why.suggestion);
            None
        }
    }
}

/// A chain by itself, as a document of the stage `map` would have it; for tests and tools.
pub fn chain_of(text: &str) -> Result<Vec<Function>, Vec<super::Problem>> {
    let mut diagnostics = Diagnostics::default();
    let chain = match super::yaml::read(text) {
        Ok(root) => chain(&mut diagnostics, At { node: &root, path: "then" }, Stage::Map),
        Err(why) => {
            diagnostics.unreadable(why);
            Vec::new()
        }
    };
    if diagnostics.problems.is_empty() { Ok(chain) } else { Err(diagnostics.problems) }
}
