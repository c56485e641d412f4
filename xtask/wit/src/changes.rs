//! What changed between two versions of the contract, and what it does to plugins built against the older one.
//!
//! Which way a call goes decides. Values cross by layout, so a type that has been used can't grow. The host provides what
//! plugins import, so an interface they import may gain functions; what they export they were built with, so one they export
//! may not. Every export is optional to the host, so a world may gain exports.
//!
//! `wit_component::semver_check` answers the same for one world, but with a validator's message about type indices, and it
//! takes an optional export for a needed one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Result, bail};

use crate::contract::{About, Contract, FunctionItem, Interface, TypeItem, Version, World};

/// How much a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Documentation alone.
    Words,
    /// Something new; what was there is as it was.
    Addition,
    /// A plugin built against the older version does not run, or not as it did.
    Break,
}

/// One change.
pub struct Change {
    weight: Weight,
    /// Such as `mapping.map`.
    item: String,
    what: String,
    /// Since when the item is there, if it is new.
    since: Option<Option<Version>>,
}

/// All changes from one version to another.
#[derive(Default)]
pub struct Changes(Vec<Change>);

impl Changes {
    /// Compares two versions.
    pub fn between(old: &Contract, new: &Contract) -> Changes {
        let mut changes = Changes::default();
        if old.name != new.name {
            changes.breaks("package", format!("`{}` became `{}`", old.name, new.name));
        }
        changes.words("package", &old.words, &new.words);
        let exported: BTreeSet<&str> =
            old.worlds.iter().flat_map(|world| world.exports.iter().map(String::as_str)).collect();
        changes.pairs("interface ", &old.interfaces, &new.interfaces, |changes, old, new| {
            changes.interface(old, new, exported.contains(old.about.name.as_str()));
        });
        changes.pairs("world ", &old.worlds, &new.worlds, Changes::world);
        changes
    }

    /// The heaviest change; none when nothing changed.
    pub fn weight(&self) -> Option<Weight> {
        self.0.iter().map(|change| change.weight).max()
    }

    /// Fails when the number does not say what the changes do.
    pub fn check_version(&self, old: &Version, new: &Version) -> Result<()> {
        if new <= old {
            bail!("{new} does not follow {old}: raise the number");
        }
        let is_major = old.major < new.major;
        match self.weight() {
            Some(Weight::Break) if !is_major => {
                bail!("{new} breaks plugins built against {old}, so it must be {}.0.0", old.major + 1)
            }
            Some(Weight::Addition) if !is_major && old.minor == new.minor => {
                bail!("{new} adds to {old}, so it must be {}.{}.0", old.major, old.minor + 1)
            }
            _ => Ok(()),
        }
    }

    /// Fails when something new does not say since when it is there.
    pub fn check_since(&self, new: &Contract) -> Result<()> {
        let version = new.version;
        let silent = self.0.iter().filter(|change| change.since.is_some_and(|since| since != Some(version)));
        let told: Vec<String> = silent
            .map(|change| format!("{} came with {version}; write @since(version = {version})", change.item))
            .collect();
        if !told.is_empty() {
            bail!("{}", told.join("\n"));
        }
        Ok(())
    }

    fn breaks(&mut self, item: impl Into<String>, what: impl Into<String>) {
        self.0.push(Change { weight: Weight::Break, item: item.into(), what: what.into(), since: None });
    }

    fn words(&mut self, item: impl Into<String>, old: &str, new: &str) {
        if old != new {
            let what = "says it in other words".to_owned();
            self.0.push(Change { weight: Weight::Words, item: item.into(), what, since: None });
        }
    }

    /// Goes through two lists by name: what is gone, what is new, and `compare` for what is in both.
    fn pairs<T: Named>(&mut self, prefix: &str, old: &[T], new: &[T], compare: impl Fn(&mut Changes, &T, &T)) {
        let by_name = |items: &[T]| items.iter().map(|item| item.about().name.clone()).collect::<BTreeSet<_>>();
        for gone in by_name(old).difference(&by_name(new)) {
            self.breaks(format!("{prefix}{gone}"), "was removed");
        }
        let before: BTreeMap<&str, &T> = old.iter().map(|item| (item.about().name.as_str(), item)).collect();
        for item in new {
            let about = item.about();
            let name = format!("{prefix}{}", about.name);
            match before.get(about.name.as_str()) {
                Some(old) => {
                    self.words(&name, &old.about().words, &about.words);
                    compare(self, old, item);
                }
                None => self.0.push(Change {
                    weight: Weight::Addition,
                    item: name,
                    what: "is new".to_owned(),
                    since: Some(about.since),
                }),
            }
        }
    }

    fn interface(&mut self, old: &Interface, new: &Interface, is_exported: bool) {
        let prefix = format!("{}.", old.about.name);
        self.pairs(&prefix, &old.types, &new.types, |changes, old, new| changes.ty(&prefix, old, new));
        let before = self.0.len();
        self.pairs(&prefix, &old.functions, &new.functions, |changes, old, new| {
            if old.signature != new.signature {
                let what = format!("was `{}`, is `{}`", old.signature, new.signature);
                changes.breaks(format!("{prefix}{}", old.about.name), what);
            }
        });
        if is_exported {
            self.0[before..].iter_mut().filter(|change| change.since.is_some()).for_each(|change| {
                change.weight = Weight::Break;
                change.what = "is new, and plugins that export this interface lack it".to_owned();
            });
        }
    }

