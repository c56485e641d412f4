//! The cache of compiled code, tampered with while the host runs and while it does not; and the cache of loaded components.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hookmill_engine::{Digest, Engine, Limits, LoadedComponent, Stage};
use hookmill_tests::Forge;

use super::fixtures::{batch, load, run, session};

/// A component whose bytes differ by its number.
fn component(number: u32) -> Vec<u8> {
    Forge::new().item(&format!("(func (result i32) (i32.const {number}))")).component().unwrap()
}

/// What is done to a compiled file.
type Damage = fn(&Path);

fn restarted(directory: &Path) -> Engine {
    Engine::new(Limits::default(), directory).unwrap()
}

fn compiled(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return vec![] };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|ending| ending == "compiled")).collect();
    paths.sort();
    paths
}

async fn works(engine: &Engine, component: &Arc<LoadedComponent>) {
    let ends = run(&mut session(engine, component, None), Stage::Map, &batch("")).await;
    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
}

/// P2, P4: whatever was done to the directory while the host was down, what is not ours as it was is made again, and then found again.
#[tokio::test]
async fn a_file_that_is_not_as_it_was_is_made_again() {
    let damages: [(&str, Damage, u64); 9] = [
        ("changed in the middle", |file| change(file, |bytes| bytes[3_000] ^= 1), 1),
        ("changed in the tag", |file| change(file, |bytes| bytes[0] ^= 1), 1),
        ("cut", |file| change(file, |bytes| bytes.truncate(100)), 1),
        ("cut within the tag", |file| change(file, |bytes| bytes.truncate(10)), 1),
        ("emptied", |file| change(file, Vec::clear), 1),
        ("longer", |file| change(file, |bytes| bytes.extend([0; 4_096])), 1),
        ("of another version", |file| fs::rename(file, renamed(file)).unwrap(), 0),
        ("of another key", |file| change(&file.with_file_name("authentication.key"), |bytes| bytes.reverse()), 1),
        (
            "a directory",
            |file| {
                fs::remove_file(file).unwrap();
                fs::create_dir(file).unwrap();
            },
            0,
        ),
    ];
    for (name, damage, rejections) in damages {
        let directory = tempfile::tempdir().unwrap();
        load(&restarted(directory.path()), component(1)).await.unwrap();
        let [file] = &compiled(directory.path())[..] else { panic!("{name}: no file") };
        damage(file);
        let engine = restarted(directory.path());
        let loaded = load(&engine, component(1)).await.unwrap();
        works(&engine, &loaded).await;
        let stats = engine.stats();
        assert_eq!((stats.disk_rejections, stats.disk_hits, stats.compilations), (rejections, 0, 1), "{name}");
        let again = restarted(directory.path());
        load(&again, component(1)).await.unwrap();
        let hits = if name == "a directory" { 0 } else { 1 };
        assert_eq!(again.stats().disk_hits, hits, "{name}");
    }
}

fn change(file: &Path, damage: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    damage(&mut bytes);
    fs::write(file, bytes).unwrap();
}

/// The name that a host with another compiler would give.
fn renamed(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap().to_string_lossy();
    let (digest, _) = name.split_once('-').unwrap();
    file.with_file_name(format!("{digest}-0123456789abcdef.compiled"))
}

/// P4: a component's file under another's name would run one customer's code for another's leads.
#[tokio::test]
async fn files_that_changed_places_are_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let engine = restarted(directory.path());
    for number in [1, 2] {
        load(&engine, component(number)).await.unwrap();
    }
    let [one, two] = &compiled(directory.path())[..] else { panic!("two files") };
    let aside = directory.path().join("aside");
    fs::rename(one, &aside).unwrap();
    fs::rename(two, one).unwrap();
    fs::rename(&aside, two).unwrap();
    let engine = restarted(directory.path());
    for number in [1, 2] {
        assert_eq!(load(&engine, component(number)).await.unwrap().digest(), Digest::of(&component(number)));
    }
    let stats = engine.stats();
    assert_eq!((stats.disk_rejections, stats.disk_hits, stats.compilations), (2, 0, 2));
}

