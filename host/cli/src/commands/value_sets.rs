//! `--value-set NAME=FILE`: the tables of the organization for a run that has no server (M7), read and bounded as the API reads them.

use crate::output::warn;
use bytes::Bytes;
use clap::Args;
use hookmill_admin::{Actor, NewOrganization, Scope};
use hookmill_domain::error::ApiError;
use hookmill_domain::value_set::{CsvHeader, TableProblem};
use hookmill_pipeline::{Pipeline, TableFormat};
use hookmill_store::campaigns::Campaign;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The tables for look-ups of the sample.
#[derive(Debug, Args)]
pub(super) struct ValueSetFiles {
    /// A value set: its name, and the file with its table, FILE.csv or FILE.json; can be repeated.
    #[arg(long = "value-set", value_name = "NAME=FILE", value_parser = named_file)]
    value_sets: Vec<NamedFile>,
}

/// A name and its file.
#[derive(Debug, Clone)]
struct NamedFile {
    name: String,
    path: PathBuf,
}

fn named_file(text: &str) -> Result<NamedFile, String> {
    let example = "write `NAME=FILE`, such as `served_zips=zips.csv`";
    let Some((name, path)) = text.split_once('=') else {
        return Err(format!("`=` is missing; {example}"));
    };
    let (name, path) = (name.trim().to_owned(), PathBuf::from(path));
    if name.is_empty() || path.as_os_str().is_empty() {
        return Err(format!("the {} is missing; {example}", if name.is_empty() { "name" } else { "file" }));
    }
    Ok(NamedFile { name, path })
}

impl ValueSetFiles {
    /// Creates an organization with these tables; their warnings go to standard error.
    pub(super) async fn put_for(&self, pipeline: &Pipeline, campaign: &mut Campaign) -> Result<(), String> {
        let mut names = BTreeSet::new();
        if let Some(twice) = self.value_sets.iter().find(|set| !names.insert(&set.name)) {
            return Err(format!("--value-set: `{}` is given twice; remove one", twice.name));
        }
        if self.value_sets.is_empty() {
            return Ok(());
        }
        let host = Actor::host(pipeline);
        let organization = host.create_organization(Ok(NewOrganization { name: "Sample".into() })).await;
        campaign.organization_id = organization.map_err(|error| error.to_string())?.id;
        for set in &self.value_sets {
            // Each is a call of its own, with what is held for it.
            let scope = host.clone().enter(Some(campaign.organization_id.clone())).await;
            set.put(&scope.map_err(|error| error.to_string())?).await?;
        }
        Ok(())
    }
}

impl NamedFile {
    async fn put(&self, scope: &Scope) -> Result<(), String> {
        let format = detect_format(&self.path)?;
        let table = bounded(&self.path, scope.settings().limits.value_set_bytes_max)?;
        let put = scope.put_value_set(&self.name, async { Ok(table) }, Ok(format)).await;
        for warning in &put.map_err(|error| self.format_error(&error))?.warnings {
            warn(&self.format_warning(warning));
        }
        Ok(())
    }

    fn format_error(&self, error: &ApiError) -> String {
        let file = self.path.display();
        let mut lines = vec![format!("--value-set {}: {file}: {}", self.name, error.message)];
        lines.extend(error.details.iter().map(|detail| format!("{file}: {}", detail.message)));
        lines.join("\n")
    }

    fn format_warning(&self, warning: &TableProblem) -> String {
        let TableProblem { line, column, message, .. } = warning;
        format!("{}:{line}:{column}: warning: {message}", self.path.display())
    }
}

/// The format of a table, by its file name.
fn detect_format(path: &Path) -> Result<TableFormat, String> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "csv" => Ok(TableFormat::Csv(CsvHeader::Unsaid)),
        "json" => Ok(TableFormat::Json),
        _ => Err(format!("--value-set: `{}` has an unknown extension; use .csv or .json", path.display())),
    }
}

/// A file's bytes, as far as a table may have them.
fn bounded(path: &Path, bytes_max: usize) -> Result<Bytes, String> {
    let because = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    let allowed = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    File::open(path).map_err(because)?.take(allowed.saturating_add(1)).read_to_end(&mut bytes).map_err(because)?;
    if bytes_max < bytes.len() {
        return Err(format!("{}: a table may have {bytes_max} bytes (value_set_bytes_max); split it", path.display()));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m7_a_value_set_is_given_by_name_and_file() {
        let good = named_file("served zips=tables/a=b.csv").unwrap();
        assert_eq!((good.name.as_str(), good.path.to_str()), ("served zips", Some("tables/a=b.csv")));
        for (text, word) in
            [("zips.csv", "`=` is missing"), ("=zips.csv", "name is missing"), ("zips=", "file is missing")]
        {
            let message = named_file(text).unwrap_err();
            assert!(message.contains(word) && message.contains("NAME=FILE"), "{text}: {message}");
        }
    }

    #[test]
    fn m7_a_table_is_read_as_its_name_says() {
        let read = |name: &str| detect_format(Path::new(name));
        assert_eq!(read("zips.CSV"), Ok(TableFormat::Csv(CsvHeader::Unsaid)));
        assert_eq!(read("a.b/zips.json"), Ok(TableFormat::Json));
        for name in ["zips", "zips.txt", ".csv"] {
            assert!(read(name).unwrap_err().contains("use .csv or .json"), "{name}");
        }
    }
}
