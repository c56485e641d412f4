//! The binary `hookmill`.

use std::process::ExitCode;

fn main() -> ExitCode {
    hookmill::commands::main()
}