/// P4: the files, and the directory itself, can be deleted under a running host; it notices nothing but time.
#[tokio::test]
async fn the_directory_can_be_deleted_at_any_time() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("compiled");
    let engine = Engine::new(Limits { compiled_cache_bytes_max: 1, ..Limits::default() }, &home).unwrap();
    let held = load(&engine, component(1)).await.unwrap();
    for path in compiled(&home) {
        fs::remove_file(path).unwrap();
    }
    works(&engine, &held).await;
    load(&engine, component(2)).await.unwrap();
    fs::remove_dir_all(&home).unwrap();
    works(&engine, &held).await;
    works(&engine, &load(&engine, component(3)).await.unwrap()).await;
    assert_eq!(compiled(&home).len(), 1, "the directory is used again");
    // Where it can't be made again, everything is compiled again.
    fs::remove_dir_all(&home).unwrap();
    fs::write(&home, b"in the way").unwrap();
    works(&engine, &load(&engine, component(1)).await.unwrap()).await;
    works(&engine, &load(&engine, component(2)).await.unwrap()).await;
    assert_eq!((engine.stats().disk_hits, engine.stats().disk_rejections), (0, 0));
    fs::remove_file(&home).unwrap();
    let engine = restarted(&home);
    works(&engine, &load(&engine, component(1)).await.unwrap()).await;
}

/// P3: the directory is bounded in bytes, and the oldest goes first.
#[tokio::test]
async fn the_directory_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    load(&restarted(directory.path()), component(0)).await.unwrap();
    let one = fs::metadata(&compiled(directory.path())[0]).unwrap().len();
    let limits = Limits { compiled_disk_bytes_max: one * 3 + one / 2, ..Limits::default() };
    let engine = Engine::new(limits, directory.path()).unwrap();
    for number in 1..8 {
        load(&engine, component(number)).await.unwrap();
        assert!(compiled(directory.path()).len() <= 3, "after {number}");
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
    }
    let kept = compiled(directory.path());
    for number in 5..8 {
        let digest = Digest::of(&component(number)).to_string();
        assert!(kept.iter().any(|path| path.to_string_lossy().contains(&digest)), "{number} is kept");
    }
}

/// P3, P4: in memory, too, what was used the longest ago goes first; and what a session holds goes when the session does.
#[tokio::test]
async fn the_cache_in_memory_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let probe = restarted(directory.path());
    load(&probe, component(1)).await.unwrap();
    let one = fs::metadata(&compiled(directory.path())[0]).unwrap().len() as usize;
    let engine =
        Engine::new(Limits { compiled_cache_bytes_max: 2 * one, ..Limits::default() }, directory.path()).unwrap();
    let held = load(&engine, component(1)).await.unwrap();
    load(&engine, component(2)).await.unwrap();
    load(&engine, component(1)).await.unwrap();
    load(&engine, component(3)).await.unwrap();
    let (compiled, found) = (engine.stats().compilations, engine.stats().disk_hits);
    assert_eq!((compiled, found), (2, 1));
    // 1 was used after 2, so 2 went.
    load(&engine, component(1)).await.unwrap();
    assert_eq!(engine.stats().disk_hits, 1);
    load(&engine, component(2)).await.unwrap();
    assert_eq!(engine.stats().disk_hits, 2);
    // A hundred others later it is evicted from the cache, and runs where it is held.
    let weak = Arc::downgrade(&held);
    let mut session = session(&engine, &held, None);
    drop(held);
    for number in 4..20 {
        load(&engine, component(number)).await.unwrap();
    }
    let ends = run(&mut session, Stage::Map, &batch("")).await;
    assert!(ends.iter().all(Result::is_ok) && weak.upgrade().is_some());
    drop(session);
    assert!(weak.upgrade().is_none(), "nobody holds it any more");
}
