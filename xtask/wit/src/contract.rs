//! The contract as this crate looks at it: names, types as text, words. Read by wit-parser from one folder of `wit/`.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use wit_parser::{
    Docs, Function, Handle, InterfaceId, Resolve, Stability, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, WorldItem,
};

/// A version of the contract.
pub struct Contract {
    /// `hookmill:plugin`.
    pub name: String,
    /// Its number.
    pub version: Version,
    /// The documentation of the package.
    pub words: String,
    /// Its interfaces: what plugins export first, what they import next, in the order of the worlds.
    pub interfaces: Vec<Interface>,
    /// Its worlds, in the order of the source.
    pub worlds: Vec<World>,
}

/// Major, minor and patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
}

/// The documentation of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub name: String,
    pub words: String,
    pub since: Option<Version>,
}

pub struct Interface {
    pub about: About,
    pub types: Vec<TypeItem>,
    pub functions: Vec<FunctionItem>,
}

pub struct FunctionItem {
    pub about: About,
    /// `func(context: context) -> string`.
    pub signature: String,
}

pub struct TypeItem {
    pub about: About,
    /// `record`, `enum`, `variant`, `flags` or `type`.
    pub kind: &'static str,
    /// The target of an alias.
    pub alias: Option<String>,
    pub members: Vec<Member>,
}

/// A field or a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub ty: Option<String>,
    pub words: String,
}

pub struct World {
    pub about: About,
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Version {
    /// The name of its folder: what is zero at the end is left out.
    fn folder(&self) -> String {
        match (self.minor, self.patch) {
            (0, 0) => format!("v{}", self.major),
            (minor, 0) => format!("v{}.{minor}", self.major),
            (minor, patch) => format!("v{}.{minor}.{patch}", self.major),
        }
    }
}

impl Contract {
    /// Reads a folder.
    pub fn read(folder: &Path) -> Result<Contract> {
        let mut resolve = Resolve::default();
        let (id, _) = resolve.push_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
        let package = &resolve.packages[id];
        let version = package.name.version.as_ref();
        let version = version.with_context(|| format!("{}: the package has no version", folder.display()))?;
        ensure!(version.pre.is_empty(), "{}: {version} is a pre-release; the contract has none", folder.display());
        let worlds: Vec<World> = package.worlds.values().map(|id| world(&resolve, &resolve.worlds[*id])).collect();
        let mut interfaces: Vec<_> = package.interfaces.values().map(|id| interface(&resolve, *id)).collect();
        interfaces.sort_by_key(|interface| place(&worlds, &interface.about.name));
        Ok(Contract {
            name: format!("{}:{}", package.name.namespace, package.name.name),
            version: Version { major: version.major, minor: version.minor, patch: version.patch },
            words: words(&package.docs),
            interfaces,
            worlds,
        })
    }