    fn ty(&mut self, prefix: &str, old: &TypeItem, new: &TypeItem) {
        let name = format!("{prefix}{}", old.about.name);
        let shape = |ty: &TypeItem| {
            let members: Vec<String> = ty
                .members
                .iter()
                .map(|member| match &member.ty {
                    Some(ty) => format!("{}: {ty}", member.name),
                    None => member.name.clone(),
                })
                .collect();
            let members = if members.is_empty() { String::new() } else { format!(" {{ {} }}", members.join(", ")) };
            format!("{}{members}{}", ty.kind, ty.alias.as_ref().map(|alias| format!(" {alias}")).unwrap_or_default())
        };
        if shape(old) != shape(new) {
            return self.breaks(name, format!("was `{}`, is `{}`", shape(old), shape(new)));
        }
        for (before, after) in old.members.iter().zip(&new.members) {
            self.words(format!("{name}.{}", before.name), &before.words, &after.words);
        }
    }

    fn world(&mut self, old: &World, new: &World) {
        let name = format!("world {}", old.about.name);
        for (verb, old, new) in [("imports", &old.imports, &new.imports), ("exports", &old.exports, &new.exports)] {
            for gone in old.iter().filter(|item| !new.contains(item)) {
                self.breaks(&name, format!("no longer {verb} {gone}"));
            }
            for item in new.iter().filter(|item| !old.contains(item)) {
                let what = format!("{verb} {item}, too");
                self.0.push(Change { weight: Weight::Addition, item: name.clone(), what, since: None });
            }
        }
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing changed");
        }
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Words => "words",
            Weight::Addition => "addition",
            Weight::Break => "BREAK",
        };
        write!(f, "{weight:>8}  {} {}", self.item, self.what)
    }
}

/// What has a name in the contract.
trait Named {
    fn about(&self) -> &About;
}

macro_rules! named {
    ($($type:ty),+) => {
        $(impl Named for $type {
            fn about(&self) -> &About {
                &self.about
            }
        })+
    };
}

named!(Interface, World, TypeItem, FunctionItem);

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "
        interface types { record pair { name: string, value: string } enum channel { batch, sample } type json = string; }
        interface mapping { use types.{pair}; turn: func(pairs: list<pair>) -> result<string, string>; }
        interface log { write: func(line: string); }
        world plugin { import log; export mapping; }";

    fn contract(test: &str, items: &str) -> Contract {
        let folder = std::env::temp_dir().join(format!("hookmill-changes-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a directory");
        std::fs::write(folder.join("all.wit"), format!("package hookmill:plugin@1.0.0; {items}")).expect("a file");
        let contract = Contract::read(&folder).expect("a contract");
        std::fs::remove_dir_all(&folder).expect("a directory");
        contract
    }

    fn changes(test: &str, from: &str, to: &str) -> Changes {
        assert!(OLD.contains(from), "{from}");
        Changes::between(&contract(test, OLD), &contract(test, &OLD.replacen(from, to, 1)))
    }

    /// P1: what each kind of change does to plugins that were built before.
    #[test]
    fn p1_weights() {
        use Weight::{Addition, Break, Words};
        let table = [
            ("record pair {", "/// Two.\n record pair {", Some(Words), "types.pair says it in other words"),
            ("batch,", "/// Many.\n batch,", Some(Words), "types.channel.batch says it in other words"),
            ("interface log {", "interface more {} interface log {", Some(Addition), "interface more is new"),
            ("type json", "type id = u64; type json", Some(Addition), "types.id is new"),
            ("world plugin", "world small { } world plugin", Some(Addition), "world small is new"),
            ("write:", "flush: func(); write:", Some(Addition), "log.flush is new"),
            ("import log;", "import log; import types;", None, "nothing changed"),
            ("turn:", "warm: func(); turn:", Some(Break), "mapping.warm is new, and plugins that export this"),
            (
                "turn: func(pairs: list<pair>)",
                "turn: func(all: list<pair>)",
                Some(Break),
                "mapping.turn was `func(pairs: list<pair>)",
            ),
            ("value: string", "value: json", Some(Break), "types.pair was `record { name: string, value: string }`"),
            ("value: string }", "value: string, n: u8 }", Some(Break), "types.pair was"),
            (
                "batch, sample",
                "sample, batch",
                Some(Break),
                "types.channel was `enum { batch, sample }`, is `enum { sample, batch }`",
            ),
            ("enum channel", "variant channel", Some(Break), "is `variant { batch, sample }`"),
            ("type json = string;", "", Some(Break), "types.json was removed"),
            ("type json = string", "type json = list<u8>", Some(Break), "was `type string`, is `type list<u8>`"),
            ("export mapping;", "", Some(Break), "world plugin no longer exports mapping"),
        ];
        for (from, to, weight, told) in table {
            let changes = changes("weights", from, to);
            assert_eq!(changes.weight(), weight, "{to}: {changes}");
            assert!(changes.to_string().contains(told), "{to}: {changes}");
        }
    }

    /// P1: the number follows the weight.
    #[test]
    fn p1_numbers() {
        let version = |major, minor, patch| Version { major, minor, patch };
        let old = version(1, 2, 3);
        let table = [
            ("batch, sample", "sample", [false, false, true]),
            ("write:", "flush: func(); write:", [false, true, true]),
            ("batch,", "/// Many.\n batch,", [true, true, true]),
        ];
        for (from, to, fits) in table {
            let changes = changes("numbers", from, to);
            let versions = [version(1, 2, 4), version(1, 3, 0), version(2, 0, 0)];
            assert_eq!(versions.map(|new| changes.check_version(&old, &new).is_ok()), fits, "{to}");
            assert!(changes.check_version(&old, &old).is_err());
        }
    }
}
