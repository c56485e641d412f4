#![allow(missing_docs, clippy::disallowed_methods)]
use hookmill_plugin_default::Declarative;
use hookmill_plugin_sdk::types::*;
use hookmill_plugin_sdk::{configuration, mapping, qualification, response, shaping};
use std::time::Instant;
#[allow(dead_code)]
#[path = "../tests/it/house.rs"]
mod house;
use house::*;

fn peak() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines().find(|l| l.starts_with("VmHWM")).unwrap().split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        / 1024
}
fn say(what: &str, began: Instant, more: String) {
    let cut: String = more.chars().take(230).collect();
    println!("  {what:10} {:8.1} ms  peak {:5} MB  {cut}", began.elapsed().as_secs_f64() * 1000.0, peak());
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let doc = std::fs::read_to_string(&a[1]).unwrap();
    let body = std::fs::read_to_string(&a[2]).unwrap();
    let trace = a.get(3).is_some_and(|t| t == "trace");
    let ctx = Context { trace, ..context() };
    let n = Instant::now();
    let compiled = match <Declarative as configuration::Guest>::compile(doc) {
        Ok(c) => {
            say("compile", n, format!("plan {}", c.plan.len()));
            c
        }
        Err(p) => {
            say("compile", n, format!("{} problems: {} {} {:?}", p.len(), p[0].code, p[0].message, p[0].suggestion));
            return;
        }
    };
    let n = Instant::now();
    <Declarative as configuration::Guest>::load(compiled.plan).unwrap();
    say("load", n, String::new());
    let n = Instant::now();
    let mapped = <Declarative as mapping::Guest>::map(ctx.clone(), vec![inbound(&body)]).remove(0);
    let lead = match &mapped {
        Ok(m) => {
            let first = m.leads.first();
            say(
                "map",
                n,
                format!(
                    "{} leads {} bytes, trace {} {}",
                    m.leads.len(),
                    m.leads.iter().flatten().map(|l| l.lead.len()).sum::<usize>(),
                    m.trace.as_ref().map_or(0, String::len),
                    match first {
                        Some(Err(f)) => format!("{} {}", f.code, f.message),
                        Some(Ok(l)) => format!("{:?}", l.notices.first().map(|n| (&n.code, &n.message))),
                        None => String::new(),
                    }
                ),
            );
            first.and_then(|l| l.as_ref().ok()).map(|l| l.lead.clone())
        }
        Err(f) => {
            say("map", n, format!("{} {}", f.code, f.message));
            None
        }
    };
    let lead = lead.filter(|l| l.len() < 2_000_000 && l.len() > 50).unwrap_or(body.clone());
    let n = Instant::now();
    match <Declarative as qualification::Guest>::qualify(ctx.clone(), Severity::Hard, vec![submission(&lead)]).remove(0)
    {
        Ok(v) => say(
            "qualify",
            n,
            format!(
                "{} failed {} bytes trace {}",
                v.failed.len(),
                v.failed.iter().map(|f| f.expected.len() + f.actual.as_ref().map_or(0, String::len)).sum::<usize>(),
                v.trace.as_ref().map_or(0, String::len)
            ),
        ),
        Err(f) => say("qualify", n, format!("{} {}", f.code, f.message)),
    }
    let n = Instant::now();
    match <Declarative as shaping::Guest>::shape(ctx.clone(), vec![to_client(submission(&lead))]).remove(0) {
        Ok(p) => say(
            "shape",
            n,
            format!(
                "{:?} bytes {} pairs trace {}",
                p.body.map(|b| b.len()),
                p.query.len(),
                p.trace.as_ref().map_or(0, String::len)
            ),
        ),
        Err(f) => say("shape", n, format!("{} {}", f.code, f.message)),
    }
    let n = Instant::now();
    match <Declarative as response::Guest>::interpret(
        ctx,
        vec![answer(200, if body.starts_with('<') { "text/xml" } else { "application/json" }, &body)],
    )
    .remove(0)
    {
        Ok(o) => say("interpret", n, format!("{:?}", o.map(|o| (o.kind, o.reason.map(|r| r.len()), o.price)))),
        Err(f) => say("interpret", n, format!("{} {}", f.code, f.message)),
    }
}
