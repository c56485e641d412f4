//! The page for authors, `docs/contract.md`, written from the contract's own words.

use std::fmt::Write;

use crate::contract::{About, Contract, FunctionItem, Interface, TypeItem, World};

/// The whole page.
pub fn markdown(contract: &Contract) -> String {
    let mut page = format!("# The contract `{}@{}`\n\n", contract.name, contract.version);
    page.push_str("<!-- Written by `cargo xtask wit` from `wit/`: edit that, not this. -->\n\n");
    paragraph(&mut page, &contract.words);
    contents(&mut page, contract);
    contract.interfaces.iter().for_each(|interface| self::interface(&mut page, interface));
    page.push_str("## Worlds\n\n| world | exports | for |\n|---|---|---|\n");
    contract.worlds.iter().for_each(|world| self::world(&mut page, world));
    page
}

fn contents(page: &mut String, contract: &Contract) {
    page.push_str("| interface | functions | |\n|---|---|---|\n");
    for interface in &contract.interfaces {
        let functions: Vec<String> =
            interface.functions.iter().map(|function| format!("`{}`", function.about.name)).collect();
        let name = &interface.about.name;
        line(
            page,
            format_args!("| [`{name}`](#{name}) | {} | {} |", functions.join(", "), cell(&interface.about.words)),
        );
    }
    page.push('\n');
}

fn interface(page: &mut String, interface: &Interface) {
    line(page, format_args!("## `{}`\n", interface.about.name));
    paragraph(page, &with_since(&interface.about));
    interface.functions.iter().for_each(|function| self::function(page, function));
    interface.types.iter().for_each(|ty| type_item(page, ty));
}

fn function(page: &mut String, function: &FunctionItem) {
    line(page, format_args!("### `{}`\n", function.about.name));
    line(page, format_args!("```wit\n{}: {}\n```\n", function.about.name, function.signature));
    paragraph(page, &with_since(&function.about));
}

fn type_item(page: &mut String, ty: &TypeItem) {
    line(page, format_args!("### {} `{}`\n", ty.kind, ty.about.name));
    if let Some(alias) = &ty.alias {
        line(page, format_args!("```wit\ntype {} = {alias}\n```\n", ty.about.name));
    }
    paragraph(page, &with_since(&ty.about));
    if ty.members.is_empty() {
        return;
    }
    let heads = if ty.kind == "record" { "| field | type | |" } else { "| case | holds | |" };
    let is_typed = ty.members.iter().any(|member| member.ty.is_some());
    page.push_str(if is_typed { heads } else { "| case | |" });
    page.push_str(if is_typed { "\n|---|---|---|\n" } else { "\n|---|---|\n" });
    for member in &ty.members {
        let holds = member.ty.as_ref().map(|ty| format!("`{ty}`")).unwrap_or_default();
        let middle = if is_typed { format!(" {holds} |") } else { String::new() };
        line(page, format_args!("| `{}` |{middle} {} |", member.name, cell(&member.words)));
    }
    page.push('\n');
}

fn world(page: &mut String, world: &World) {
    let exports: Vec<String> = world.exports.iter().map(|name| format!("[`{name}`](#{name})")).collect();
    line(page, format_args!("| `{}` | {} | {} |", world.about.name, exports.join(", "), cell(&world.about.words)));
}

/// The words, and the version that brought the item.
fn with_since(about: &About) -> String {
    match about.since {
        Some(version) => format!("{} Since {version}.", about.words).trim_start().to_owned(),
        None => about.words.clone(),
    }
}

fn paragraph(page: &mut String, words: &str) {
    if !words.is_empty() {
        line(page, format_args!("{words}\n"));
    }
}

/// Words within a table: one line, no bar.
fn cell(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Writing to a string can't fail.
fn line(page: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = writeln!(page, "{line}");
}
