//! QuickJS in this process, by rquickjs: warm, and with a fresh context for each lead as isolation would want it.

use anyhow::{Result, anyhow};
use rquickjs::{Context, Function, Runtime};

use super::sample::Sample;
use super::table::Contender;

/// One context for all leads.
pub struct Warm {
    context: Context,
    input: &'static str,
}

/// A context for each lead; the runtime stays.
pub struct Fresh {
    runtime: Runtime,
    script: &'static str,
    input: &'static str,
}

impl Warm {
    pub fn new(sample: &Sample) -> Result<Self> {
        let context = Context::full(&Runtime::new()?)?;
        context.with(|js| js.eval::<(), _>(sample.script)).map_err(|error| anyhow!("{error}"))?;
        Ok(Self { context, input: sample.input })
    }
}

impl Fresh {
    pub fn new(sample: &Sample) -> Result<Self> {
        Ok(Self { runtime: Runtime::new()?, script: sample.script, input: sample.input })
    }
}

impl Contender for Warm {
    fn name(&self) -> String {
        "QuickJS, warm".to_owned()
    }

    fn once(&mut self) -> Result<String> {
        call(&self.context, self.input)
    }

    fn many(&mut self, leads: usize) -> Result<usize> {
        self.context.with(|js| {
            let transform: Function<'_> = js.globals().get("transform")?;
            for _ in 0..leads {
                std::hint::black_box(transform.call::<_, String>((std::hint::black_box(self.input),))?);
            }
            Ok(leads)
        })
    }
}

impl Contender for Fresh {
    fn name(&self) -> String {
        "QuickJS, fresh context each".to_owned()
    }

    fn once(&mut self) -> Result<String> {
        let context = Context::full(&self.runtime)?;
        context.with(|js| js.eval::<(), _>(self.script))?;
        call(&context, self.input)
    }

    fn many(&mut self, leads: usize) -> Result<usize> {
        for _ in 0..leads {
            std::hint::black_box(self.once()?);
        }
        Ok(leads)
    }
}

fn call(context: &Context, input: &str) -> Result<String> {
    context.with(|js| {
        let transform: Function<'_> = js.globals().get("transform")?;
        Ok(transform.call((input,))?)
    })
}
