//! QuickJS in this process, by rquickjs: warm, and with a fresh context for each lead as isolation would want it.

use anyhow::{Result, anyhow};
use rquickjs::{Context, Function, Runtime};

use super::sample;
use super::table::Contender;

/// One context for all leads.
pub struct Warm(Context);

/// A context for each lead; the runtime stays.
pub struct Fresh(Runtime);

impl Warm {
    pub fn new() -> Result<Self> {
        let context = Context::full(&Runtime::new()?)?;
        context.with(|js| js.eval::<(), _>(sample::SCRIPT)).map_err(|error| anyhow!("{error}"))?;
        Ok(Self(context))
    }
}

impl Fresh {
    pub fn new() -> Result<Self> {
        Ok(Self(Runtime::new()?))
    }
}

impl Contender for Warm {
    fn name(&self) -> String {
        "QuickJS, warm".to_owned()
    }

    fn once(&mut self) -> Result<String> {
        call(&self.0)
    }

    fn many(&mut self, leads: usize) -> Result<usize> {
        self.0.with(|js| {
            let transform: Function<'_> = js.globals().get("transform")?;
            for _ in 0..leads {
                std::hint::black_box(transform.call::<_, String>((std::hint::black_box(sample::LEAD),))?);
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
        let context = Context::full(&self.0)?;
        context.with(|js| js.eval::<(), _>(sample::SCRIPT))?;
        call(&context)
    }

    fn many(&mut self, leads: usize) -> Result<usize> {
        for _ in 0..leads {
            std::hint::black_box(self.once()?);
        }
        Ok(leads)
    }
}

fn call(context: &Context) -> Result<String> {
    context.with(|js| {
        let transform: Function<'_> = js.globals().get("transform")?;
        Ok(transform.call((sample::LEAD,))?)
    })
}
