//! jq in this process, by jaq: the filter is compiled once, each lead is read, filtered and written.

use anyhow::{Result, anyhow};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

use super::sample::Sample;
use super::table::Contender;

type Filter = jaq_core::compile::Filter<jaq_core::Native<data::JustLut<Val>>>;

/// A compiled filter.
pub struct Jq {
    filter: Filter,
    input: &'static str,
}

impl Jq {
    pub fn new(sample: &Sample) -> Result<Self> {
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let file = File { code: sample.filter, path: () };
        let modules = Loader::new(definitions).load(&arena, file).map_err(|errors| anyhow!("{errors:?}"))?;
        let compiler = jaq_core::Compiler::default().with_funs(functions);
        let filter = compiler.compile(modules).map_err(|errors| anyhow!("{errors:?}"))?;
        Ok(Self { filter, input: sample.input })
    }

    fn transform(&self) -> Result<String> {
        let lead =
            read::parse_single(std::hint::black_box(self.input).as_bytes()).map_err(|error| anyhow!("{error}"))?;
        let context = Ctx::<data::JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let made = self.filter.id.run((context, lead)).map(unwrap_valr).next();
        match made.ok_or_else(|| anyhow!("the filter makes nothing"))?.map_err(|error| anyhow!("{error}"))? {
            Val::TStr(text) | Val::BStr(text) => Ok(String::from_utf8(text.to_vec())?),
            made => Ok(made.to_string()),
        }
    }
}

impl Contender for Jq {
    fn name(&self) -> String {
        "jq (jaq), warm, no isolation".to_owned()
    }

    fn once(&mut self) -> Result<String> {
        self.transform()
    }

    fn many(&mut self, leads: usize) -> Result<usize> {
        for _ in 0..leads {
            std::hint::black_box(self.transform()?);
        }
        Ok(leads)
    }
}