    /// A folder is called as its version.
    pub fn check_folder(&self, folder: &str) -> Result<()> {
        if folder != self.version.folder() {
            bail!(
                "the folder `{folder}` holds version {}, which belongs into `{}`",
                self.version,
                self.version.folder()
            );
        }
        Ok(())
    }
}

/// Where worlds first name an interface: all exports come before all imports, and what no world names is last.
fn place(worlds: &[World], name: &str) -> usize {
    let exports = worlds.iter().flat_map(|world| &world.exports);
    exports.chain(worlds.iter().flat_map(|world| &world.imports)).position(|item| item == name).unwrap_or(usize::MAX)
}

fn about(name: &str, docs: &Docs, stability: &Stability) -> About {
    let since = match stability {
        Stability::Stable { since, .. } => Some(Version { major: since.major, minor: since.minor, patch: since.patch }),
        Stability::Unknown | Stability::Unstable { .. } => None,
    };
    About { name: name.to_owned(), words: words(docs), since }
}

fn words(docs: &Docs) -> String {
    docs.contents.as_deref().unwrap_or_default().trim().to_owned()
}

fn interface(resolve: &Resolve, id: InterfaceId) -> Interface {
    let interface = &resolve.interfaces[id];
    let own = interface.types.iter().filter(|(_, ty)| !is_borrowed(resolve, **ty));
    Interface {
        about: about(interface.name.as_deref().unwrap_or_default(), &interface.docs, &interface.stability),
        types: own.map(|(name, ty)| type_item(resolve, name, &resolve.types[*ty])).collect(),
        functions: interface.functions.values().map(|function| function_item(resolve, function)).collect(),
    }
}

/// Whether a type comes from another interface by `use`.
fn is_borrowed(resolve: &Resolve, id: TypeId) -> bool {
    let TypeDefKind::Type(Type::Id(target)) = resolve.types[id].kind else { return false };
    matches!((resolve.types[id].owner, resolve.types[target].owner),
        (TypeOwner::Interface(here), TypeOwner::Interface(there)) if here != there)
}

fn type_item(resolve: &Resolve, name: &str, ty: &TypeDef) -> TypeItem {
    let member = |name: &str, ty: Option<Type>, docs: &Docs| Member {
        name: name.to_owned(),
        ty: ty.map(|ty| text(resolve, &ty)),
        words: words(docs),
    };
    let (kind, members) = match &ty.kind {
        TypeDefKind::Record(record) => {
            ("record", record.fields.iter().map(|field| member(&field.name, Some(field.ty), &field.docs)).collect())
        }
        TypeDefKind::Variant(variant) => {
            ("variant", variant.cases.iter().map(|case| member(&case.name, case.ty, &case.docs)).collect())
        }
        TypeDefKind::Enum(cases) => {
            ("enum", cases.cases.iter().map(|case| member(&case.name, None, &case.docs)).collect())
        }
        TypeDefKind::Flags(flags) => {
            ("flags", flags.flags.iter().map(|flag| member(&flag.name, None, &flag.docs)).collect())
        }
        TypeDefKind::Resource => ("resource", Vec::new()),
        _ => ("type", Vec::new()),
    };
    let alias = (kind == "type").then(|| shape(resolve, &ty.kind));
    TypeItem { about: about(name, &ty.docs, &ty.stability), kind, alias, members }
}

fn function_item(resolve: &Resolve, function: &Function) -> FunctionItem {
    let parameters: Vec<String> =
        function.params.iter().map(|param| format!("{}: {}", param.name, text(resolve, &param.ty))).collect();
    let result = function.result.map(|ty| format!(" -> {}", text(resolve, &ty))).unwrap_or_default();
    FunctionItem {
        about: about(&function.name, &function.docs, &function.stability),
        signature: format!("func({}){result}", parameters.join(", ")),
    }
}

fn world(resolve: &Resolve, world: &wit_parser::World) -> World {
    let names = |items: &mut dyn Iterator<Item = (&wit_parser::WorldKey, &WorldItem)>| {
        items.map(|(key, item)| name_in_world(resolve, key, item)).collect()
    };
    World {
        about: about(&world.name, &world.docs, &world.stability),
        imports: names(&mut world.imports.iter()),
        exports: names(&mut world.exports.iter()),
    }
}

fn name_in_world(resolve: &Resolve, key: &wit_parser::WorldKey, item: &WorldItem) -> String {
    match item {
        WorldItem::Interface { id, .. } => resolve.interfaces[*id].name.clone().unwrap_or_default(),
        WorldItem::Function(function) => format!("{}: {}", function.name, function_item(resolve, function).signature),
        WorldItem::Type { .. } => resolve.name_world_key(key),
    }
}

/// A type as WIT writes it.
fn text(resolve: &Resolve, ty: &Type) -> String {
    let word = match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(id) => {
            let def = &resolve.types[*id];
            return def.name.clone().unwrap_or_else(|| shape(resolve, &def.kind));
        }
    };
    word.to_owned()
}

/// A type without a name of its own, as WIT writes it.
fn shape(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let text = |ty: &Type| text(resolve, ty);
    let maybe = |ty: &Option<Type>| ty.as_ref().map_or("_".to_owned(), text);
    match kind {
        TypeDefKind::Option(ty) => format!("option<{}>", text(ty)),
        TypeDefKind::List(ty) => format!("list<{}>", text(ty)),
        TypeDefKind::FixedLengthList(ty, length) => format!("list<{}, {length}>", text(ty)),
        TypeDefKind::Map(key, value) => format!("map<{}, {}>", text(key), text(value)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", maybe(&result.ok), maybe(&result.err)),
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", tuple.types.iter().map(text).collect::<Vec<_>>().join(", ")),
        TypeDefKind::Type(ty) => text(ty),
        TypeDefKind::Handle(Handle::Own(id)) => format!("own<{}>", text(&Type::Id(*id))),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", text(&Type::Id(*id))),
        other => other.as_str().to_owned(),
    }
}
